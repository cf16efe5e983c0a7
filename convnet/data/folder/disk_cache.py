"""DiskCache: decoded images in a file that other processes and later runs read instead of the image files.

Layout: n images of uint8 (h, w, c); the CRC-32 of each image as uint32; JSON; and a trailer with the length of the JSON
and the CRC-32 of checksums and JSON. Numbers are little-endian.
"""

from __future__ import annotations

import json
import os
import struct
import zlib
from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np

from convnet.persistence.files import atomic_write
from convnet.values.messages import quoted

if TYPE_CHECKING:
    import io
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from convnet.data.errors import Skipped


TRAILER = struct.Struct("<16sQQ")  # MAGIC, bytes of JSON, CRC-32
MAGIC = b"convnet rows 1\r\n"
CRC = np.dtype("<u4")


class DiskCache:
    """The decoded images in a cache file. Several threads and processes may use it.

    Parameters
    ----------
    path : str
        The file.
    key : str
        Digest of everything the images depend on; the file must have been written with it.
    n_images : int
        Number of images that the file must have.
    shape : tuple of int
        (h, w, c) of an image.

    Raises
    ------
    ValueError, OSError
        The file is missing, incomplete or damaged, or has another key.

    Attributes
    ----------
    lost : list of int
        Images that could not be read when the file was written, sorted.
    """

    def __init__(self, path: str, key: str, n_images: int, shape: Sequence[int]) -> None:
        self.path, self._image_bytes = path, int(np.prod(shape))
        with open(path, "rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - TRAILER.size))
            trailer = file.read()
            magic, length, checksum = TRAILER.unpack(trailer.rjust(TRAILER.size, b"\0"))
            begin = n_images * self._image_bytes
            if magic != MAGIC or size != begin + CRC.itemsize * n_images + length + TRAILER.size:
                raise ValueError(f"{quoted(path)} is incomplete, or not a cache of these images")
            file.seek(begin)
            end = file.read(size - begin - TRAILER.size)
        lost = (
            _parse_lost(end[CRC.itemsize * n_images :], key)
            if zlib.crc32(end) == checksum
            else None
        )
        if lost is None or (lost and not 0 <= lost[0] <= lost[-1] < n_images):
            raise ValueError(f"{quoted(path)} is damaged, or not a cache of these images")
        self.lost = lost
        self._checksums = np.frombuffer(end, CRC, n_images)
        self._is_verified, self._is_stored = np.zeros(n_images, bool), np.ones(n_images, bool)
        self._is_stored[self.lost] = False

    def read(self, images: np.ndarray, out: NDArray[np.uint8], positions: list[int]) -> list[int]:
        """Read ``images[i]`` into ``out[i]`` for each position i.

        Returns
        -------
        missing : list of int
            Positions of the images that are not in the file, or are damaged there.
        """
        missing = []
        try:
            with open(self.path, "rb", buffering=0) as file:
                for i in positions:
                    if not (self._is_stored[images[i]] and self._read_one(file, images[i], out[i])):
                        missing.append(i)
        except OSError:  # the file has been removed
            return positions
        return missing

    def _read_one(self, file: io.FileIO, image: int, out: NDArray[np.uint8]) -> bool:
        file.seek(int(image) * self._image_bytes)
        if file.readinto(out.data.cast("B")) != self._image_bytes:
            return False
        return self._is_verified[image] or self._verify(image, out)

    def repair(
        self, images: np.ndarray, pixels: NDArray[np.uint8], positions: Iterable[int]
    ) -> None:
        """Write ``pixels[i]`` as image ``images[i]`` again for each position i, if the file is writable."""
        for i in positions:
            if self._is_stored[images[i]] and self._verify(images[i], pixels[i]):
                with suppress(OSError), open(self.path, "r+b") as file:
                    file.seek(int(images[i]) * self._image_bytes)
                    file.write(pixels[i].data.cast("B"))

    def _verify(self, image: int, pixels: NDArray[np.uint8]) -> bool:
        self._is_verified[image] = zlib.crc32(pixels.data) == self._checksums[image]
        return self._is_verified[image]


def _parse_lost(text: bytes, key: str) -> list[int] | None:
    """Return the sorted indices in a file's JSON, or None if the JSON is invalid or has another key."""
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(content, dict) or content.get("key") != key:
        return None
    lost = content.get("lost")
    if not isinstance(lost, list) or not all(type(image) is int for image in lost):
        return None
    return lost if lost == sorted(set(lost)) else None


def write_disk_cache(
    path: str, key: str, blocks: Iterable[tuple[NDArray[np.uint8], dict[int, Skipped]]]
) -> dict[int, Skipped]:
    """Write a cache file, which replaces any older one when it is complete.

    Parameters
    ----------
    path, key : str
        As for `DiskCache`.
    blocks : iterable of (images, lost)
        As `ImageSource.blocks` yields them.

    Returns
    -------
    lost : dict
        {index: Skipped} of the images that could not be read.
    """
    lost: dict[int, Skipped] = {}
    checksums: list[int] = []
    with atomic_write(path) as file:
        for images, found in blocks:
            checksums += [zlib.crc32(image) for image in images]
            file.write(images.data)
            lost |= found
        content = json.dumps({"key": key, "lost": sorted(lost)}).encode()
        end = np.array(checksums, CRC).tobytes() + content
        file.write(end + TRAILER.pack(MAGIC, len(content), zlib.crc32(end)))
    return lost
