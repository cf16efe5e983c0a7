"""One file into one row: uint8 (h, w, c), whatever the file's size, orientation and kind of pixels."""

import os
from contextlib import contextmanager

from convnet.data.errors import UnreadableError
from convnet.data.pillow import plugins
from convnet.data.placing import place


def decode(file, form, out):
    """Write the picture of a file into an array.

    Parameters
    ----------
    file : str, path or binary file
        What holds the picture.
    form : Form
        The form that it is brought into.
    out : uint8 of shape form.shape
        What is written.

    Raises
    ------
    UnreadableError
        There is no picture, or not all of it; says why.
    """
    with opened_image(file) as (_, image):
        place(image, form, out, draft=True)


@contextmanager
def opened_image(file):
    """Yield the open file and its image with the header read; what fails inside becomes an `UnreadableError`."""
    from PIL import Image

    is_path = isinstance(file, str | bytes | os.PathLike)
    try:
        with open(file, "rb") if is_path else _left_open(file) as source:
            try:
                with Image.open(source, formats=plugins()) as image:
                    _check_size(image)
                    yield source, image
            except (Image.DecompressionBombError, Image.DecompressionBombWarning):
                raise UnreadableError(f"has more than {_most()}") from None
            except Image.UnidentifiedImageError:
                empty = not source.seek(0, os.SEEK_END)
                raise UnreadableError(
                    "is empty" if empty else "is no image that Pillow can read"
                ) from None
    except (UnreadableError, MemoryError):
        raise
    except Exception as error:  # a decoder may raise anything when it meets damaged data
        raise UnreadableError(_reason(error)) from error


@contextmanager
def _left_open(file):
    yield file


def _reason(error):
    if isinstance(error, OSError) and error.strerror:
        return f"cannot be read: {error.strerror}"
    kind = "" if isinstance(error, OSError) else f"{type(error).__name__}: "
    return f"is damaged: {kind}{error}".rstrip(". ")


def _check_size(image):
    from PIL import Image

    width, height = image.size
    most = Image.MAX_IMAGE_PIXELS
    if most is not None and width * height > most:
        raise UnreadableError(f"has {width} × {height} pixels, more than {_most()}")


def _most():
    from PIL import Image

    return f"the {Image.MAX_IMAGE_PIXELS} that PIL.Image.MAX_IMAGE_PIXELS allows"
