"""Files as torch.save writes them, made without PyTorch: correct ones, and ones that PyTorch would never write."""

import io
import struct
import zipfile
from typing import Any, NamedTuple

import numpy as np

MAGIC, VERSION = 0x1950A86A20F9469CFC6C, 1001
STORAGES = {
    "f8": "DoubleStorage",
    "f4": "FloatStorage",
    "f2": "HalfStorage",
    "bfloat16": "BFloat16Storage",
    "i8": "LongStorage",
    "i4": "IntStorage",
    "i2": "ShortStorage",
    "i1": "CharStorage",
    "u1": "ByteStorage",
    "b1": "BoolStorage",
}


class Name(NamedTuple):
    """A function or a class that a pickle names."""

    module: str
    name: str


class Call(NamedTuple):
    """A call of a function."""

    function: Any
    arguments: Any


class Storage(NamedTuple):
    """A persistent id."""

    identity: tuple


class Ordered(NamedTuple):
    """An OrderedDict."""

    items: dict


class TextOfPython2(NamedTuple):
    """A string as Python 2 pickles it."""

    text: str


class ItemsOfPython2(NamedTuple):
    """An OrderedDict as Python 2 pickles it."""

    items: dict


class WithAttributes(NamedTuple):
    """A value, and what BUILD sets on it."""

    value: Any
    attributes: dict


def dumps(value):
    """Return the pickle of a value in protocol 2."""
    return b"\x80\x02" + b"".join(_operations(value)) + b"."


def _operations(value):
    if isinstance(value, Name):
        yield f"c{value.module}\n{value.name}\n".encode()
    elif isinstance(value, Call):
        yield from _operations(value.function)
        yield from _operations(value.arguments)
        yield b"R"
    elif isinstance(value, Storage):
        yield from _operations(value.identity)
        yield b"Q"
    elif isinstance(value, Ordered):
        yield from _operations(Call(Name("collections", "OrderedDict"), ()))
        yield b"".join(_operations(value.items)).removeprefix(b"}")
    elif isinstance(value, ItemsOfPython2):
        pairs = [list(pair) for pair in value.items.items()]
        yield from _operations(Call(Name("collections", "OrderedDict"), (pairs,)))
    elif isinstance(value, TextOfPython2):
        data = value.text.encode()
        short = len(data) < 256
        yield (b"U" if short else b"T") + struct.pack("<B" if short else "<I", len(data)) + data
    elif isinstance(value, WithAttributes):
        yield from _operations(value.value)
        yield from _operations(value.attributes)
        yield b"b"
    elif isinstance(value, bytes):  # operations as they are
        yield value
    elif value is None or isinstance(value, bool):
        yield {None: b"N", True: b"\x88", False: b"\x89"}[value]
    elif isinstance(value, int):
        yield b"\x8a" + bytes([16]) + value.to_bytes(16, "little", signed=True)
    elif isinstance(value, float):
        yield b"G" + struct.pack(">d", value)
    elif isinstance(value, str):
        data = value.encode()
        yield b"X" + struct.pack("<I", len(data)) + data
    elif isinstance(value, dict):
        yield b"}("
        for key, one in value.items():
            yield from _operations(key)
            yield from _operations(one)
        yield b"u"
    else:
        yield {tuple: b"(", list: b"]("}[type(value)]
        for one in value:
            yield from _operations(one)
        yield {tuple: b"t", list: b"e"}[type(value)]


def tensor(key, shape, strides=None, *, offset=0, length=None, dtype="f4", view=()):
    """Return a call that rebuilds a tensor; contiguous, and as long as its storage, unless told otherwise."""
    if strides is None:
        strides = tuple(int(np.prod(shape[i + 1 :])) for i in range(len(shape)))
    length = int(np.prod(shape)) if length is None else length
    storage = Storage(("storage", Name("torch", STORAGES[dtype]), key, "cpu", length, *view))
    hooks = Call(Name("collections", "OrderedDict"), ())
    arguments = (storage, offset, tuple(shape), tuple(strides), False, hooks)
    return Call(Name("torch._utils", "_rebuild_tensor_v2"), arguments)


def archive(value, storages, order=b"little"):
    """Return a file of the zip format; `storages` maps keys to bytes. A value of bytes is the pickle itself."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as entries:
        entries.writestr("archive/data.pkl", value if isinstance(value, bytes) else dumps(value))
        if order is not None:
            entries.writestr("archive/byteorder", order)
        for key, data in storages.items():
            entries.writestr(f"archive/data/{key}", data)
        entries.writestr("archive/version", b"3\n")
    return file.getvalue()


def sequence(value, storages, itemsize=4):
    """Return a file of the format before PyTorch 1.6. A storage is bytes, or the number of values and bytes."""
    system = {"protocol_version": VERSION, "little_endian": True, "type_sizes": {"int": 4}}
    body = value if isinstance(value, bytes) else dumps(value)
    parts = [dumps(MAGIC), dumps(VERSION), dumps(system), body, dumps(list(storages))]
    for one in storages.values():
        length, data = one if isinstance(one, tuple) else (len(one) // itemsize, one)
        parts += [struct.pack("<q", length), data]
    return b"".join(parts)


WRITERS = {"archive": archive, "sequence": sequence}


def state(arrays, form="archive"):
    """Return the value and the storages of a state_dict of float32 arrays."""
    view = (None,) if form == "sequence" else ()
    value = {
        name: tensor(str(i), array.shape, view=view)
        for i, (name, array) in enumerate(arrays.items())
    }
    storages = {str(i): array.astype("<f4").tobytes() for i, array in enumerate(arrays.values())}
    return WithAttributes(Ordered(value), {"_metadata": {"": {"version": 1}}}), storages


def weights_file(arrays, form="archive"):
    """Return the file of a state_dict of float32 arrays."""
    return WRITERS[form](*state(arrays, form))
