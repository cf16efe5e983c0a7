"""X whose rows are read when they are wanted: an image folder, a data set in a file, a store of chunks."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import closing
from math import prod
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from convnet.data.lazy.prefetch import ahead

# Most bytes of a chunk that is no part of an array: where it is read, three of them are in memory.
READ = 2**23


class Rows:
    """An array-like that is read row by row, seen as arrays of another shape.

    It is of the kind that it reads itself, so that it can be handed on in its place.

    Parameters
    ----------
    source : array-like
        With `shape`, `dtype` and a method ``read_rows(rows)``, which takes an int64 array of row numbers in any order,
        repeats allowed, and returns an array; or rows by slices and, but for h5py, by rising index arrays,
        ``source.oindex[rows]`` or ``source[rows]``.
    dtype : dtype
        What its values are converted to as they are read.
    shape : tuple of int, default=None
        Of a row; None is that of the source.
    view : callable, default=None
        Makes an array of shape (n, *shape) of one of shape (n, *source.shape[1:]) without a look at its values.
    rows : ndarray of int64, default=None
        Rows of the source; None is all.

    Attributes
    ----------
    shape : tuple of int
        (n, *shape of a row).
    ndim, itemsize : int
        As of an array.
    """

    def __init__(
        self,
        source: Any,
        dtype: DTypeLike,
        *,
        shape: tuple[int, ...] | None = None,
        view: Callable[[NDArray[Any]], NDArray[Any]] | None = None,
        rows: NDArray[np.int64] | None = None,
    ) -> None:
        self.source, self.view, self.rows = source, view, rows
        self.dtype: np.dtype[Any] = np.dtype(dtype)
        n = source.shape[0] if rows is None else len(rows)
        self.shape: tuple[int, ...] = (int(n), *(source.shape[1:] if shape is None else shape))

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def itemsize(self) -> int:
        return self.dtype.itemsize

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: Any) -> NDArray[Any]:
        """Return rows as an array: of a slice, an index array, a mask or, without their axis, of one number."""
        rows = np.arange(len(self))[key]
        return self.read_rows(rows) if rows.ndim else self.read_rows(rows[None])[0]

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        return self[:].astype(self.dtype if dtype is None else dtype, copy=False)

    def seen_as(
        self, shape: tuple[int, ...], view: Callable[[NDArray[Any]], NDArray[Any]] | None
    ) -> Rows:
        """Return the same rows as arrays of another shape; see the parameters."""
        return Rows(self.source, self.dtype, shape=shape, view=view, rows=self.rows)

    def part(self, rows: NDArray[np.int64]) -> Rows:
        """Return some of the rows, unread."""
        rows = rows if self.rows is None else self.rows[rows]
        return Rows(self.source, self.dtype, shape=self.shape[1:], view=self.view, rows=rows)

    def read_rows(self, rows: NDArray[np.int64]) -> NDArray[Any]:
        """Return an array of these rows: int64 numbers, in any order, repeats allowed."""
        if not len(rows):
            return np.empty((0, *self.shape[1:]), self.dtype)
        array = _read(self.source, rows if self.rows is None else self.rows[rows])
        wanted = (len(rows), *self.source.shape[1:])
        if array.shape != wanted:
            kind = type(self.source).__name__
            raise ValueError(f"X, a {kind}, returned an array of shape {array.shape} for {wanted}.")
        array = array.astype(self.dtype, copy=False)
        return array if self.view is None else self.view(array)


def _read(source: Any, rows: NDArray[np.int64]) -> NDArray[Any]:
    if hasattr(source, "read_rows"):
        return np.asarray(source.read_rows(rows))
    steps = np.diff(rows)
    if (steps == 1).all():
        return np.asarray(source[int(rows[0]) : int(rows[-1]) + 1])
    if (steps > 0).all():
        return _pick(source, rows)
    places, back = np.unique(rows, return_inverse=True)  # h5py takes rising numbers alone
    return _pick(source, places)[back]


def _pick(source: Any, rows: NDArray[np.int64]) -> NDArray[Any]:
    if hasattr(source, "oindex"):
        return np.asarray(source.oindex[rows])
    if type(source).__module__.partition(".")[0] != "h5py":
        return np.asarray(source[rows])
    ends = [int(i) + 1 for i in np.flatnonzero(np.diff(rows, append=-1) != 1)]  # of runs of rows
    begins = [0, *ends[:-1]]
    return np.concatenate(
        [source[int(rows[i]) : int(rows[j - 1]) + 1] for i, j in zip(begins, ends, strict=True)]
    )  # an index array takes h5py thirty times as long


def chunks(
    X: NDArray[Any] | Rows, size: int, rows: NDArray[np.int64] | None = None
) -> Generator[NDArray[Any], None, None]:
    """Yield the rows of X, or some of them, in arrays of up to `size` rows.

    Those of `Rows` are read ahead. They, and copies of an array's rows, are fewer where they would take more than
    `READ` bytes.

    Parameters
    ----------
    X : ndarray or Rows
    size : int
    rows : ndarray of int64, default=None
        None is all.
    """
    if isinstance(X, Rows):
        rows = np.arange(len(X)) if rows is None else rows
        size = _fewer(size, X)
        with closing(ahead(X, _cut(rows, size))) as arrays:
            yield from arrays
    elif rows is None:
        yield from _cut(X, size)
    else:
        yield from (_picked(X, part) for part in _cut(rows, _fewer(size, X)))


def _fewer(size: int, X: NDArray[Any] | Rows) -> int:
    """Return `size`, or how many rows of X take `READ` bytes if that is less."""
    return min(size, max(1, READ // (prod(X.shape[1:]) * X.itemsize)))


def _picked(array: NDArray[Any], rows: NDArray[np.int64]) -> NDArray[Any]:
    """Return these rows of an array: a view where they follow each other."""
    one_by_one = rows[-1] - rows[0] == len(rows) - 1 and (np.diff(rows) == 1).all()
    return array[rows[0] : rows[-1] + 1] if one_by_one else array[rows]


def _cut(array: NDArray[Any], size: int) -> Generator[NDArray[Any], None, None]:
    return (array[i : i + size] for i in range(0, len(array), size))
