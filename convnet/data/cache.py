"""Rows in memory: the first that are read stay, up to a number of bytes.

Training reads all rows again and again. Were the oldest row given up for the newest, each would be gone when its turn
came; rows that stay are found again in every epoch.
"""

import os
import weakref
from threading import Lock

import numpy as np

ABSENT = -1


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

    def __init__(self, n_rows, shape, max_bytes):
        self.shape = tuple(shape)
        self._row_bytes = int(np.prod(shape))
        table = n_rows * np.dtype(np.int32).itemsize
        self.capacity = max(0, min(n_rows, (max_bytes - table) // self._row_bytes))
        self._slots = np.full(n_rows if self.capacity else 0, ABSENT, np.int32)
        self._data = None  # (capacity, *shape), when the first row comes
        self._used, self._lock = 0, Lock()
        ALL.add(self)

    @property
    def nbytes(self):
        """Bytes that are held."""
        return self._slots.nbytes + self._used * self._row_bytes

    def read(self, rows, out):
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

    def keep(self, rows, pixels, positions):
        """Take in ``rows[i]``, ``pixels[i]``, for each position i while there is room; what is here stays."""
        if not self.capacity or self._used == self.capacity:
            return
        with self._lock:
            if self._data is None:
                self._data = np.empty((self.capacity, *self.shape), np.uint8)
            for i in positions:
                if self._used == self.capacity:
                    return
                if self._slots[rows[i]] == ABSENT:
                    self._data[self._used] = pixels[i]
                    self._slots[rows[i]] = self._used
                    self._used += 1


# Forks: a child has the rows of each cache as they are, and no lock that a thread holds which it does not have.
ALL, FORK, HELD = weakref.WeakSet(), Lock(), []


def _before_fork():
    FORK.acquire()
    HELD.extend(cache._lock for cache in ALL)
    for lock in HELD:
        lock.acquire()


def _after_fork():
    while HELD:
        HELD.pop().release()
    FORK.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork
    )
