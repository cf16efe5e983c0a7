"""Objects of any library as arrays: data frames and their columns, lists, tensors, and those that are read when needed.

Nothing is indexed, sliced or asked for a method before it is an array: the same index means a label in one library and
a position in another, and methods of the same name take other arguments.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import DTypeLike, NDArray
from scipy.sparse import issparse
from sklearn.utils import check_array

from convnet.data.lazy.array import LazyArray
from convnet.values.messages import shortened

Images: TypeAlias = np.ndarray | LazyArray  # X in memory, or read in blocks of samples

# Data frames and the arrays of other libraries have one of these.
IN_MEMORY = ("iloc", "__dataframe__", "__array_namespace__", "__cuda_array_interface__")

# An object with one of these is an array, or can be made one. A list has the last one.
ARRAY_ATTRIBUTES = (
    "__array__",
    "__array_interface__",
    "__array_namespace__",
    "shape",
    "__getitem__",
)


def refuse_iterables(values: object, name: str) -> None:
    """Raise TypeError if `values` can only be iterated over: a generator, a set, a dict or its values.

    None is a ValueError, as in scikit-learn.
    """
    if values is None:
        raise ValueError(f"{name} is None. Pass an array or a list.")
    variable = name.rpartition(" ")[2]
    is_array = any(hasattr(values, attribute) for attribute in ARRAY_ATTRIBUTES)
    if isinstance(values, Mapping) and not hasattr(values, "shape"):
        raise TypeError(
            f"{name} is a {type(values).__name__}. Pass an array or a list, such as list({variable}.values())."
        )
    if isinstance(values, Iterable) and not is_array:
        raise TypeError(
            f"{name} is a {type(values).__name__}, which has no order or can be read only once. Pass an array or a "
            f"list, such as list({variable})."
        )


def array_shape(values: Any, name: str) -> tuple[int, ...]:
    """Return the shape of an array-like. Raise ValueError for lists whose lengths differ."""
    refuse_iterables(values, name)
    try:
        return np.shape(values)
    except ValueError:
        raise ValueError(
            f"{name} has lists of different lengths. Make it an array, with as many elements in each row."
        ) from None


def first_rows(values: Any, n: int) -> Any:
    """Return the first n rows of an array-like, of the same type. For pandas, ``values[:n]`` means labels."""
    return getattr(values, "iloc", values)[:n]


def take_rows(values: Any, rows: NDArray[np.int64]) -> Any:
    """Return some rows of an array-like in any order. Data frames stay data frames."""
    if isinstance(values, list | tuple):
        return [values[row] for row in rows.tolist()]
    if hasattr(values, "iloc"):
        return values.iloc[rows]
    if is_lazy(values):
        return LazyArray(values, values.dtype).read_rows(rows)
    return np.asarray(values)[rows]


def as_objects(values: Any) -> np.ndarray:
    """Return an object array of the elements of an array-like of any library. The elements stay as they are.

    A list gives a 1-D array, even of arrays of equal shapes.
    """
    if isinstance(values, list | tuple):
        objects = np.empty(len(values), object)
        for i, value in enumerate(values):
            objects[i] = value
        return objects
    return np.asarray(values, dtype=object)


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
