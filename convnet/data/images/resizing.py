"""Resizing of a Pillow image to an `ImageForm`: crop, resample, and apply the EXIF orientation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from convnet.data.images._resample import resample
from convnet.data.images.modes import convert_mode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from PIL import Image

    from convnet.data.images.form import ImageForm, Interval


# JPEG files are decoded at 1/2, 1/4 or 1/8 of their size if that leaves at least this many pixels per output pixel
# along each side. Decoding at a reduced size applies a low-pass filter instead of averaging squares of pixels. The mean
# of at least 4×4 reduced pixels is close to the mean of the original pixels.
DRAFT_FACTOR = 4
BAND_PIXELS = 2**22  # pixels that are copied from Pillow at a time
ORIENTATION = 0x0112  # EXIF tag
# EXIF orientation: whether the axes are swapped, whether rows are reversed, whether columns are reversed
ORIENTATIONS = {
    1: (False, False, False),
    2: (False, False, True),
    3: (False, True, True),
    4: (False, True, False),
    5: (True, False, False),
    6: (True, False, True),
    7: (True, True, True),
    8: (True, True, False),
}


def write_resized(
    image: Image.Image, form: ImageForm, out: NDArray[np.uint8], *, draft: bool
) -> None:
    """Write an image into an array, resized to a form.

    Parameters
    ----------
    image : PIL.Image.Image
        Its pixels are loaded if they are not yet.
    form : ImageForm
        Size, channels and fit of the result.
    out : uint8 of shape form.shape
        Receives the pixels.
    draft : bool
        Whether a JPEG image may be decoded at a reduced size. This changes `image`.
    """
    is_jpeg = image.format in ("JPEG", "MPO")
    if not is_jpeg:
        image.load()  # Pillow applies the orientation of a TIFF file now
    swap, *is_reversed = ORIENTATIONS[_orientation(image)]
    upright = image.size if swap else image.size[::-1]
    rows, columns = form.target_region(*upright)
    sides = rows.stop - rows.start, columns.stop - columns.start
    # the region to show, and its size in pixels of `out`, along the axes of the file
    region = [
        (side - hi, side - lo) if back else (lo, hi)
        for (lo, hi), side, back in zip(
            form.source_region(*upright), upright, is_reversed, strict=True
        )
    ]
    region, sides = (region[::-1], sides[::-1]) if swap else (region, sides)
    if draft and is_jpeg:
        divisor = _draft(image, region, sides, form.mode)
        region = [(lo / divisor, hi / divisor) for lo, hi in region]
    shown = np.empty((*sides, form.channels), np.uint8)
    _resample_bands(convert_mode(image, form.mode), region, shown)
    shown = shown.swapaxes(0, 1) if swap else shown
    out[...] = 0
    out[rows, columns] = shown[tuple(slice(None, None, -1 if back else 1) for back in is_reversed)]


def _draft(image: Image.Image, region: Sequence[Interval], sides: Sequence[int], mode: str) -> int:
    """Let Pillow decode a JPEG file at 1/8, 1/4, 1/2 or all of its size; return the divisor."""
    spare = (
        min((hi - lo) / side for (lo, hi), side in zip(region, sides, strict=True)) / DRAFT_FACTOR
    )
    divisor = next(d for d in (8, 4, 2, 1) if d <= max(1, spare))
    width, height = image.size
    wanted = max(1, width // divisor), max(1, height // divisor)
    return divisor if image.draft(mode, wanted) else 1


def _resample_bands(
    image: Image.Image, region: Sequence[Interval], shown: NDArray[np.uint8]
) -> None:
    """Resample a region of an image in bands of rows. Each band reads about `BAND_PIXELS` pixels of the image."""
    (top, bottom), across = region
    n, step = len(shown), (bottom - top) / len(shown)
    at_once = max(1, int(BAND_PIXELS / image.width / step))
    for begin in range(0, n, at_once):
        end = min(begin + at_once, n)
        y0, y1 = top + begin * step, min(top + end * step, image.height)
        first, last = 0, image.height
        if at_once < n:  # one more row on either side, for linear interpolation
            first, last = max(0, int(y0) - 1), min(last, int(y1) + 2)
        whole = last - first == image.height
        pixels = np.asarray(image if whole else image.crop((0, first, image.width, last)))
        pixels = pixels if pixels.ndim == 3 else pixels[..., None]
        resample(pixels, (y0 - first, y1 - first), across, shown[begin:end])


def _orientation(image: Image.Image) -> int:
    try:
        value = image.getexif().get(ORIENTATION, 1)
    except Exception:  # damaged metadata is not a reason to skip the image
        value = 1
    return value if value in ORIENTATIONS else 1
