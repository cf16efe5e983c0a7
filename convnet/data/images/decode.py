"""One file into one row: uint8 (h, w, c), whatever the file's size, orientation and kind of pixels."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

from convnet.data.errors import UnreadableError
from convnet.data.images.pillow import plugins
from convnet.data.images.resizing import place

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image

    from convnet.data.images.form import Form


def decode(
    file: str | bytes | os.PathLike[str] | IO[bytes], form: Form, out: NDArray[np.uint8]
) -> None:
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
def opened_image(
    file: str | bytes | os.PathLike[str] | IO[bytes],
) -> Iterator[tuple[IO[bytes], Image.Image]]:
    """Yield the open file and its image with the header read; what fails inside becomes an `UnreadableError`."""
    from PIL import Image

    try:
        with _opened(file) as source:
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
def _opened(file: str | bytes | os.PathLike[str] | IO[bytes]) -> Iterator[IO[bytes]]:
    """Open a path; what is open already is left open."""
    if not isinstance(file, str | bytes | os.PathLike):
        yield file
        return
    with open(file, "rb") as source:
        yield source


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"cannot be read: {error.strerror}"
    kind = "" if isinstance(error, OSError) else f"{type(error).__name__}: "
    return f"is damaged: {kind}{error}".rstrip(". ")


def _check_size(image: Image.Image) -> None:
    from PIL import Image

    width, height = image.size
    most = Image.MAX_IMAGE_PIXELS
    if most is not None and width * height > most:
        raise UnreadableError(f"has {width} × {height} pixels, more than {_most()}")


def _most() -> str:
    from PIL import Image

    return f"the {Image.MAX_IMAGE_PIXELS} that PIL.Image.MAX_IMAGE_PIXELS allows"
