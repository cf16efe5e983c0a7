"""Hints: what a newcomer should know about an accuracy."""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING, Any

from convnet._extras import install_command
from convnet.cli.report import number, percent, say
from convnet.layers.pretrained_wheels import EXTRA

if TYPE_CHECKING:
    from collections.abc import Iterable


FEW_PER_CLASS = 100  # photographs of a class, below which more of them help most
FEW_PRETRAINED = 10  # the same for a training that starts from the pretrained net
FEW_TO_TEST = 100  # images, below which an accuracy is a rough estimate
MIN_MEASURED = 20  # images, from which an accuracy is compared with the spread of guesses
Z = 1.96  # for intervals of 95 %
PRETRAINED = (
    "A training that starts from a net that knows the photographs of ImageNet is more accurate, most of all with few "
    "photographs. Install that net with: " + install_command(EXTRA)
)


def about_accuracy(found: dict[str, Any], noun: str) -> list[str]:
    """Return hints about a result of `scores.score`: whether it is at chance level, and how uncertain it is."""
    n, accuracy = found["n"], found["accuracy"]
    most = max(found["classes"], key=lambda one: one["n"])
    chance = most["n"] / n
    hints = []
    n_classes = sum(one["n"] > 0 for one in found["classes"])
    by_chance = chance + (Z * sqrt(chance * (1 - chance) / n) if n >= MIN_MEASURED else 0)
    if n_classes > 1 and accuracy <= by_chance:
        hints.append(
            f'This is hardly better than guessing: the answer "{most["name"]}" for every {noun} would be right in '
            f"{percent(chance)} of them. Train with more {noun}s or more --epochs, and check that the labels are right."
        )
    if n < FEW_TO_TEST:
        low, high = _interval(accuracy, n)
        hints.append(
            f"{number(n, noun)} {'is' if n == 1 else 'are'} few to test on: the accuracy on many new {noun}s may be "
            f"anywhere from {low:.0%} to {high:.0%}.".replace("%", " %")
        )
    return hints


def about_training_set(counts: Iterable[int], *, pretrained: bool) -> list[str]:
    """Return a hint if there are few photographs of a class to train on, given the numbers for the classes."""
    fewest, few = min(counts), FEW_PRETRAINED if pretrained else FEW_PER_CLASS
    if fewest >= few:
        return []
    return [
        f"{number(fewest, 'photograph')} of a class {'is' if fewest == 1 else 'are'} few to learn from. "
        f"More photographs improve the accuracy most; {few} or more of each class are a good start."
    ]


def tell(hints: Iterable[str]) -> None:
    """Print hints, a line each."""
    say(*(f"hint: {text}" for text in hints))


def _interval(share: float, n: int) -> tuple[float, float]:
    """Return Wilson's interval of 95 % for a share that was measured on n images."""
    center = (share + Z**2 / (2 * n)) / (1 + Z**2 / n)
    half = Z * sqrt(share * (1 - share) / n + Z**2 / (4 * n**2)) / (1 + Z**2 / n)
    return max(0.0, center - half), min(1.0, center + half)
