"""The pickles in files of torch.save, read by an interpreter that imports and calls nothing.

A pickle is a program for a stack machine. `read_pickle` runs the operations that build numbers, strings, containers and
tensors. A pickle may call any function that it names; here it may name those of `FUNCTIONS`, each of which builds a
`StoredTensor` or an empty container, and classes of storages and dtypes, which are looked up in tables. Everything else
is refused by its name.

Operations: https://docs.python.org/3/library/pickletools.html. Python's own `pickle.Unpickler` is not used, because it
allocates memory that an operation merely asks for, such as a memo of 2³² entries.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

from convnet.values.messages import show

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_OPERATIONS = (
    2**22
)  # of a pickle; a tensor takes about 60, and no operation takes more than some 100 bytes
MAX_LINE = 512  # characters of the name of a module or of a class
MAX_AXES = 16
MAX_INDEX = 2**62  # of sides, strides and offsets

# The values of a storage: a dtype of NumPy without byte order, or "bfloat16", the upper half of a float32.
STORAGES = {
    "DoubleStorage": "f8",
    "FloatStorage": "f4",
    "HalfStorage": "f2",
    "BFloat16Storage": "bfloat16",
    "LongStorage": "i8",
    "IntStorage": "i4",
    "ShortStorage": "i2",
    "CharStorage": "i1",
    "ByteStorage": "u1",
    "BoolStorage": "b1",
    "UntypedStorage": "u1",
}
DTYPES = {
    "float64": "f8",
    "float32": "f4",
    "float16": "f2",
    "bfloat16": "bfloat16",
    "int64": "i8",
    "int32": "i4",
    "int16": "i2",
    "int8": "i1",
    "uint8": "u1",
    "uint16": "u2",
    "uint32": "u4",
    "uint64": "u8",
    "bool": "b1",
}


@dataclass(frozen=True)
class StoredValues:
    """A storage: consecutive values in the file, which several tensors may share.

    Parameters
    ----------
    key : str
        Names the values in the file.
    dtype : str
        A value of `STORAGES`.
    length : int
        Number of values.
    start : int, default=0
        Number of values of the storage in the file before the first one.
    """

    key: str
    dtype: str
    length: int
    start: int = 0


@dataclass(frozen=True)
class StoredTensor:
    """A tensor: a view of a storage.

    Parameters
    ----------
    values : StoredValues
    offset : int
        Index of its first value in the storage.
    shape, strides : tuple of int
        Strides count values.
    dtype : str
        A value of `DTYPES`.
    """

    values: StoredValues
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    dtype: str


@dataclass(frozen=True)
class _PickledFunction:
    """A function that a pickle names. Only those of this file are ever called."""

    name: str
    call: Callable[..., Any]


@dataclass(frozen=True)
class _TorchType:
    """A class of storages or a dtype that a pickle names: the dtype of its values."""

    dtype: str
    is_storage: bool


_MARK = object()


def read_pickle(file: IO[bytes], size: int, storages: dict[str, str]) -> Any:
    """Return the value of a pickle.

    Parameters
    ----------
    file : binary file
        At the beginning of the pickle. Is left behind its end.
    size : int
        Number of bytes in the file.
    storages : dict of str to str
        Gets the dtype of each storage that the pickle mentions, by its key.

    Returns
    -------
    value : object
        Numbers, strings, lists, tuples, dicts and `StoredTensor`.

    Raises
    ------
    ValueError
        If the pickle is truncated or invalid, is too long, or holds something else; the message names it.
    """
    return _PickleMachine(file, size, storages).run()


class _PickleMachine:
    """The stack machine. The comments beside its operations show the top of the stack before and after."""

    def __init__(self, file: IO[bytes], size: int, storages: dict[str, str]) -> None:
        self.file, self.size, self.storages = file, size, storages
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}
        self.copied = 0  # entries of the lists that calls made dicts of

    def run(self) -> Any:
        for _ in range(MAX_OPERATIONS):
            code = self.read(1)
            if code == b".":
                return self.pop()
            operation = _OPERATIONS.get(code)
            if operation is None:
                raise ValueError(
                    f"its pickle has the operation {code!r}, which files of weights do not need. {STATE_DICT}"
                )
            operation(self)
            if self.copied > MAX_OPERATIONS:
                break
        raise ValueError(f"its pickle has more than {MAX_OPERATIONS:,} operations. {STATE_DICT}")

    def read(self, n: int) -> bytes:
        if n > self.size:  # before memory is allocated for them
            raise ValueError("it is truncated, or a length in it is wrong.")
        data = self.file.read(n)
        if len(data) != n:
            raise ValueError("it is truncated: a pickle ends too early.")
        return data

    def number(self, form: str) -> Any:
        return struct.unpack(form, self.read(struct.calcsize(form)))[0]

    def line(self) -> str:
        data = self.file.readline(MAX_LINE)
        if not data.endswith(b"\n"):
            raise ValueError("it is truncated, or a name in it is too long.")
        return data[:-1].decode("utf-8")

    def push(self, value: Any) -> None:
        self.stack.append(value)

    def pop(self) -> Any:
        value = self.stack.pop() if self.stack else _MARK
        if value is _MARK:
            raise ValueError("its pickle takes more values from the stack than there are.")
        return value

    def pop_to_mark(self) -> list[Any]:
        """Remove the values above the last mark, and the mark."""
        for i in range(len(self.stack) - 1, -1, -1):
            if self.stack[i] is _MARK:
                values = self.stack[i + 1 :]
                del self.stack[i:]
                return values
        raise ValueError("its pickle has no mark on the stack.")

    def top(self, kind: type) -> Any:
        value = self.stack[-1] if self.stack else None
        if type(value) is not kind:
            raise ValueError(
                f"its pickle puts entries into something that is not a {kind.__name__}."
            )
        return value

    def text(self, n: int) -> None:
        self.push(self.read(n).decode("utf-8", "surrogatepass"))

    def tuple_of(self, n: int) -> None:
        values = [self.pop() for _ in range(n)]
        self.push(tuple(reversed(values)))

    def get(self, index: int) -> None:
        if index not in self.memo:
            raise ValueError("its pickle refers to a value that it has not stored.")
        self.push(self.memo[index])

    def put(self, index: int) -> None:
        if not self.stack or self.stack[-1] is _MARK:
            raise ValueError("its pickle stores a value that is not there.")
        self.memo[index] = self.stack[-1]

    def skip_frame(self) -> None:
        self.read(8)

    def set_items(self, values: list[Any]) -> None:
        items = self.top(dict)
        if len(values) % 2:
            raise ValueError("its pickle has a key without a value.")
        for key, value in zip(values[::2], values[1::2], strict=True):
            items[_key(key)] = value

    def set_item(self) -> None:  # dict key value -> dict
        value, key = self.pop(), self.pop()
        self.set_items([key, value])

    def extend(self, values: list[Any]) -> None:
        self.top(list).extend(values)

    def append(self) -> None:  # list value -> list
        self.extend([self.pop()])

    def long(self, n: int) -> None:
        self.push(int.from_bytes(self.read(n), "little", signed=True))

    def name(self, module: Any, name: Any) -> None:
        if not (isinstance(module, str) and isinstance(name, str)):
            raise ValueError("its pickle names a function by something that is not a string.")
        self.push(_find(module, name))

    def stack_name(self) -> None:  # module name -> function
        name, module = self.pop(), self.pop()
        self.name(module, name)

    def reduce(self) -> None:  # function arguments -> value
        arguments, function = self.pop(), self.pop()
        if not isinstance(function, _PickledFunction) or type(arguments) is not tuple:
            raise ValueError(f"its pickle calls something that is not a function. {STATE_DICT}")
        if (
            function.call is _dict
        ):  # the list is left as it was, so a pickle could copy it again and again
            self.copied += sum(len(items) for items in arguments if isinstance(items, list | tuple))
        try:
            self.push(function.call(*arguments))
        except TypeError as error:  # another number of arguments
            raise ValueError(f"its pickle calls {function.name} in another way: {error}.") from None

    def build(self) -> None:  # value state -> value
        """Skip the attributes of a dict: `_metadata` of a state_dict, which has versions of modules."""
        self.pop()
        self.top(dict)

    def storage(self) -> None:  # persistent id -> storage
        values = _storage(self.pop())
        if self.storages.setdefault(values.key, values.dtype) != values.dtype:
            raise ValueError(f"its pickle gives the values {show(values.key)} two dtypes.")
        self.push(values)


STATE_DICT = "Save the weights alone: torch.save(model.state_dict(), path)."


def _find(module: str, name: str) -> Any:
    """Return what a pickle may use under a name. Nothing is imported."""
    whole = f"{module}.{name}"
    if whole in FUNCTIONS:
        return _PickledFunction(whole, FUNCTIONS[whole])
    if module in ("torch", "torch.storage", "torch.cuda") and name in STORAGES:
        return _TorchType(STORAGES[name], True)
    if module == "torch" and name in DTYPES:
        return _TorchType(DTYPES[name], False)
    raise ValueError(f"its pickle uses {show(whole)}, which is not a part of weights. {STATE_DICT}")


def _storage(identity: Any) -> StoredValues:
    """Return the storage of a persistent id.

    That is ("storage", class, key, location, length). In files of the old format, (key of the view, first value,
    length) follows, or None: the storage is then a part of another one.
    """
    if type(identity) is not tuple or len(identity) not in (5, 6) or identity[0] != "storage":
        raise ValueError("its pickle refers to something that is not a storage.")
    _, kind, key, _, length, *view = identity
    if not isinstance(kind, _TorchType) or not kind.is_storage or not isinstance(key, str):
        raise ValueError("its pickle describes a storage in another way.")
    start = 0
    if view and view[0] is not None:
        if type(view[0]) is not tuple or len(view[0]) != 3:
            raise ValueError("its pickle describes a part of a storage in another way.")
        _, start, length = view[0]
    return StoredValues(key, kind.dtype, _index(length), _index(start))


def _index(value: Any) -> int:
    if type(value) is not int or not 0 <= value <= MAX_INDEX:
        raise ValueError(
            f"its pickle has {show(value)} where a size, a stride or an offset has to be."
        )
    return value


def _indices(values: Any) -> tuple[int, ...]:
    if type(values) is not tuple or len(values) > MAX_AXES:
        raise ValueError(f"its pickle has a tensor with other than 0 to {MAX_AXES} axes.")
    return tuple(map(_index, values))


def _tensor(values: Any, offset: Any, size: Any, stride: Any, *ignored: Any) -> StoredTensor:
    """Return the tensor of ``torch._utils._rebuild_tensor_v2``; `ignored` are requires_grad, hooks and metadata."""
    return _checked(values, offset, size, stride, values.dtype if _is_storage(values) else "")


def _tensor_of_dtype(
    values: Any, offset: Any, size: Any, stride: Any, grad: Any, hooks: Any, dtype: Any, *rest: Any
) -> StoredTensor:
    """Return the tensor of ``torch._utils._rebuild_tensor_v3``, whose storage counts bytes."""
    if not isinstance(dtype, _TorchType) or dtype.is_storage:
        raise ValueError("its pickle has a tensor without a dtype.")
    return _checked(values, offset, size, stride, dtype.dtype)


def _is_storage(values: Any) -> bool:
    return isinstance(values, StoredValues)


def _checked(values: Any, offset: Any, size: Any, stride: Any, dtype: str) -> StoredTensor:
    if not _is_storage(values):
        raise ValueError("its pickle has a tensor without a storage.")
    shape, strides = _indices(size), _indices(stride)
    if len(shape) != len(strides):
        raise ValueError("its pickle has a tensor with a stride for another number of axes.")
    return StoredTensor(values, _index(offset), shape, strides, dtype)


def _parameter(data: Any, *ignored: Any) -> Any:
    """Return the tensor of ``torch._utils._rebuild_parameter``."""
    return data


def _dict(items: Any = ()) -> dict[Any, Any]:
    """Return the dict of ``collections.OrderedDict``. Python 2 passes it a list of lists [key, value]."""
    pairs = list(items.items()) if type(items) is dict else items
    if type(pairs) not in (list, tuple) or not all(
        type(pair) in (list, tuple) and len(pair) == 2 for pair in pairs
    ):
        raise ValueError("its pickle fills a dict in another way.")
    return {_key(key): value for key, value in pairs}


def _key(key: Any) -> Any:
    if not isinstance(key, str | int | float | bytes | None):
        raise ValueError(f"its pickle has a dict with a {type(key).__name__} as a key.")
    return key


def _size(values: Any) -> tuple[int, ...]:
    return _indices(values)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "collections.OrderedDict": _dict,
    "torch._utils._rebuild_tensor": _tensor,
    "torch._utils._rebuild_tensor_v2": _tensor,
    "torch._utils._rebuild_tensor_v3": _tensor_of_dtype,
    "torch._utils._rebuild_parameter": _parameter,
    "torch.Size": _size,
}

_OPERATIONS: dict[bytes, Callable[[_PickleMachine], Any]] = {
    b"\x80": lambda m: m.read(1),  # PROTO
    b"\x95": _PickleMachine.skip_frame,  # FRAME
    b"(": lambda m: m.push(_MARK),  # MARK
    b"0": _PickleMachine.pop,  # POP
    b"N": lambda m: m.push(None),  # NONE
    b"\x88": lambda m: m.push(True),  # NEWTRUE
    b"\x89": lambda m: m.push(False),  # NEWFALSE
    b"K": lambda m: m.push(m.number("<B")),  # BININT1
    b"M": lambda m: m.push(m.number("<H")),  # BININT2
    b"J": lambda m: m.push(m.number("<i")),  # BININT
    b"\x8a": lambda m: m.long(m.number("<B")),  # LONG1
    b"G": lambda m: m.push(m.number(">d")),  # BINFLOAT
    b"X": lambda m: m.text(m.number("<I")),  # BINUNICODE
    b"\x8c": lambda m: m.text(m.number("<B")),  # SHORT_BINUNICODE
    b"\x8d": lambda m: m.text(m.number("<Q")),  # BINUNICODE8
    b"U": lambda m: m.text(m.number("<B")),  # SHORT_BINSTRING, of Python 2
    b"T": lambda m: m.text(m.number("<I")),  # BINSTRING, of Python 2
    b"C": lambda m: m.push(m.read(m.number("<B"))),  # SHORT_BINBYTES
    b"B": lambda m: m.push(m.read(m.number("<I"))),  # BINBYTES
    b")": lambda m: m.push(()),  # EMPTY_TUPLE
    b"\x85": lambda m: m.tuple_of(1),  # TUPLE1
    b"\x86": lambda m: m.tuple_of(2),  # TUPLE2
    b"\x87": lambda m: m.tuple_of(3),  # TUPLE3
    b"t": lambda m: m.push(tuple(m.pop_to_mark())),  # TUPLE
    b"]": lambda m: m.push([]),  # EMPTY_LIST
    b"a": _PickleMachine.append,  # APPEND
    b"e": lambda m: m.extend(m.pop_to_mark()),  # APPENDS
    b"}": lambda m: m.push({}),  # EMPTY_DICT
    b"s": _PickleMachine.set_item,  # SETITEM
    b"u": lambda m: m.set_items(m.pop_to_mark()),  # SETITEMS
    b"q": lambda m: m.put(m.number("<B")),  # BINPUT
    b"r": lambda m: m.put(m.number("<I")),  # LONG_BINPUT
    b"\x94": lambda m: m.put(len(m.memo)),  # MEMOIZE
    b"h": lambda m: m.get(m.number("<B")),  # BINGET
    b"j": lambda m: m.get(m.number("<I")),  # LONG_BINGET
    b"c": lambda m: m.name(m.line(), m.line()),  # GLOBAL
    b"\x93": _PickleMachine.stack_name,  # STACK_GLOBAL
    b"R": _PickleMachine.reduce,  # REDUCE
    b"b": _PickleMachine.build,  # BUILD
    b"Q": _PickleMachine.storage,  # BINPERSID
}
