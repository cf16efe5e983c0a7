"""Tensors of an ONNX file as arrays. Memory is taken only for values that the file holds.

External data are read from files inside the model's folder, never through a link, and never from elsewhere.
"""

from __future__ import annotations

import os
import stat
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from convnet.model_io.onnx.reading.budget import Budget
from convnet.values.messages import quoted

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_AXES = 16
# Code of the element type: dtype of its values, field that holds them unless they are raw, dtype of the entries there.
# float16 has its bits in integers.
DTYPES: dict[int, tuple[str, str, str]] = {
    1: ("<f4", "float_data", "<f4"),
    2: ("|u1", "int32_data", "|u1"),
    3: ("|i1", "int32_data", "|i1"),
    4: ("<u2", "int32_data", "<u2"),
    5: ("<i2", "int32_data", "<i2"),
    6: ("<i4", "int32_data", "<i4"),
    7: ("<i8", "int64_data", "<i8"),
    9: ("|b1", "int32_data", "|b1"),
    10: ("<f2", "int32_data", "<u2"),
    11: ("<f8", "double_data", "<f8"),
    12: ("<u4", "uint64_data", "<u4"),
    13: ("<u8", "uint64_data", "<u8"),
}
FLOATS = (1, 10, 11, 16)  # codes of float types; the last one is bfloat16
STRING = 8
EXTERNAL = 1


def array_of(tensor: Any, external: ExternalData) -> np.ndarray:
    """Return the values of a TensorProto.

    Parameters
    ----------
    tensor : TensorProto
    external : ExternalData
        Files beside the model.

    Raises
    ------
    ValueError
        If the tensor is damaged, has another type, or its external data must not be read.
    """
    name = quoted(tensor.name)
    shape = tuple(tensor.dims)
    if len(shape) > MAX_AXES or any(n < 0 for n in shape):
        raise ValueError(f"tensor {name} has the shape {shape[:MAX_AXES]}")
    size = prod(shape)
    if tensor.data_type == STRING:
        if len(tensor.string_data) != size:
            raise ValueError(f"tensor {name} has {len(tensor.string_data)} strings, not {size}")
        return text_array([s.decode() for s in tensor.string_data]).reshape(shape)
    if tensor.data_type not in DTYPES:
        raise ValueError(f"tensor {name} has elements of type {tensor.data_type}")
    text, field, stored = DTYPES[tensor.data_type]
    dtype = np.dtype(text)
    if tensor.data_location == EXTERNAL:
        return external.read(tensor, dtype, size).reshape(shape)
    if tensor.HasField("raw_data"):
        raw = tensor.raw_data
        if len(raw) != size * dtype.itemsize:
            raise ValueError(
                f"tensor {name} of shape {shape} and type {dtype} has {len(raw)} bytes"
            )
        return np.frombuffer(raw, dtype).reshape(shape)
    values = getattr(tensor, field)
    if len(values) != size:
        raise ValueError(f"tensor {name} of shape {shape} has {len(values)} values")
    # np.array would first make a list of Python objects
    return np.fromiter(values, np.dtype(stored), size).view(dtype).reshape(shape)


def text_array(texts: Sequence[str]) -> np.ndarray:
    """Return an array of strings, in which each takes as much memory as the longest.

    Raises
    ------
    ValueError
        If they would take much more memory than in the file.
    """
    longest = max(map(len, texts), default=0)
    Budget(sum(map(len, texts))).spend(longest * len(texts), "an array of strings")
    return np.array(texts, dtype=np.str_)


class ExternalData:
    """Values in other files in the folder of a model.

    Each byte of a file is read once, so that tensors that share values do not multiply memory.

    Parameters
    ----------
    folder : str or None
        Folder of the model. None if the model does not come from a file.
    """

    def __init__(self, folder: str | None) -> None:
        self.folder = folder
        self.bytes_read = 0
        self._parts: dict[tuple[str, int, int], np.ndarray] = {}
        self._left: dict[str, int] = {}  # bytes of each file that may still be read

    def read(self, tensor: Any, dtype: np.dtype[Any], size: int) -> np.ndarray:
        """Return the `size` values of a TensorProto. Raise ValueError if they must not be read."""
        name = quoted(tensor.name)
        entries = {entry.key: entry.value for entry in tensor.external_data}
        if self.folder is None:
            raise ValueError(
                f"tensor {name} lies in another file. Pass the path of the model instead of its content"
            )
        location = entries.get("location", "")
        offset, length = int(entries.get("offset") or 0), entries.get("length")
        wanted = size * dtype.itemsize
        if offset < 0 or (length is not None and int(length) != wanted):
            raise ValueError(f"tensor {name} needs {wanted} bytes of external data, not {length}")
        path = inside_folder(self.folder, location, name)
        if (path, offset, wanted) not in self._parts:
            self._parts[path, offset, wanted] = self._bytes(path, offset, wanted, name)
        return self._parts[path, offset, wanted].view(dtype)

    def _bytes(self, path: str, offset: int, wanted: int, name: str) -> np.ndarray:
        with open(path, "rb") as file:
            total = os.fstat(file.fileno()).st_size
            if total - offset < wanted:
                raise ValueError(f"tensor {name}: {quoted(os.path.basename(path))} is too short")
            self._left[path] = self._left.get(path, total) - wanted
            if self._left[path] < 0:
                raise ValueError(
                    f"tensor {name}: it overlaps with other tensors in {quoted(os.path.basename(path))}"
                )
            self.bytes_read += wanted
            file.seek(offset)
            return np.fromfile(file, np.uint8, wanted)


def inside_folder(folder: str, location: str, name: str) -> str:
    """Return the path of a plain file below a folder. Raise ValueError if it is elsewhere, or if a part is a link.

    Parameters
    ----------
    folder : str
        Folder of the model.
    location : str
        Relative path, as the model gives it.
    name : str
        Name of the tensor, for errors.
    """
    parts = location.replace("\\", "/").split("/")
    parts = [part for part in parts if part != "."]
    is_relative = location and not os.path.isabs(location) and ":" not in parts[0]
    if not is_relative or "\0" in location or any(part in ("", "..") for part in parts):
        raise ValueError(
            f"tensor {name} refers to {quoted(location)}, which is not inside the folder of the model"
        )
    path = folder
    for part in parts:
        path = os.path.join(path, part)
        if os.path.islink(path):
            raise ValueError(f"tensor {name} refers to {quoted(location)}, which is a link")
    if not os.path.exists(path):
        raise ValueError(f"tensor {name} lies in {quoted(location)}, which does not exist")
    if not stat.S_ISREG(os.stat(path).st_mode):
        raise ValueError(f"tensor {name} refers to {quoted(location)}, which is not a plain file")
    return path
