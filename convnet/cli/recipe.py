"""Recipes: the layers and training parameters that ``convnet train`` uses by default."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from convnet.augment import RandomFlip, RandomRotation, RandomTranslation, RandomZoom
from convnet.layers import as_layers
from convnet.schedules import OneCycle

if TYPE_CHECKING:
    from collections.abc import Sequence

    from convnet.training.optimization import LearningRate
    from convnet.values.spec import Spec


DIGITS: list[dict[str, Any]] = [
    {"type": "Conv2D", "filters": 32, "kernel_size": 3, "padding": "same"},
    {"type": "BatchNorm"},
    {"type": "ReLU"},
    {"type": "MaxPool2D"},
    {"type": "Conv2D", "filters": 64, "kernel_size": 3, "padding": "same"},
    {"type": "BatchNorm"},
    {"type": "ReLU"},
    {"type": "Dropout", "rate": 0.25},
    {"type": "Dense", "units": 64, "activation": "relu"},
    {"type": "Dropout", "rate": 0.25},
]
PHOTOGRAPHS = "catdog"
HALVED = 80  # pixels of the shorter side from which the first layer of that, which halves, is kept
SMALLEST = 16  # below which its three pools leave too little
ALTERED = (RandomFlip(), RandomRotation(15), RandomTranslation(0.1), RandomZoom(0.2))
SHOWN = 40_000  # images that a training shows, those that are shown again counted
EPOCHS = (20, 200)  # at least and at most


class Recipe(NamedTuple):
    """Parameters of the classifier."""

    layers: Spec
    augment: Spec | None
    learning_rate: LearningRate
    learning_rate_init: float
    max_iter: int
    n_iter_no_change: int


def for_arrays(source: str) -> Recipe:
    """Return the recipe for arrays: nothing is known of them, so nothing is altered."""
    layers: Spec = DIGITS if source == "digits" else "auto"
    return Recipe(layers, None, "cosine", 1e-3, 20, 10)


def for_photographs(n: int, size: Sequence[int]) -> Recipe:
    """Return the recipe for photographs.

    Parameters
    ----------
    n : int
        How many there are: of few, each is shown more often, 40 times where they are a thousand.
    size : (int, int)
        Height and width.
    """
    layers: Spec = PHOTOGRAPHS
    if min(size) < HALVED:
        layers = list(as_layers(PHOTOGRAPHS)[1:])
    if min(size) < SMALLEST:
        layers = "auto"
    epochs = min(max(SHOWN // n, EPOCHS[0]), EPOCHS[1])
    # the rate rises and falls in one cycle, which is run to its end
    return Recipe(layers, list(ALTERED), OneCycle(), 3e-3, epochs, epochs)
