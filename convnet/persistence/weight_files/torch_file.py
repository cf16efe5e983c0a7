"""Files of torch.save (.pth, .pt, .bin) as arrays by name, without PyTorch.

Two formats exist. Since PyTorch 1.6, a file is a zip archive whose entries are not compressed:

::

    NAME/data.pkl     a pickle of the saved object, in which tensors refer to storages by their keys
    NAME/data/KEY     the values of a storage
    NAME/byteorder    "little" or "big"; missing in older files, which are little-endian

Before that, a file was a sequence of pickles (a magic number, a version, facts about the machine, the saved object, the
list of keys), then for each key the number of values (8 bytes) and the values, little-endian.

Source: https://github.com/pytorch/pytorch/blob/v2.13.0/torch/serialization.py.
"""

from __future__ import annotations

import io
import os
import struct
import zipfile
from math import prod
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from convnet.persistence.archives import uncompressed_entries
from convnet.persistence.bfloat16 import BFLOAT16, stored_dtype, widened
from convnet.persistence.weight_files.torch_pickle import (
    STATE_DICT,
    StoredTensor,
    read_pickle,
)
from convnet.values.messages import listed, show

if TYPE_CHECKING:
    from collections.abc import Callable

    ReadValues = Callable[[str, np.dtype[Any], int], np.ndarray]

MAGIC = 0x1950A86A20F9469CFC6C
VERSION = 1001
# Where checkpoints keep the weights, beside the state of the optimizer and other things.
NESTED = (
    *("state_dict", "model_state_dict", "model_state", "model", "net", "network", "weights"),
    *("params", "module", "ema_state_dict", "state_dict_ema", "model_ema"),
)
MAX_NESTING = 4
NEITHER = "it has neither of the two formats of torch.save."


def read_torch(path: str) -> dict[str, np.ndarray]:
    """Return the tensors in a file of torch.save, by name and in their order, as views of the storages.

    Parameters
    ----------
    path : str
        The file.

    Returns
    -------
    arrays : dict of str to ndarray
        bfloat16 as float32, everything else in its own dtype.

    Raises
    ------
    ValueError
        If it holds something else, is truncated or altered. Any other exception has the same meaning.
    """
    size = os.path.getsize(path)
    with open(path, "rb") as file:
        start = file.read(4)
        file.seek(0)
        if start == b"PK\3\4":
            return _read_archive(file, size)
        if not start.startswith(b"\x80"):  # a web page, or the pointer of Git LFS
            raise ValueError(f"{NEITHER} It begins with {show(start)}.")
        return _read_sequence(file, size)


def _read_archive(file: IO[bytes], size: int) -> dict[str, np.ndarray]:
    with zipfile.ZipFile(file) as archive:
        entries = uncompressed_entries(archive)
        pickles = [n for n in entries if n.count("/") == 1 and n.endswith("/data.pkl")]
        if len(pickles) != 1:
            raise ValueError("it is a zip archive without the data.pkl of torch.save.")
        folder = pickles[0].removesuffix("data.pkl")
        data = archive.read(pickles[0])
        tensors = find_tensors(read_pickle(io.BytesIO(data), len(data), {}))
        written = (
            archive.read(f"{folder}byteorder") if f"{folder}byteorder" in entries else b"little"
        )
        if written not in (b"little", b"big"):
            raise ValueError(f"its byte order is {show(written)}.")
        is_little = written == b"little"

        def read(key: str, dtype: np.dtype[Any], length: int) -> np.ndarray:
            name = f"{folder}data/{key}"
            if name not in entries:
                raise ValueError(f"it has no values {show(key)}, to which a tensor refers.")
            if entries[name].file_size < length * dtype.itemsize:
                raise ValueError(f"its values {show(key)} are fewer than its pickle says.")
            return np.frombuffer(
                archive.read(name), dtype.newbyteorder("<" if is_little else ">"), length
            )

        return _views(tensors, read)


