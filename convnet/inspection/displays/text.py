"""Texts in pictures: fitted to their space, names, predictions and probabilities."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

from convnet.values.messages import printable, show

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


SIZES = (9, 8, 7, 6)  # points, from the preferred size to the smallest readable one
GLYPH = 0.58  # width of a character of the default font, relative to its size
LEADING = 1.25  # height of a line, relative to the font size
MAX_LINES = 2  # of a wrapped title
MAX_ONE_LINE = 13  # characters of a line that fits above a small image
POINTS = 72  # per inch
VERBATIM: dict[str, Any] = {"parse_math": False}  # for labels and names: "$" starts no formula


def fitted(texts: Iterable[str], width: float) -> tuple[list[str], int]:
    """Return texts that fit a width, and their font size.

    Parameters
    ----------
    texts : iterable of str
        Texts of one or more lines. Characters that cannot be drawn become escapes.
    width : float
        Width in inches.

    Returns
    -------
    texts : list of str
        In the largest font in which the longest line fits. In the smallest font, lines that are too long are wrapped
        into at most `MAX_LINES` and cut off with "…" if that is not enough.
    size : int
        Font size in points.
    """
    texts = [printable(text, keep="\n") for text in texts]
    longest = max((len(line) for text in texts for line in text.split("\n")), default=0)
    for size in SIZES:
        room = max(3, int(width * POINTS / (GLYPH * size)))
        if longest <= room:
            return texts, size
    return ["\n".join(map(_wrapper(room), text.split("\n"))) for text in texts], size


def wrapped(text: str, width: float, size: int) -> str:
    """Return a text wrapped to a width in inches, for a font size in points."""
    room, text = max(10, int(width * POINTS / (GLYPH * size))), printable(text, keep="\n")
    return "\n".join(textwrap.fill(line, room) for line in text.split("\n"))


def _wrapper(room: int) -> Callable[[str], str]:
    wrapper = textwrap.TextWrapper(room, max_lines=MAX_LINES, placeholder="…")
    return lambda line: line if len(line) <= room else _wrapped(wrapper, line, room)


def _wrapped(wrapper: textwrap.TextWrapper, line: str, room: int) -> str:
    lines = wrapper.wrap(line.replace("_", "_ ")) or [""]
    lines = [part.replace("_ ", "_") for part in lines]
    return "\n".join(part if len(part) <= room else part[: room - 1] + "…" for part in lines)


def height(texts: Iterable[str], size: int) -> float:
    """Return the height of the tallest text in inches, 0 if there is none."""
    lines = max((text.count("\n") + 1 for text in texts if text), default=0)
    return lines * LEADING * size / POINTS


def name_list(what: str, names: Any) -> list[str]:
    """Return one name or several as a list; ValueError, which calls them `what`, if there is none."""
    try:
        several = [names] if isinstance(names, str) else list(names)
    except TypeError:
        several = []
    if not several:
        raise ValueError(f"{what} must be a name or a list of names; got {show(names)}.")
    return several


def true_predicted(true: object, predicted: object) -> str:
    """Return "true → predicted", in one line or, for long names, in two."""
    first, second = printable(true), printable(predicted)
    line = f"{first} → {second}"
    return line if len(line) <= MAX_ONE_LINE else f"{first}\n→ {second}"


def percent(p: float) -> str:
    """Return a probability as text; only exact values are shown as 0% and 100%."""
    if 0.995 <= p < 1:
        return ">99%"
    return "<1%" if 0 < p < 0.005 else f"{p:.0%}"
