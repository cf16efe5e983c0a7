"""Reading ahead: a thread reads the rows that are wanted next while the engine works on those before them."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from convnet.data.lazy.array import Rows

DEPTH = 2  # parts that are read, or being read, besides the one in use
FEW = 16  # rows that are read at a time in the beginning
LONG = 0.1  # seconds of a read after which fewer rows are read at a time, so that Ctrl-C is heard within a second


def ahead(X: Rows, parts: Iterable[NDArray[np.int64]]) -> Generator[NDArray[Any], None, None]:
    """Yield the rows of each part as an array, in order; they are read in a thread, `DEPTH` parts ahead.

    An error of the reading is raised where its part would come. The thread ends with the generator, which is to be
    closed where it is not used up.

    Parameters
    ----------
    X : Rows
    parts : iterable of int64 ndarray
        Row numbers.
    """
    reader, pending = _Reader(X), deque[Future[NDArray[Any]]]()
    with ThreadPoolExecutor(1, "convnet-read-ahead") as thread:
        try:
            for rows in parts:
                pending.append(thread.submit(reader, rows))
                if len(pending) > DEPTH:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            reader.stop.set()
            for part in pending:
                part.cancel()


class _Reader:
    """Reads parts of X a few rows at a time, as many as take a moment."""

    def __init__(self, X: Rows) -> None:
        self.X, self.size, self.stop = X, FEW, threading.Event()

    def __call__(self, rows: NDArray[np.int64]) -> NDArray[Any]:
        if len(rows) <= self.size:
            return self._timed(rows)
        array = np.empty((len(rows), *self.X.shape[1:]), self.X.dtype)
        done = 0
        while done < len(rows) and not self.stop.is_set():
            part = self._timed(rows[done : done + self.size])
            array[done : done + len(part)] = part
            done += len(part)
        return array

    def _timed(self, rows: NDArray[np.int64]) -> NDArray[Any]:
        """Read at most `size` rows, and adapt that to the time that they take."""
        start = time.monotonic()
        array = self.X.read_rows(rows)
        if time.monotonic() - start > LONG:
            self.size = max(1, len(rows) // 2)
        elif len(rows) == self.size:
            self.size *= 2
        return array
