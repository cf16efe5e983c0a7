"""Plain data as JSON and back, to the bit.

None, booleans, integers, texts, finite floats and lists are themselves. What JSON has no word for is an object of one
key, the kind: ``{"tuple": [...]}``, ``{"dict": [[key, value], ...]}``, ``{"float": "inf"}``, ``{"bytes": "..."}``,
``{"dtype": "<i8"}`` and ``{"array": [dtype, shape, [values]]}``.
"""

from __future__ import annotations

from math import isfinite, prod
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence


KINDS = "biufUSO"  # of the dtypes of arrays; objects have to be plain themselves
MOST_BYTES = 2**26  # of an array: labels and names of columns, no data
MOST_AXES = 32


class NotPlainError(TypeError):
    """A value is something else than plain data."""


def to_json(value: object) -> Any:
    """Return what JSON can hold of a value; NotPlainError where it is not plain data."""
    if isinstance(value, np.generic):
        _check_dtype(value.dtype)
        value = value.item()
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value) if isfinite(value) else {"float": repr(float(value))}
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bytes):
        return {"bytes": value.decode("latin-1")}
    if isinstance(value, list):
        return [to_json(v) for v in value]
    if isinstance(value, tuple):
        return {"tuple": [to_json(v) for v in value]}
    if isinstance(value, dict):
        return {"dict": [[to_json(k), to_json(v)] for k, v in value.items()]}
    if isinstance(value, np.dtype):
        return {"dtype": _check_dtype(value).str}
    if isinstance(value, np.ndarray):
        dtype = _check_dtype(value.dtype)
        _check_size(value.shape, dtype)
        return {"array": [dtype.str, list(value.shape), to_json(value.ravel().tolist())]}
    raise NotPlainError(f"{type(value).__name__} is no plain data")


def from_json(data: Any) -> Any:
    """Return the value of which `to_json` made `data`; an exception of any kind where it did not."""
    if isinstance(data, list):
        return [from_json(v) for v in data]
    if not isinstance(data, dict):
        return data
    ((kind, inner),) = data.items()
    return _READERS[kind](inner)


def _array(inner: Any) -> np.ndarray:
    text, shape, values = inner
    dtype = _check_dtype(np.dtype(text))
    _check_size(shape, dtype)
    if len(values) != prod(shape):
        raise ValueError(f"an array of shape {shape} has {len(values)} values")
    array = np.empty(len(values), dtype=dtype)
    array[:] = from_json(values)
    return array.reshape(shape)


def _check_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    if dtype.kind not in KINDS or (dtype.kind == "f" and dtype.itemsize > 8):
        raise NotPlainError(f"arrays of {dtype} are no plain data")
    return dtype


def _check_size(shape: Sequence[int], dtype: np.dtype[Any]) -> None:
    if any(type(n) is not int or not 0 <= n <= MOST_BYTES for n in shape):
        raise ValueError(f"an array of {dtype} has sides that cannot be")
    if len(shape) > MOST_AXES or prod(shape) * dtype.itemsize > MOST_BYTES:
        raise ValueError(f"an array of {len(shape)} axes and {dtype} is too large")


_READERS = {
    "float": float,
    "bytes": lambda text: text.encode("latin-1"),
    "tuple": lambda values: tuple(map(from_json, values)),
    "dict": lambda pairs: {from_json(key): from_json(value) for key, value in pairs},
    "dtype": lambda text: _check_dtype(np.dtype(text)),
    "array": _array,
}
