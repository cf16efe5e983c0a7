"""X that is not in memory: which objects are read row by row."""

import numpy as np
from scipy.sparse import issparse


def is_lazy(X):
    """Return whether X is to be read row by row, when the rows are wanted.

    That is an object with rows by index, a `shape` of two axes or more and a `dtype` of NumPy's, such as a data set
    of h5py, an array of zarr or an image folder. Arrays, lists, data frames, sparse matrices and arrays of other
    libraries are not: they are in memory, or on a device.
    """
    if isinstance(X, np.ndarray | list | tuple) or issparse(X):
        return False
    in_memory = ("iloc", "__dataframe__", "__array_namespace__", "__cuda_array_interface__")
    if not hasattr(X, "__getitem__") or any(hasattr(X, name) for name in in_memory):
        return False
    shape = getattr(X, "shape", None)
    return isinstance(shape, tuple) and len(shape) > 1 and _dtype(X) is not None


def _dtype(X):
    try:
        dtype = getattr(X, "dtype", None)
        return None if dtype is None else np.dtype(dtype)
    except TypeError:  # of another library
        return None


def stand_in(shape, dtype):
    """Return an array of that shape and dtype that takes no memory, to be looked at in its place.

    One of objects is a single one: it would be converted.
    """
    zero = np.zeros((1,) * len(shape), dtype)
    return zero if zero.dtype.hasobject else np.broadcast_to(zero, shape)
