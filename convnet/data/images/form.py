"""ImageForm: the size, channels and fit to which every image is brought."""

from __future__ import annotations

from numbers import Integral
from typing import Any, NamedTuple

from convnet.values.messages import show

Interval = tuple[float, float]  # begin and end, in pixels

FITS = ("crop", "pad", "stretch")
CHANNELS = (1, 3)
MAX_PIXELS = 2**26  # height times width; an image of 200 MB is not a useful training example


class ImageForm(NamedTuple):
    """Height, width and channels of images, and how images of other proportions are fitted."""

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
        """Pillow's mode: "L" or "RGB"."""
        return "L" if self.channels == 1 else "RGB"

    def as_dict(self) -> dict[str, Any]:
        """Return the keyword arguments of `check_form`."""
        return {"size": (self.height, self.width), "channels": self.channels, "fit": self.fit}

    def source_region(self, height: int, width: int) -> tuple[Interval, Interval]:
        """Return the region of an image of this size that is shown: ((y0, y1), (x0, x1)) in pixels.

        "crop" shows the largest centered region with the proportions of the form. The region begins at a whole pixel;
        an odd number of cropped pixels leaves the larger margin at the end.
        """
        if self.fit != "crop":
            return (0.0, float(height)), (0.0, float(width))
        y = min(float(height), width * self.height / self.width)
        x = min(float(width), height * self.width / self.height)
        top, left = int((height - y) / 2), int((width - x) / 2)
        return (float(top), top + y), (float(left), left + x)

    def target_region(self, height: int, width: int) -> tuple[slice, slice]:
        """Return where an image of this size is written: slices of rows and of columns.

        "pad" leaves margins on two sides; an odd number of pixels leaves the larger margin at the end.
        """
        if self.fit != "pad":
            return slice(0, self.height), slice(0, self.width)
        scale = min(self.height / height, self.width / width)
        sides: list[slice] = []
        for side, limit in ((height, self.height), (width, self.width)):
            inner = min(limit, max(1, round(side * scale)))
            begin = (limit - inner) // 2
            sides.append(slice(begin, begin + inner))
        return sides[0], sides[1]


def check_form(who: str, size: Any, channels: Any, fit: object, *, name: str = "fit") -> ImageForm:
    """Return an `ImageForm`, or raise ValueError or TypeError that names `who` and the parameter."""
    sides: tuple[Any, ...]
    try:
        sides = (size, size) if _is_integer(size) else tuple(size)
    except TypeError:
        sides = ()
    if len(sides) != 2 or not all(map(_is_integer, sides)):
        raise TypeError(
            f"{who}: size must be (height, width) in pixels, or one integer for both; got {show(size)}."
        )
    if min(sides) < 1 or sides[0] * sides[1] > MAX_PIXELS:
        raise ValueError(
            f"{who}: size must have sides of at least 1 and at most {MAX_PIXELS:,} pixels; got {show(size)}."
        )
    if isinstance(channels, bool) or channels not in CHANNELS:
        raise ValueError(f"{who}: channels must be 3 (color) or 1 (gray); got {show(channels)}.")
    if fit not in FITS:
        raise ValueError(f'{who}: {name} must be "crop", "pad" or "stretch"; got {show(fit)}.')
    return ImageForm(int(sides[0]), int(sides[1]), int(channels), str(fit))


def _is_integer(value: object) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)
