"""Text that fits its place."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


SIZES = (9, 8, 7, 6)  # points, from the nicest to the smallest that is readable
GLYPH = 0.58  # width of a character of the default font, of its size
LEADING = 1.25  # height of a line, of the font's size
MOST_LINES = 2  # that a title is wrapped into
POINTS = 72  # an inch
VERBATIM: dict[str, Any] = {
    "parse_math": False
}  # of labels and names: "$" is a dollar and begins no formula


def fitted(texts: Iterable[str], width: float) -> tuple[list[str], int]:
    """Return texts that fit a width, and the size of their font.

    Parameters
    ----------
    texts : list of str
        A line each, or several.
    width : float
        In inches.

    Returns
    -------
    texts : list of str
        In the largest font in which the longest line fits; in the smallest, lines that are longer than the width are
        wrapped into `MOST_LINES`, and cut off where that is too little, "…" at the end.
    size : int
        Of the font, in points.
    """
    longest = max((len(line) for text in texts for line in text.split("\n")), default=0)
    for size in SIZES:
        room = max(3, int(width * POINTS / (GLYPH * size)))
        if longest <= room:
            return list(texts), size
    return ["\n".join(map(_wrapper(room), text.split("\n"))) for text in texts], size


def wrapped(text: str, width: float, size: int) -> str:
    """Return a text in lines that fit a width in inches, in a font of so many points."""
    room = max(10, int(width * POINTS / (GLYPH * size)))
    return "\n".join(textwrap.fill(line, room) for line in text.split("\n"))


def _wrapper(room: int) -> Callable[[str], str]:
    wrapper = textwrap.TextWrapper(room, max_lines=MOST_LINES, placeholder="…")
    return lambda line: line if len(line) <= room else _wrapped(wrapper, line, room)


def _wrapped(wrapper: textwrap.TextWrapper, line: str, room: int) -> str:
    lines = wrapper.wrap(line.replace("_", "_ ")) or [""]
    lines = [part.replace("_ ", "_") for part in lines]
    return "\n".join(part if len(part) <= room else part[: room - 1] + "…" for part in lines)


def height(texts: Iterable[str], size: int) -> float:
    """Return the height of the highest of some texts, in inches; 0 of none."""
    lines = max((text.count("\n") + 1 for text in texts if text), default=0)
    return lines * LEADING * size / POINTS
