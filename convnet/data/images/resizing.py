"""An image of Pillow into the pixels of a `Form`: its part cut out, its size changed, turned as its EXIF says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from convnet.data.images._resample import resample
from convnet.data.images.modes import in_mode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from PIL import Image

    from convnet.data.images.form import Form, Interval


# JPEG files are decoded at 1/2, 1/4 or 1/8 where at least so many pixels a side are left for each one wanted. A
# reduced decoding is a frequency cut, not a mean over squares; averaged over 4×4 and more it is close to one.
DRAFT = 4
BAND = 2**22  # pixels that are taken out of Pillow's memory at a time
ORIENTATION = 0x0112  # EXIF tag
# EXIF orientation: whether axes change places, then whether rows and whether columns run backwards
TURNS = {
    1: (False, False, False),
    2: (False, False, True),
    3: (False, True, True),
    4: (False, True, False),
    5: (True, False, False),
    6: (True, False, True),
    7: (True, True, True),
    8: (True, True, False),
}


def place(image: Image.Image, form: Form, out: NDArray[np.uint8], *, draft: bool) -> None:
    """Write an image into an array.

    Parameters
    ----------
    image : PIL.Image.Image
        It is loaded.
    form : Form
        The form that it is brought into.
    out : uint8 of shape form.shape
        What is written.
    draft : bool
        Whether the image may be changed, a JPEG file being decoded at less than its size.
    """
    is_jpeg = image.format in ("JPEG", "MPO")
    if not is_jpeg:
        image.load()  # a TIFF file turns itself now
    swap, *backwards = TURNS[_orientation(image)]
    seen = image.size if swap else image.size[::-1]
    rows, columns = form.place(*seen)
    sides = rows.stop - rows.start, columns.stop - columns.start
    # the part to show and its sides in pixels of `out`, as the file stores them
    part = [
        (side - hi, side - lo) if back else (lo, hi)
        for (lo, hi), side, back in zip(form.part(*seen), seen, backwards, strict=True)
    ]
    part, sides = (part[::-1], sides[::-1]) if swap else (part, sides)
    if draft and is_jpeg:
        divisor = _draft(image, part, sides, form.mode)
        part = [(lo / divisor, hi / divisor) for lo, hi in part]
    shown = np.empty((*sides, form.channels), np.uint8)
    _resample_bands(in_mode(image, form.mode), part, shown)
    shown = shown.swapaxes(0, 1) if swap else shown
    out[...] = 0
    out[rows, columns] = shown[tuple(slice(None, None, -1 if back else 1) for back in backwards)]


def _draft(image: Image.Image, part: Sequence[Interval], sides: Sequence[int], mode: str) -> int:
    """Have a JPEG file decoded at 1/8, 1/4, 1/2 or 1/1 of its sides; return the divisor."""
    spare = min((hi - lo) / side for (lo, hi), side in zip(part, sides, strict=True)) / DRAFT
    divisor = next(d for d in (8, 4, 2, 1) if d <= max(1, spare))
    width, height = image.size
    wanted = max(1, width // divisor), max(1, height // divisor)
    return divisor if image.draft(mode, wanted) else 1


def _resample_bands(
    picture: Image.Image, part: Sequence[Interval], shown: NDArray[np.uint8]
) -> None:
    """Resample part of a picture, as many rows at a time as need about `BAND` of its pixels."""
    (top, bottom), across = part
    n, step = len(shown), (bottom - top) / len(shown)
    at_once = max(1, int(BAND / picture.width / step))
    for begin in range(0, n, at_once):
        end = min(begin + at_once, n)
        y0, y1 = top + begin * step, min(top + end * step, picture.height)
        first, last = 0, picture.height
        if (
            at_once < n
        ):  # with a row more on either side, since what grows is mixed with its neighbours
            first, last = max(0, int(y0) - 1), min(last, int(y1) + 2)
        whole = last - first == picture.height
        pixels = np.asarray(picture if whole else picture.crop((0, first, picture.width, last)))
        pixels = pixels if pixels.ndim == 3 else pixels[..., None]
        resample(pixels, (y0 - first, y1 - first), across, shown[begin:end])


def _orientation(image: Image.Image) -> int:
    try:
        value = image.getexif().get(ORIENTATION, 1)
    except Exception:  # a damaged note about a picture is no reason to leave the picture out
        value = 1
    return value if value in TURNS else 1
