"""Objects of any library as arrays: data frames and their columns, lists, tensors.

Nothing is indexed, sliced or asked for a method before it is an array: the same index means a label in one library and
a position in another, and methods of the same name take other arguments.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

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
