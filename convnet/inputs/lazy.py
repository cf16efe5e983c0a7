"""X that is not in memory: which objects are read row by row."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import issparse

if TYPE_CHECKING:
    from numpy.typing import DTypeLike


# What data frames and arrays of other libraries have.
IN_MEMORY = ("iloc", "__dataframe__", "__array_namespace__", "__cuda_array_interface__")


def is_lazy(X: Any) -> bool:
    """Return whether X is to be read row by row, when the rows are wanted.

    That is an object with rows by index, a `shape` of two axes or more and a `dtype` of NumPy's, such as a data set
    of h5py, an array of zarr or an image folder. Arrays, lists, data frames, sparse matrices and arrays of other
    libraries are not: they are in memory, or on a device.
    """
    if isinstance(X, np.ndarray | list | tuple) or issparse(X):
        return False
    reads = hasattr(X, "__getitem__") or hasattr(X, "read_rows")
    if not reads or any(hasattr(X, name) for name in IN_MEMORY):
        return False
    shape = getattr(X, "shape", None)
    if isinstance(shape, tuple) and _dtype(X) is not None:
        return len(shape) > 1
    if hasattr(X, "read_rows"):
        raise TypeError(
            f"X, a {type(X).__name__}, has read_rows but no shape, a tuple, and dtype, one of NumPy's."
        )
    return False


def refuse_paths(X: Any) -> None:
    """Raise TypeError if X names a folder or files, whose images were meant."""
    first = X[0] if isinstance(X, list | tuple) and X else X
    if isinstance(first, str | os.PathLike):
        raise TypeError(
            "X has paths, not pixels. Read a folder by convnet.data.ImageFolder, files by convnet.data.ImageReader."
        )


def _dtype(X: Any) -> np.dtype[Any] | None:
    try:
        dtype = getattr(X, "dtype", None)
        return None if dtype is None else np.dtype(dtype)
    except TypeError:  # of another library
        return None


def stand_in(shape: tuple[int, ...], dtype: DTypeLike) -> np.ndarray:
    """Return an array of that shape and dtype that takes no memory, to be looked at in its place.

    One of objects is a single one: it would be converted.
    """
    zero = np.zeros((1,) * len(shape), dtype)
    return zero if zero.dtype.hasobject else np.broadcast_to(zero, shape)
