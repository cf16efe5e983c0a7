"""Conversion of any kind of pixels to 8-bit gray or RGB."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np

from convnet.data.errors import UnreadableError

if TYPE_CHECKING:
    from PIL import Image


MAX_NARROW_BITS = 13  # bits of values that are nearly black among 16 bits
SIXTEEN_BITS = ("PNG", "PPM")  # formats in which mode "I" means values from 0 to 65535


def convert_mode(image: Image.Image, mode: str) -> Image.Image:
    """Convert an image to mode "L" or "RGB".

    Transparent pixels are composited on white. 16-bit values keep their upper 8 bits, as in Pillow's own conversion of
    colors. Gray is 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601); CMYK becomes RGB without a color profile.

    Raises
    ------
    UnreadableError
        As for `check_mode`.
    """
    check_mode(image)
    if image.mode.startswith("I"):
        return _eight_bits(image).convert(mode)
    if image.has_transparency_data:
        return _on_white(image).convert(mode)
    return image if image.mode == mode else image.convert(mode)


def check_mode(image: Image.Image) -> None:
    """Raise `UnreadableError` if the range of the pixels is not known: 32-bit integers or floats."""
    if image.mode == "F" or (image.mode == "I" and image.format not in SIXTEEN_BITS):
        raise UnreadableError("has 32-bit pixels, whose range is not known: save it with 8 bits")


def _eight_bits(image: Image.Image) -> Image.Image:
    from PIL import Image

    values = np.asarray(image)
    bits = int(values.max(initial=0)).bit_length()
    if 0 < bits <= MAX_NARROW_BITS:
        warnings.warn(
            f"An image with 16 bits has values up to {values.max()}, which seem to have {bits} bits. Of 16 bits the "
            f"upper 8 are kept, so {2 ** max(0, bits - 8)} levels are left. Save such images with 8 bits, or read them "
            f"yourself and pass uint16 arrays with rescale=1/{2**bits - 1}.",
            UserWarning,
            stacklevel=2,
        )
    upper = (np.clip(values, 0, 2**16 - 1) >> 8).astype(np.uint8)
    if "transparency" in image.info:
        upper[values == image.info["transparency"]] = 255
    return Image.fromarray(upper)


def _on_white(image: Image.Image) -> Image.Image:
    from PIL import Image

    white = Image.new("RGBA", image.size, (255, 255, 255, 255))
    return Image.alpha_composite(white, image.convert("RGBA"))
