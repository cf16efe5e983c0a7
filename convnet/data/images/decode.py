"""Decoding of one image file, of any size, orientation and kind of pixels, to a uint8 array (h, w, c)."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

from convnet.data.errors import UnreadableError
from convnet.data.images.pillow import HEADER, readable_formats, why_unidentified
from convnet.data.images.resizing import write_resized

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image

    from convnet.data.images.form import ImageForm


def decode(
    file: str | bytes | os.PathLike[str] | IO[bytes], form: ImageForm, out: NDArray[np.uint8]
) -> None:
    """Decode an image file into an array.

    Parameters
    ----------
    file : str, path or binary file
        The image file.
    form : ImageForm
        Size, channels and fit of the result.
    out : uint8 of shape form.shape
        Receives the pixels.

    Raises
    ------
    UnreadableError
        The file has no complete image; the message says why.
    """
    with opened_image(file) as (_, image):
        write_resized(image, form, out, draft=True)


@contextmanager
def opened_image(
    file: str | bytes | os.PathLike[str] | IO[bytes],
) -> Iterator[tuple[IO[bytes], Image.Image]]:
    """Yield the open file and its image, whose header is read; errors in the block become `UnreadableError`."""
    from PIL import Image

    try:
        with _opened(file) as source:
            try:
                with Image.open(source, formats=readable_formats()) as image:
                    _check_size(image)
                    yield source, image
            except (Image.DecompressionBombError, Image.DecompressionBombWarning):
                raise UnreadableError(f"has more than {_limit()}") from None
            except Image.UnidentifiedImageError:
                source.seek(0)
                raise UnreadableError(why_unidentified(source.read(HEADER))) from None
    except (UnreadableError, MemoryError):
        raise
    except Exception as error:  # decoders raise exceptions of any class for damaged data
        raise UnreadableError(_reason(error)) from error


@contextmanager
def _opened(file: str | bytes | os.PathLike[str] | IO[bytes]) -> Iterator[IO[bytes]]:
    """Open a path. A file that is already open is left open."""
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
    limit = Image.MAX_IMAGE_PIXELS
    if limit is not None and width * height > limit:
        raise UnreadableError(f"has {width} × {height} pixels, more than {_limit()}")


def _limit() -> str:
    from PIL import Image

    return f"the limit PIL.Image.MAX_IMAGE_PIXELS = {Image.MAX_IMAGE_PIXELS}"
