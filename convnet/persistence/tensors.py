"""Models as safetensors files: a JSON header with texts and shapes, then the values."""

from __future__ import annotations

import json
import struct
from math import prod
from typing import IO, TYPE_CHECKING, Self

import numpy as np

from convnet._extras import missing_extra
from convnet.persistence.bfloat16 import BFLOAT16, stored_dtype, widened

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType

    from numpy.typing import DTypeLike


DTYPES = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    "BF16": BFLOAT16,
    "I64": "<i8",
    "I32": "<i4",
    "I16": "<i2",
    "I8": "i1",
    "U64": "<u8",
    "U32": "<u4",
    "U16": "<u2",
    "U8": "u1",
    "BOOL": "?",
}


def check_installed() -> None:
    """Raise ImportError if safetensors is not installed."""
    _library()


def write(file: IO[bytes], texts: Mapping[str, str], arrays: Mapping[str, np.ndarray]) -> None:
    """Write {name: ASCII text} and {name: array} to an open binary file."""
    file.write(_library().numpy.save(arrays, metadata=texts))


def open_file(path: str) -> SafetensorsReader:
    """Open a file to read from, as a context manager. Raise an exception if it is not of this format."""
    return SafetensorsReader(path)


class SafetensorsReader:
    """A safetensors file; the library checks that header and length are consistent.

    Parameters
    ----------
    path : str
        The file.
    """

    def __init__(self, path: str) -> None:
        self._file = _library().safe_open(path, framework="numpy")
        self._path = path
        self._texts = self._file.metadata() or {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._file.__exit__(*error)

    def text(self, name: str) -> str | None:
        """Return the text of this name, or None if there is none."""
        return self._texts.get(name)

    def names(self) -> set[str]:
        """Return the names of all texts and arrays."""
        return {*self._texts, *self._file.keys()}

    def array(self, name: str, dtype: DTypeLike, shape: tuple[int, ...]) -> np.ndarray:
        """Return an array. Raise ValueError if its dtype or shape is not the expected one."""
        piece = self._file.get_slice(name)
        found = tuple(piece.get_shape())
        if piece.get_dtype() != "F32" or found != shape:
            raise ValueError(
                f"{name} is {piece.get_dtype()} of shape {found}; expected F32 of shape {shape}"
            )
        return self._file.get_tensor(name).astype(dtype)

    def all_numbers(self) -> dict[str, np.ndarray]:
        """Return all arrays, of any dtype of real numbers of 16 to 64 bits; bfloat16 as float32.

        The library has checked the header: names, shapes and places are consistent with the length of the file. It
        does not read bfloat16 itself without a library that gives NumPy this dtype.
        """
        arrays = {}
        with open(self._path, "rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            header = json.loads(file.read(length))
            header.pop("__metadata__", None)
            for name, entry in header.items():
                kind, shape = entry["dtype"], tuple(entry["shape"])
                if kind not in DTYPES:
                    raise ValueError(f"{name} is {kind}; expected one of {', '.join(DTYPES)}")
                dtype = stored_dtype(DTYPES[kind])
                file.seek(8 + length + entry["data_offsets"][0])
                data = file.read(prod(shape) * dtype.itemsize)
                array = np.frombuffer(data, dtype.newbyteorder("<")).reshape(shape)
                arrays[name] = widened(array) if DTYPES[kind] == BFLOAT16 else array
        return arrays


def _library() -> ModuleType:
    try:
        import safetensors.numpy
    except ImportError:
        raise ImportError(
            missing_extra("A .safetensors file", "safetensors", "safetensors")
        ) from None
    return safetensors
