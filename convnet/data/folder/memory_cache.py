"""MemoryCache: decoded images that stay in memory, up to a number of bytes.

Training visits every image once per epoch, so evicting the oldest images would evict each one just before it is
needed. The first images that are read are kept instead, and are found again in every epoch.
"""

from __future__ import annotations

from numbers import Integral
from typing import TYPE_CHECKING

import numpy as np

from convnet.engine.threads import lock_of
from convnet.values.messages import show

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

ABSENT = -1


def check_bytes(cache_bytes: object) -> None:
    """Raise ValueError unless `cache_bytes` is an integer of 0 or more."""
    if isinstance(cache_bytes, bool) or not isinstance(cache_bytes, Integral) or cache_bytes < 0:
        raise ValueError(
            f"ImageFolder: cache_bytes must be an integer, 0 or more; got {show(cache_bytes)}."
        )


class MemoryCache:
    """Some of n images, kept until the cache is dropped. Several threads may use it.

    Parameters
    ----------
    n_images : int
        Number of images in the folder.
    shape : tuple of int
        (h, w, c) of an image, uint8.
    max_bytes : int
        Maximum size in bytes, including the table that says where each image is stored.
    """

    def __init__(self, n_images: int, shape: Sequence[int], max_bytes: int) -> None:
        self.shape = tuple(shape)
        self._image_bytes = int(np.prod(shape))
        table = n_images * np.dtype(np.int32).itemsize
        self.capacity = max(0, min(n_images, (max_bytes - table) // self._image_bytes))
        self._slots = np.full(n_images if self.capacity else 0, ABSENT, np.int32)
        # (capacity, *shape) once the first image is stored
        self._data = np.empty((0, *self.shape), np.uint8)
        self._used = 0
        self._lock = lock_of(self)

    @property
    def nbytes(self) -> int:
        """Bytes in use."""
        return self._slots.nbytes + self._used * self._image_bytes

    def read(self, images: np.ndarray, out: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """Copy cached images into `out`, (len(images), *shape); return which ones, bool (len(images),)."""
        if not self._used:
            return np.zeros(len(images), bool)
        with self._lock:
            slots = self._slots[images]
        found = slots != ABSENT
        if found.all():
            np.take(self._data, slots, axis=0, out=out, mode="clip")
        elif found.any():
            out[found] = self._data[slots[found]]
        return found

    def add(self, images: np.ndarray, pixels: NDArray[np.uint8], positions: Iterable[int]) -> None:
        """Store ``pixels[i]`` as image ``images[i]`` for each position i, while there is room."""
        if not self.capacity or self._used == self.capacity:
            return
        with self._lock:
            if not len(self._data):
                self._data = np.empty((self.capacity, *self.shape), np.uint8)
            for i in positions:
                if self._used == self.capacity:
                    return
                # In this order, Ctrl-C between any two lines leaves a consistent cache.
                if self._slots[images[i]] == ABSENT:
                    slot = self._used
                    self._data[slot] = pixels[i]
                    self._used = slot + 1
                    self._slots[images[i]] = slot
