"""An image of Pillow into the pixels of a `Form`: turned as its EXIF says, its part cut out, its size changed."""

import numpy as np

from convnet.data._resample import resample
from convnet.data.modes import in_mode

# JPEG files are decoded at 1/2, 1/4 or 1/8 where at least so many pixels a side are left for each one wanted. A
# reduced decoding is a frequency cut, not a mean over squares; averaged over 4×4 and more it is close to one.
DRAFT = 4
LARGE = (
    2**22
)  # pixels above which other files are first shrunk by a whole number, which takes less memory
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


def place(image, form, out, *, draft):
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
    swap, upside_down, mirrored = TURNS[_orientation(image)]
    height, width = image.size if swap else image.size[::-1]
    part, inside = form.part(height, width), form.place(height, width)
    spare = int(_shrinking(part, inside) / DRAFT)
    shrunk = _draft(image, spare, form.mode) if draft and is_jpeg else 1
    picture = in_mode(image, form.mode)
    if height * width > LARGE and spare > 1 and not is_jpeg:
        shrunk, picture = spare, picture.reduce(spare)
    pixels = np.asarray(picture)
    pixels = pixels if pixels.ndim == 3 else pixels[..., None]
    pixels = pixels.swapaxes(0, 1) if swap else pixels
    pixels = pixels[:: -1 if upside_down else 1, :: -1 if mirrored else 1]
    intervals = [
        _shrink(interval, shrunk, side, held, backwards)
        for interval, side, held, backwards in zip(
            part, (height, width), pixels.shape, (upside_down, mirrored), strict=False
        )
    ]
    pixels = np.ascontiguousarray(pixels)
    if out[inside].shape == out.shape:
        resample(pixels, *intervals, out)
    else:
        out[...] = 0
        shown = np.empty_like(out[inside], order="C")
        resample(pixels, *intervals, shown)
        out[inside] = shown


def _shrinking(part, inside):
    """Return how many pixels become one, on the axis where they are fewest."""
    return min(
        (hi - lo) / (place.stop - place.start) for (lo, hi), place in zip(part, inside, strict=True)
    )


def _draft(image, spare, mode):
    """Have a JPEG file decoded at 1/8, 1/4, 1/2 or 1/1 of its sides; return the divisor."""
    divisor = next(d for d in (8, 4, 2, 1) if d <= max(1, spare))
    width, height = image.size
    wanted = max(1, width // divisor), max(1, height // divisor)
    return divisor if image.draft(mode, wanted) else 1


def _shrink(interval, shrunk, side, held, backwards):
    """Return an interval of a side in the pixels of the shrunk image.

    Its last pixel, or its first where the axis runs backwards, may stand for less than the others.
    """
    begin = held - side / shrunk if backwards else 0.0
    lo, hi = (begin + end / shrunk for end in interval)
    return max(0.0, lo), min(float(held), hi)


def _orientation(image):
    try:
        value = image.getexif().get(ORIENTATION, 1)
    except Exception:  # a damaged note about a picture is no reason to leave the picture out
        value = 1
    return value if value in TURNS else 1
