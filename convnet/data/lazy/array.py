"""LazyArray: X that is read in parts, from an image folder, an HDF5 data set or a zarr store."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray


class LazyArray:
    """An array-like whose rows are read when they are needed, viewed as an array of another shape and dtype.

    A LazyArray has `read_rows` itself, so it can take the place of its source.

    Parameters
    ----------
    source : array-like
        Has `shape` and `dtype`, and one of the following: a method ``read_rows(rows)``, which takes an int64 array of
        row indices in any order, with repeats, and returns an array; ``source.oindex[rows]``; or ``source[rows]``.
        The last two are given slices or sorted index arrays without repeats; h5py is given slices only.
    dtype : dtype
        The values are converted to this dtype as they are read.
    shape : tuple of int, default=None
        Shape of one row. None is that of the source.
    view : callable, default=None
        Turns an array of shape (n, *source.shape[1:]) into one of shape (n, *shape) without reading its values.
    rows : ndarray of int64, default=None
        Rows of the source to use. None uses all.

    Attributes
    ----------
    shape : tuple of int
        (n, *shape of one row).
    ndim, itemsize : int
        As for an array.
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
        """Read the rows of a slice, an index array, a mask or one index."""
        rows = np.arange(len(self))[key]
        return self.read_rows(rows) if rows.ndim else self.read_rows(rows[None])[0]

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        return self[:].astype(self.dtype if dtype is None else dtype, copy=False)

    def seen_as(
        self, shape: tuple[int, ...], view: Callable[[NDArray[Any]], NDArray[Any]] | None
    ) -> LazyArray:
        """Return a LazyArray of the same rows with another `shape` and `view`; see the class."""
        return LazyArray(self.source, self.dtype, shape=shape, view=view, rows=self.rows)

    def part(self, rows: NDArray[np.int64]) -> LazyArray:
        """Return a LazyArray of some of the rows, without reading them."""
        rows = rows if self.rows is None else self.rows[rows]
        return LazyArray(self.source, self.dtype, shape=self.shape[1:], view=self.view, rows=rows)

    def read_rows(self, rows: NDArray[np.int64]) -> NDArray[Any]:
        """Read rows given by int64 indices, in any order, with repeats."""
        if not len(rows):
            return np.empty((0, *self.shape[1:]), self.dtype)
        array = _read(self.source, rows if self.rows is None else self.rows[rows])
        expected = (len(rows), *self.source.shape[1:])
        if array.shape != expected:
            kind = type(self.source).__name__
            raise ValueError(
                f"X, a {kind}, returned an array of shape {array.shape}; expected {expected}."
            )
        array = array.astype(self.dtype, copy=False)
        return array if self.view is None else self.view(array)


def _read(source: Any, rows: NDArray[np.int64]) -> NDArray[Any]:
    if hasattr(source, "read_rows"):
        return np.asarray(source.read_rows(rows))
    steps = np.diff(rows)
    if (steps == 1).all():
        return np.asarray(source[int(rows[0]) : int(rows[-1]) + 1])
    if (steps > 0).all():
        return _read_sorted(source, rows)
    unique, inverse = np.unique(rows, return_inverse=True)  # h5py needs sorted indices
    return _read_sorted(source, unique)[inverse]


def _read_sorted(source: Any, rows: NDArray[np.int64]) -> NDArray[Any]:
    if hasattr(source, "oindex"):
        return np.asarray(source.oindex[rows])
    if type(source).__module__.partition(".")[0] != "h5py":
        return np.asarray(source[rows])
    # For h5py, one slice per run of consecutive rows is about thirty times faster than an index array.
    ends = [int(i) + 1 for i in np.flatnonzero(np.diff(rows, append=-1) != 1)]
    begins = [0, *ends[:-1]]
    return np.concatenate(
        [source[int(rows[i]) : int(rows[j - 1]) + 1] for i, j in zip(begins, ends, strict=True)]
    )
