"""Plain data as JSON and back, with the same bits.

None, booleans, integers, strings, finite floats and lists stay as they are. A value that JSON does not have becomes an
object with one key, the kind: ``{"tuple": [...]}``, ``{"dict": [[key, value], ...]}``, ``{"float": "inf"}``,
``{"bytes": "..."}``, ``{"dtype": "<i8"}`` or ``{"array": [dtype, shape, [values]]}``.
"""

from __future__ import annotations

from math import isfinite, prod
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence


DTYPE_KINDS = "biufUSO"  # of arrays; entries of object arrays have to be plain data
MAX_BYTES = 2**26  # of an array: labels and column names, not data
MAX_AXES = 32


class NotPlainError(TypeError):
    """A value is not plain data."""


def to_json(value: object) -> Any:
    """Return a value in a form that JSON can hold. Raise NotPlainError if it is not plain data."""
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
    raise NotPlainError(f"{type(value).__name__} is not plain data")


def from_json(data: Any) -> Any:
    """Return the value that `to_json` turned into `data`. Raise any exception if there is none."""
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
        raise ValueError(f"an array of shape {shape} cannot have {len(values)} values")
    array = np.empty(len(values), dtype=dtype)
    array[:] = from_json(values)
    return array.reshape(shape)


def _check_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    if dtype.kind not in DTYPE_KINDS or (dtype.kind == "f" and dtype.itemsize > 8):
        raise NotPlainError(f"arrays of {dtype} are not plain data")
    return dtype


def _check_size(shape: Sequence[int], dtype: np.dtype[Any]) -> None:
    if any(type(n) is not int or not 0 <= n <= MAX_BYTES for n in shape):
        raise ValueError(
            f"the shape of an array of {dtype} must hold integers from 0 to {MAX_BYTES}"
        )
    if len(shape) > MAX_AXES or prod(shape) * dtype.itemsize > MAX_BYTES:
        raise ValueError(f"an array with {len(shape)} axes and dtype {dtype} is too large")


_READERS = {
    "float": float,
    "bytes": lambda text: text.encode("latin-1"),
    "tuple": lambda values: tuple(map(from_json, values)),
    "dict": lambda pairs: {from_json(key): from_json(value) for key, value in pairs},
    "dtype": lambda text: _check_dtype(np.dtype(text)),
    "array": _array,
}
