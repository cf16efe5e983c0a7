"""The form that pictures of all sizes are brought into."""

from __future__ import annotations

from numbers import Integral
from typing import Any, NamedTuple

Interval = tuple[float, float]  # from and to, in pixels

FITS = ("crop", "pad", "stretch")
CHANNELS = (1, 3)
MOST_PIXELS = 2**26  # of a side times the other: a row of 200 MB is no training example


class Form(NamedTuple):
    """Size, channels and how a picture of another shape is fitted to it."""

    height: int
    width: int
    channels: int
    fit: str

    @property
    def shape(self) -> tuple[int, int, int]:
        """(h, w, c)."""
        return self.height, self.width, self.channels

    @property
    def mode(self) -> str:
        """Pillow's name of the channels."""
        return "L" if self.channels == 1 else "RGB"

    def as_dict(self) -> dict[str, Any]:
        """Return the arguments of `check_form`."""
        return {"size": (self.height, self.width), "channels": self.channels, "fit": self.fit}

    def part(self, height: int, width: int) -> tuple[Interval, Interval]:
        """Return the part of a picture that is shown: ((y0, y1), (x0, x1)) in pixels.

        "crop" takes the middle: the largest part with the form's proportions. It begins at a whole pixel; of what is
        cut off the odd pixel is last.
        """
        if self.fit != "crop":
            return (0.0, float(height)), (0.0, float(width))
        y = min(float(height), width * self.height / self.width)
        x = min(float(width), height * self.width / self.height)
        top, left = int((height - y) / 2), int((width - x) / 2)
        return (float(top), top + y), (float(left), left + x)

    def place(self, height: int, width: int) -> tuple[slice, slice]:
        """Return where in the form it is shown: (rows, columns) as slices.

        "pad" leaves margins on two sides, the odd pixel last.
        """
        if self.fit != "pad":
            return slice(0, self.height), slice(0, self.width)
        scale = min(self.height / height, self.width / width)
        sides: list[slice] = []
        for side, most in ((height, self.height), (width, self.width)):
            inner = min(most, max(1, round(side * scale)))
            begin = (most - inner) // 2
            sides.append(slice(begin, begin + inner))
        return sides[0], sides[1]


def check_form(who: str, size: Any, channels: Any, fit: object, *, name: str = "fit") -> Form:
    """Return the `Form`; raise ValueError or TypeError, naming `who` and the parameter, where there is none."""
    sides: tuple[Any, ...]
    try:
        sides = (size, size) if _is_integer(size) else tuple(size)
    except TypeError:
        sides = ()
    if len(sides) != 2 or not all(map(_is_integer, sides)):
        raise TypeError(
            f"{who}: size must be (height, width) in pixels, or one integer for both; got {size!r}."
        )
    if min(sides) < 1 or sides[0] * sides[1] > MOST_PIXELS:
        raise ValueError(
            f"{who}: size must be 1 × 1 or more, and not above {MOST_PIXELS} pixels; got {size!r}."
        )
    if isinstance(channels, bool) or channels not in CHANNELS:
        raise ValueError(f"{who}: channels must be 3 (colour) or 1 (grey); got {channels!r}.")
    if fit not in FITS:
        raise ValueError(f'{who}: {name} must be "crop", "pad" or "stretch"; got {fit!r}.')
    return Form(int(sides[0]), int(sides[1]), int(channels), str(fit))


def _is_integer(value: object) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)