def _read_sequence(file: IO[bytes], size: int) -> dict[str, np.ndarray]:
    if read_pickle(file, size, {}) != MAGIC or read_pickle(file, size, {}) != VERSION:
        raise ValueError(NEITHER)
    read_pickle(file, size, {})  # sizes of C's types where it was written
    dtypes: dict[str, str] = {}
    tensors = find_tensors(read_pickle(file, size, dtypes))
    keys = read_pickle(file, size, {})
    if type(keys) is not list or not all(isinstance(key, str) for key in keys):
        raise ValueError("it has no list of storages.")
    places: dict[str, tuple[int, int]] = {}
    for key in keys:
        if key not in dtypes or key in places:
            raise ValueError(f"its list of storages has {show(key)}, which no tensor uses.")
        (length,) = struct.unpack("<q", file.read(8))
        places[key] = file.tell(), length
        n_bytes = length * stored_dtype(dtypes[key]).itemsize
        if length < 0 or file.tell() + n_bytes > size:
            raise ValueError(f"it is truncated: its values {show(key)} end too early.")
        file.seek(n_bytes, os.SEEK_CUR)

    def read(key: str, dtype: np.dtype[Any], length: int) -> np.ndarray:
        if key not in places:
            raise ValueError(f"it has no values {show(key)}, to which a tensor refers.")
        place, found = places[key]
        if found < length:
            raise ValueError(f"its values {show(key)} are fewer than its pickle says.")
        file.seek(place)
        return np.frombuffer(file.read(length * dtype.itemsize), dtype.newbyteorder("<"), length)

    return _views(tensors, read)


def _views(tensors: dict[str, StoredTensor], read: ReadValues) -> dict[str, np.ndarray]:
    """Return the tensors as views of their storages, each of which is read once, up to its last value in use."""
    lengths: dict[str, int] = {}
    for tensor in tensors.values():
        values = tensor.values
        lengths[values.key] = max(lengths.get(values.key, 0), values.start + values.length)
    storages: dict[tuple[str, str], np.ndarray] = {}
    arrays = {}
    for name, tensor in tensors.items():
        values = tensor.values
        raw = (values.key, "")
        if raw not in storages:
            storages[raw] = read(values.key, stored_dtype(values.dtype), lengths[values.key])
        typed = (values.key, tensor.dtype)
        if typed not in storages:
            storages[typed] = _typed(storages[raw], values.dtype, tensor.dtype)
        base = storages[typed]
        if tensor.dtype == values.dtype:  # otherwise the storage is one of bytes, as a whole
            base = base[values.start : values.start + values.length]
        arrays[name] = _view(name, tensor, base)
    return arrays


def _typed(raw: np.ndarray, stored: str, dtype: str) -> np.ndarray:
    """Return the values of a storage in the dtype of a tensor. A storage of bytes can hold any dtype."""
    if stored != dtype:
        wanted = stored_dtype(dtype).newbyteorder(raw.dtype.byteorder)
        raw = raw[: len(raw) // wanted.itemsize * wanted.itemsize].view(wanted)
    return widened(raw) if dtype == BFLOAT16 else raw


def _view(name: str, tensor: StoredTensor, base: np.ndarray) -> np.ndarray:
    """Return a tensor as a view of its storage. Raise ValueError if a value would lie outside."""
    shape, strides = tensor.shape, tensor.strides
    if prod(shape) == 0:
        return np.zeros(shape, base.dtype)
    last = tensor.offset + sum((n - 1) * stride for n, stride in zip(shape, strides, strict=True))
    if last >= len(base):
        raise ValueError(
            f"{show(name)} of shape {shape} with strides {strides} from {tensor.offset} on lies outside its storage "
            f"of {len(base)} values."
        )
    if prod(shape) > len(base):
        raise ValueError(
            f"{show(name)} of shape {shape} repeats the {len(base)} values of its storage. Save tensor.contiguous()."
        )
    steps = [
        stride * base.itemsize if n > 1 else 0 for n, stride in zip(shape, strides, strict=True)
    ]
    return np.lib.stride_tricks.as_strided(base[tensor.offset :], shape, steps, writeable=False)


def find_tensors(saved: Any) -> dict[str, StoredTensor]:
    """Return the tensors of a saved object by name: those of a dict, or of the dict of weights in a checkpoint."""
    for _ in range(MAX_NESTING):
        if type(saved) is not dict:
            raise ValueError(
                f"it holds a {type(saved).__name__.removeprefix('Stored')}, not a dict of tensors. {STATE_DICT}"
            )
        tensors = {name: value for name, value in saved.items() if isinstance(value, StoredTensor)}
        if tensors:
            if not all(isinstance(name, str) for name in tensors):
                raise ValueError(f"its tensors have names that are not strings. {STATE_DICT}")
            return tensors
        inner = [key for key, value in saved.items() if type(value) is dict and value]
        known = [key for key in NESTED if key in inner]
        if not known and len(inner) != 1:
            names = f"under the keys {listed(map(show, saved))}" if saved else "in its empty dict"
            raise ValueError(f"it has no tensors {names}. {STATE_DICT}")
        saved = saved[(known or inner)[0]]
    raise ValueError(f"its tensors lie in more than {MAX_NESTING} nested dicts. {STATE_DICT}")
