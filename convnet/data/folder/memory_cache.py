"""Rows in memory: the first that are read stay, up to a number of bytes.

Training reads all rows again and again. Were the oldest row given up for the newest, each would be gone when its turn
came; rows that stay are found again in every epoch.
"""

from __future__ import annotations

from numbers import Integral
from typing import TYPE_CHECKING

import numpy as np

from convnet.engine.locks import lock_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

ABSENT = -1


def check_bytes(cache_bytes: object) -> None:
    """Raise ValueError where `cache_bytes` is no integer of 0 or more."""
    if isinstance(cache_bytes, bool) or not isinstance(cache_bytes, Integral) or cache_bytes < 0:
        raise ValueError(
            f"ImageFolder: cache_bytes must be an integer, 0 or more; got {cache_bytes!r}."
        )


class MemoryCache:
    """Some of n rows, kept for good; several threads may use it.

    Parameters
    ----------
    n_rows : int
        Rows that there are.
    shape : tuple of int
        Of a row, uint8.
    max_bytes : int
        At most, the table of rows included.
    """

    def __init__(self, n_rows: int, shape: Sequence[int], max_bytes: int) -> None:
        self.shape = tuple(shape)
        self._row_bytes = int(np.prod(shape))
        table = n_rows * np.dtype(np.int32).itemsize
        self.capacity = max(0, min(n_rows, (max_bytes - table) // self._row_bytes))
        self._slots = np.full(n_rows if self.capacity else 0, ABSENT, np.int32)
        # (capacity, *shape), when the first row comes
        self._data = np.empty((0, *self.shape), np.uint8)
        self._used = 0
        self._lock = lock_of(self)

    @property
    def nbytes(self) -> int:
        """Bytes that are held."""
        return self._slots.nbytes + self._used * self._row_bytes

    def read(self, rows: np.ndarray, out: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """Copy the rows that are here into `out`, (len(rows), *shape); return which ones, as bool (len(rows),)."""
        if not self._used:
            return np.zeros(len(rows), bool)
        with self._lock:
            slots = self._slots[rows]
        here = slots != ABSENT
        if here.all():
            np.take(self._data, slots, axis=0, out=out, mode="clip")
        elif here.any():
            out[here] = self._data[slots[here]]
        return here

    def keep(self, rows: np.ndarray, pixels: NDArray[np.uint8], positions: Iterable[int]) -> None:
        """Take in ``rows[i]``, ``pixels[i]``, for each position i while there is room; what is here stays."""
        if not self.capacity or self._used == self.capacity:
            return
        with self._lock:
            if not len(self._data):
                self._data = np.empty((self.capacity, *self.shape), np.uint8)
            for i in positions:
                if self._used == self.capacity:
                    return
                if self._slots[rows[i]] == ABSENT:  # each line leaves all whole: it may be the last
                    slot = self._used
                    self._data[slot] = pixels[i]
                    self._used = slot + 1
                    self._slots[rows[i]] = slot
