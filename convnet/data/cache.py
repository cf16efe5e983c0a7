"""Rows in memory: the first that are read stay, up to a number of bytes.

Training reads all rows again and again. Were the oldest row given up for the newest, each would be gone when its turn
came; rows that stay are found again in every epoch.
"""

from __future__ import annotations

import os
import weakref
from numbers import Integral
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np

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
        self._used, self._lock = 0, Lock()
        ALL.add(self)

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
                if self._slots[rows[i]] == ABSENT:
                    self._data[self._used] = pixels[i]
                    self._slots[rows[i]] = self._used
                    self._used += 1


# Forks: a child has the rows of each cache as they are, and no lock that a thread holds which it does not have.
ALL: weakref.WeakSet[MemoryCache] = weakref.WeakSet()
FORK = Lock()
HELD: list[Lock] = []


def _before_fork() -> None:
    FORK.acquire()
    HELD.extend(cache._lock for cache in ALL)
    for lock in HELD:
        lock.acquire()


def _after_fork() -> None:
    while HELD:
        HELD.pop().release()
    FORK.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork
    )
