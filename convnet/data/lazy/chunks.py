"""X in chunks, in order, for prediction and for checks of all values."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convnet.data.lazy.array import LazyArray
from convnet.data.lazy.prefetch import prefetch

# Largest chunk that is read or copied. Up to three are in memory at once: see `prefetch`.
MAX_CHUNK_BYTES = 2**23


def chunks(
    X: NDArray[Any] | LazyArray, size: int, rows: NDArray[np.int64] | None = None
) -> Generator[NDArray[Any], None, None]:
    """Yield X, or some of its rows, as arrays of up to `size` rows.

    A LazyArray is prefetched. Its chunks, and those that copy rows of an array, are limited to `MAX_CHUNK_BYTES`.

    Parameters
    ----------
    X : ndarray or LazyArray
    size : int
        Largest number of rows in a chunk.
    rows : ndarray of int64, default=None
        Indices of the rows to yield, in this order. None yields all.
    """
    if isinstance(X, LazyArray):
        rows = np.arange(len(X)) if rows is None else rows
        with closing(prefetch(X, _split(rows, _limited(size, X)))) as arrays:
            yield from arrays
    elif rows is None:
        yield from _split(X, size)
    else:
        yield from (_take(X, part) for part in _split(rows, _limited(size, X)))


def _limited(size: int, X: NDArray[Any] | LazyArray) -> int:
    """Return `size`, or the number of rows that fit into `MAX_CHUNK_BYTES` if that is less."""
    return min(size, max(1, MAX_CHUNK_BYTES // (prod(X.shape[1:]) * X.itemsize)))


def _take(array: NDArray[Any], rows: NDArray[np.int64]) -> NDArray[Any]:
    """Return rows of an array: a view if they are consecutive, else a copy."""
    consecutive = rows[-1] - rows[0] == len(rows) - 1 and (np.diff(rows) == 1).all()
    return array[rows[0] : rows[-1] + 1] if consecutive else array[rows]


def _split(array: NDArray[Any], size: int) -> Generator[NDArray[Any], None, None]:
    return (array[i : i + size] for i in range(0, len(array), size))
