"""Prefetching: a thread reads the next batches while the engine computes the current one."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convnet.data.lazy.array import LazyArray

DEPTH = 2  # batches that are read ahead of the one in use
FIRST_READ = 16  # rows of the first read
SLOW_READ = 0.1  # seconds; after a slower read the next takes half as many rows, so that Ctrl-C acts within a second


def prefetch(
    X: LazyArray, batches: Iterable[NDArray[np.int64]]
) -> Generator[NDArray[Any], None, None]:
    """Yield the rows of each batch as an array, in order; a thread reads them, `DEPTH` batches ahead.

    An error while reading a batch is raised when that batch is due. The thread ends with the generator: close the
    generator if you stop before its end.

    Parameters
    ----------
    X : LazyArray
    batches : iterable of int64 ndarray
        Row indices.
    """
    reader, pending = _BatchReader(X), deque[Future[NDArray[Any]]]()
    with ThreadPoolExecutor(1, "convnet-prefetch") as thread:
        try:
            for rows in batches:
                pending.append(thread.submit(reader, rows))
                if len(pending) > DEPTH:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            reader.stop.set()
            for batch in pending:
                batch.cancel()


class _BatchReader:
    """Reads a batch a few rows at a time, adapting the number to the time a read takes."""

    def __init__(self, X: LazyArray) -> None:
        self.X, self.size, self.stop = X, FIRST_READ, threading.Event()

    def __call__(self, rows: NDArray[np.int64]) -> NDArray[Any]:
        if len(rows) <= self.size:
            return self._timed_read(rows)
        array = np.empty((len(rows), *self.X.shape[1:]), self.X.dtype)
        done = 0
        while done < len(rows) and not self.stop.is_set():
            part = self._timed_read(rows[done : done + self.size])
            array[done : done + len(part)] = part
            done += len(part)
        return array

    def _timed_read(self, rows: NDArray[np.int64]) -> NDArray[Any]:
        """Read at most `size` rows, then adapt `size`."""
        start = time.monotonic()
        array = self.X.read_rows(rows)
        if time.monotonic() - start > SLOW_READ:
            self.size = max(1, len(rows) // 2)
        elif len(rows) == self.size:
            self.size *= 2
        return array
