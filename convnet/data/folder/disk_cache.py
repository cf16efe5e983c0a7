"""Decoded rows in a file, for other processes and later days: read from there, no image is opened again.

The file holds, one after another, n rows of uint8 (h, w, c); the CRC-32 of each as uint32; JSON; and a trailer of the
JSON's length and the CRC-32 of checksums and JSON. Numbers are little-endian. The file's name is a digest of all that
its rows depend on: names, sizes and times of the images, size, channels and fit, releases of the decoders. It is
written beside its place and put there when it is whole, so that processes that make it at the same time do no harm: the
last one's stays, and all are the same.
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
import zlib
from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np

from convnet.data.errors import report
from convnet.data.images.pillow import releases
from convnet.data.folder.source import ImageSource
from convnet.persistence.files import replaced

if TYPE_CHECKING:
    import io
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from convnet.data.errors import Skipped
    from convnet.data.images.form import Form
    from convnet.data.folder.listing import Listing
    from convnet.data.parallel import Tick


FORMAT = 1
ENDING = ".rows"
TRAILER = struct.Struct("<16sQQ")  # MAGIC, bytes of JSON, CRC-32
MAGIC = b"convnet rows 1\r\n"
CRC = np.dtype("<u4")


class DiskCache:
    """The rows of a file; several threads and processes may use it.

    Parameters
    ----------
    path : str
        The file.
    key : str
        What it has to be the file of.
    n_rows : int
        Rows that it has to have.
    shape : tuple of int
        Of a row.

    Raises
    ------
    ValueError, OSError
        It is not there, not whole, or another file.

    Attributes
    ----------
    lost : list of int
        Rows whose images could not be read when the file was made.
    """

    def __init__(self, path: str, key: str, n_rows: int, shape: Sequence[int]) -> None:
        self.path, self._row_bytes = path, int(np.prod(shape))
        with open(path, "rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - TRAILER.size))
            trailer = file.read()
            magic, length, checksum = TRAILER.unpack(trailer.rjust(TRAILER.size, b"\0"))
            begin = n_rows * self._row_bytes
            if magic != MAGIC or size != begin + CRC.itemsize * n_rows + length + TRAILER.size:
                raise ValueError(f"{path!r} is not whole")
            file.seek(begin)
            end = file.read(size - begin - TRAILER.size)
        lost = _lost(end[CRC.itemsize * n_rows :], key) if zlib.crc32(end) == checksum else None
        if lost is None or (lost and not 0 <= lost[0] <= lost[-1] < n_rows):
            raise ValueError(f"{path!r} is damaged, or another file")
        self.lost = lost
        self._checksums = np.frombuffer(end, CRC, n_rows)
        self._checked, self._here = np.zeros(n_rows, bool), np.ones(n_rows, bool)
        self._here[self.lost] = False

    def read(self, rows: np.ndarray, out: NDArray[np.uint8], positions: list[int]) -> list[int]:
        """Read ``rows[i]`` into ``out[i]`` for each position i; return the positions of what is not here or damaged."""
        left = []
        try:
            with open(self.path, "rb", buffering=0) as file:
                for i in positions:
                    if not (self._here[rows[i]] and self._read_one(file, rows[i], out[i])):
                        left.append(i)
        except OSError:  # somebody removed it
            return positions
        return left

    def _read_one(self, file: io.FileIO, row: int, out: NDArray[np.uint8]) -> bool:
        file.seek(int(row) * self._row_bytes)
        if file.readinto(out.data.cast("B")) != self._row_bytes:
            return False
        return self._checked[row] or self._is_right(row, out)

    def repair(self, rows: np.ndarray, pixels: NDArray[np.uint8], positions: Iterable[int]) -> None:
        """Write ``rows[i]``, ``pixels[i]``, anew for each position i, where the file may be written."""
        for i in positions:
            if self._here[rows[i]] and self._is_right(rows[i], pixels[i]):
                with suppress(OSError), open(self.path, "r+b") as file:
                    file.seek(int(rows[i]) * self._row_bytes)
                    file.write(pixels[i].data.cast("B"))

    def _is_right(self, row: int, pixels: NDArray[np.uint8]) -> bool:
        self._checked[row] = zlib.crc32(pixels.data) == self._checksums[row]
        return self._checked[row]


def _lost(text: bytes, key: str) -> list[int] | None:
    """Return the rows, in their order, that the JSON of a file of that key names; None where it is another."""
    try:
        numbers = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(numbers, dict) or numbers.get("key") != key:
        return None
    lost = numbers.get("lost")
    if not isinstance(lost, list) or not all(type(row) is int for row in lost):
        return None
    return lost if lost == sorted(set(lost)) else None


def stored(
    cache_dir: str | os.PathLike[str],
    listing: Listing,
    form: Form,
    *,
    n_jobs: int | None,
    on_error: str,
    tick: Tick | None,
) -> tuple[DiskCache, dict[int, Skipped]]:
    """Return the `DiskCache` of a listing, made if it is not there, and {row: Skipped} of what cannot be read.

    Parameters
    ----------
    cache_dir : str or path
        The folder of the file; it is made if it is not there.
    listing : Listing
        The images.
    form : Form
        What they are brought into.
    n_jobs : int or None
        Threads that decode.
    on_error : {"skip", "raise"}
        Whether the first image that cannot be read is an `ImageError`; there is no file then.
    tick : callable or None
        Called with the number of images decoded.
    """
    key, shape, n = _key(listing, form), form.shape, len(listing.filenames)
    source = ImageSource(listing.filenames, form, cache_bytes=0, n_jobs=n_jobs)
    try:
        path = os.path.join(_made(cache_dir, listing.folder), key + ENDING)
        cache = None
        with suppress(FileNotFoundError, ValueError):
            cache = DiskCache(path, key, n, shape)
        # An image may be readable by now that was not, with nothing changed that the key knows of.
        lost = _still_lost(source, cache.lost) if cache else {}
        if cache is None or len(lost) < len(cache.lost):
            lost = _write(path, key, source, on_error, tick)
            cache = DiskCache(path, key, n, shape)
        elif on_error == "raise":
            report("ImageFolder", list(lost.values()), on_error)
        return cache, lost
    except OSError as error:
        reason = error.strerror or error
        message = f"ImageFolder: cache_dir {os.fsdecode(cache_dir)!r} cannot be used: {reason}."
        raise type(error)(error.errno, message) from error


def _still_lost(source: ImageSource, rows: list[int]) -> dict[int, Skipped]:
    """Return {row: Skipped} of those rows that cannot be read."""
    lost = source.read_into(
        np.empty((len(rows), *source.form.shape), np.uint8), np.array(rows, int)
    )
    return {rows[position]: lost[position] for position in sorted(lost)}


def _write(
    path: str, key: str, source: ImageSource, on_error: str, tick: Tick | None
) -> dict[int, Skipped]:
    """Make the file; return {row: Skipped}."""
    lost: dict[int, Skipped] = {}
    checksums: list[int] = []
    with replaced(path) as file:
        for images, found in source.blocks(np.arange(len(source.filenames)), on_error, tick):
            checksums += [zlib.crc32(image) for image in images]
            file.write(images.data)
            lost |= found
        numbers = json.dumps({"key": key, "lost": sorted(lost)}).encode()
        end = np.array(checksums, CRC).tobytes() + numbers
        file.write(end + TRAILER.pack(MAGIC, len(numbers), zlib.crc32(end)))
    return lost


def _made(cache_dir: str | os.PathLike[str], images: str) -> str:
    """Return the folder's absolute path after making it; one among the images would be taken for a class."""
    try:
        folder = os.path.abspath(os.fsdecode(cache_dir))
    except TypeError:
        raise TypeError(
            f"ImageFolder: cache_dir must be text, a path or None; got {cache_dir!r}."
        ) from None
    if not os.fsdecode(cache_dir):
        raise ValueError("ImageFolder: cache_dir is empty. Pass the path of a folder, or None.")
    inner, outer = (os.path.join(os.path.realpath(path), "") for path in (folder, images))
    if inner.startswith(outer):
        raise ValueError(
            f"ImageFolder: cache_dir {folder!r} lies in the folder of the images. Pass another one."
        )
    os.makedirs(folder, exist_ok=True)
    return folder


def _key(listing: Listing, form: Form) -> str:
    """Return a digest of all that rows depend on."""
    relative = [os.path.relpath(name, listing.folder) for name in listing.filenames]
    parts = [FORMAT, listing.folder, relative, listing.stamps, form, releases()]
    return hashlib.blake2b(json.dumps(parts).encode(), digest_size=16).hexdigest()
