"""Array-likes converted to arrays, and the detection of lazy ones, whose samples are read when needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from scipy.sparse import issparse
from sklearn.utils import check_array

from convnet.data.arraylikes import refuse_iterables
from convnet.data.lazy.array import LazyArray
from convnet.values.messages import shortened

if TYPE_CHECKING:
    from numpy.typing import DTypeLike

Images: TypeAlias = np.ndarray | LazyArray  # X in memory, or read in blocks of samples

# Data frames and the arrays of other libraries have one of these.
IN_MEMORY = ("iloc", "__dataframe__", "__array_namespace__", "__cuda_array_interface__")


def as_array(values: Any, name: str, **options: Any) -> Any:
    """Return scikit-learn's ``check_array`` of `values`, called `name` in errors, which have a bounded length.

    Integers that are too large for a float raise ValueError, as infinity does.
    """
    refuse_iterables(values, name)
    try:
        with np.errstate(over="ignore", invalid="ignore"):  # infinity is refused later
            return check_array(values, input_name=name, **options)
    except OverflowError:  # from a Python integer
        raise ValueError(
            f"Input {name} contains infinity or a value too large for dtype('float64')."
        ) from None
    except (TypeError, ValueError) as error:
        raise shortened(error) from None


def is_lazy(X: Any) -> bool:
    """Return whether the samples of X are read when they are needed.

    They are if X can be indexed by sample and has a `shape` of two axes or more and a NumPy `dtype`, as HDF5 datasets,
    zarr arrays and image folders do. Arrays, lists, data frames, sparse matrices and the arrays of other
    libraries are in memory or on a device.
    """
    if isinstance(X, np.ndarray | list | tuple) or issparse(X):
        return False
    reads = hasattr(X, "__getitem__") or hasattr(X, "read_rows")
    if not reads or any(hasattr(X, name) for name in IN_MEMORY):
        return False
    shape = getattr(X, "shape", None)
    if isinstance(shape, tuple) and _numpy_dtype(X) is not None:
        return len(shape) > 1
    if hasattr(X, "read_rows"):
        raise TypeError(
            f"X, a {type(X).__name__}, has read_rows but lacks a shape, a tuple, or a dtype of NumPy's."
        )
    return False


def placeholder(shape: tuple[int, ...], dtype: DTypeLike) -> np.ndarray:
    """Return an array of this shape and dtype that takes no memory, to check in place of lazy X.

    For dtype object it has a single element, because a check converts every element.
    """
    zero = np.zeros((1,) * len(shape), dtype)
    return zero if zero.dtype.hasobject else np.broadcast_to(zero, shape)


def _numpy_dtype(X: Any) -> np.dtype[Any] | None:
    try:
        dtype = getattr(X, "dtype", None)
        return None if dtype is None else np.dtype(dtype)
    except TypeError:  # a dtype of another library
        return None
