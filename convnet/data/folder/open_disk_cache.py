"""The disk cache of a folder of images: found by its name, built if it is missing or out of date.

The file name is a digest of everything that the decoded images depend on: names, sizes and times of the image files,
size, channels and fit, and versions of the decoders. The file is written beside its place and moved there when it is
complete, so processes that build it at the same time do no harm: the last one's file stays, and all are the same.
"""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np

from convnet.data.errors import report_skipped
from convnet.data.folder.disk_cache import DiskCache, write_disk_cache
from convnet.data.folder.source import ImageSource
from convnet.data.images.pillow import decoder_versions
from convnet.values.messages import quoted, show

if TYPE_CHECKING:
    from convnet.data.errors import Skipped
    from convnet.data.folder.listing import Listing
    from convnet.data.images.form import ImageForm
    from convnet.data.parallel import Tick


FORMAT = 1
EXTENSION = ".rows"


def open_disk_cache(
    cache_dir: str | os.PathLike[str],
    listing: Listing,
    form: ImageForm,
    *,
    n_jobs: int | None,
    on_error: str,
    tick: Tick | None,
) -> tuple[DiskCache, dict[int, Skipped]]:
    """Open the disk cache of a folder, or build it.

    Parameters
    ----------
    cache_dir : str or path
        Folder of the cache file. It is created if it does not exist.
    listing : Listing
        The images.
    form : ImageForm
        Size, channels and fit of the images.
    n_jobs : int or None
        Number of threads that decode images.
    on_error : {"skip", "raise"}
        With "raise", the first image that cannot be read raises `ImageError`, and no file is written.
    tick : callable or None
        Called with the number of images decoded.

    Returns
    -------
    cache : DiskCache
    lost : dict
        {index: Skipped} of the images that cannot be read.
    """
    key, shape, n = _key(listing, form), form.shape, len(listing.filenames)
    source = ImageSource(listing.filenames, form, cache_bytes=0, n_jobs=n_jobs)
    try:
        path = os.path.join(_make_folder(cache_dir, listing.folder), key + EXTENSION)
        cache = None
        with suppress(FileNotFoundError, ValueError):
            cache = DiskCache(path, key, n, shape)
        # An image that could not be read may be readable now, with the same key: its permissions may have changed.
        lost = _still_lost(source, cache.lost) if cache else {}
        if cache is None or len(lost) < len(cache.lost):
            lost = write_disk_cache(path, key, source.blocks(np.arange(n), on_error, tick))
            cache = DiskCache(path, key, n, shape)
        elif on_error == "raise":
            report_skipped("ImageFolder", list(lost.values()), on_error)
        return cache, lost
    except OSError as error:
        reason = error.strerror or error
        message = (
            f"ImageFolder: cache_dir {quoted(os.fsdecode(cache_dir))} cannot be used: {reason}."
        )
        raise type(error)(error.errno, message) from error


def _still_lost(source: ImageSource, images: list[int]) -> dict[int, Skipped]:
    """Return {index: Skipped} of those of `images` that still cannot be read."""
    out = np.empty((len(images), *source.form.shape), np.uint8)
    lost = source.read_into(out, np.array(images, int))
    return {images[position]: lost[position] for position in sorted(lost)}


def _make_folder(cache_dir: str | os.PathLike[str], image_folder: str) -> str:
    """Make the folder of the cache; return its absolute path. Inside `image_folder` it would be taken for a class."""
    try:
        folder = os.path.abspath(os.fsdecode(cache_dir))
    except TypeError:
        raise TypeError(
            f"ImageFolder: cache_dir must be a string, a path or None; got {show(cache_dir)}."
        ) from None
    if not os.fsdecode(cache_dir):
        raise ValueError("ImageFolder: cache_dir is empty. Pass the path of a folder, or None.")
    inner, outer = (os.path.join(os.path.realpath(path), "") for path in (folder, image_folder))
    if inner.startswith(outer):
        raise ValueError(
            f"ImageFolder: cache_dir {quoted(folder)} is inside the folder of images. Pass another folder."
        )
    os.makedirs(folder, exist_ok=True)
    return folder


def _key(listing: Listing, form: ImageForm) -> str:
    """Return a digest of everything that the decoded images depend on."""
    relative = [os.path.relpath(name, listing.folder) for name in listing.filenames]
    parts = [FORMAT, listing.folder, relative, listing.stamps, form, decoder_versions()]
    return hashlib.blake2b(json.dumps(parts).encode(), digest_size=16).hexdigest()
