"""A model in a file: a description, which is JSON, and float32 arrays.

Both formats hold two texts beside the arrays: "convnet", the JSON, and "digest", its checksum. The JSON holds the
checksum of the arrays, so that a changed byte of either does not go unseen. Nothing in a file is run, and no memory is
taken for what its headers promise: arrays are read once their shapes are known to be those of the net described.
"""

from __future__ import annotations

import hashlib
import json
import os
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from convnet.persistence import npz, tensors
from convnet.persistence.errors import ModelFileError
from convnet.persistence.files import check_path, replaced

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import ModuleType

    from numpy.typing import NDArray

    T = TypeVar("T")
    Arrays = dict[str, NDArray[np.float32]]
    Fetch = Callable[[Mapping[str, Sequence[int]]], Arrays]
    Reader = npz.Reader | tensors.Reader


FORMAT = 1  # raised when the description changes its meaning; each release reads all up to its own
# Of a description, so that what is made of it in memory is in proportion: characters, the figures of 100,000 epochs;
# lists and objects, each of which takes more than what it holds.
MOST_TEXT, MOST_PARTS = 2**24, 2**20
ENDINGS = {".npz": npz, ".safetensors": tensors}


def write(
    path: str | os.PathLike[str], description: Mapping[str, Any], arrays: Mapping[str, np.ndarray]
) -> None:
    """Write a model; the file is replaced as a whole.

    Parameters
    ----------
    path : str or path
        Ends in .npz or .safetensors, which decides the format.
    description : dict
        Fit for JSON.
    arrays : mapping of str to float32 ndarray
        The weights.

    Raises
    ------
    ValueError
        The ending is another, the folder does not exist, or the description is too long.
    ImportError
        safetensors is not installed.
    """
    module = _module(path)
    arrays = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    description = {"format": FORMAT, **description, "arrays": _digest_of_arrays(arrays)}
    text = json.dumps(description, allow_nan=False)
    if _is_long(text):
        raise ValueError(
            f"save: what is to be said of the model has more than {MOST_TEXT} characters or {MOST_PARTS} parts. "
            "Pickle it instead."
        )
    with replaced(check_path("save", path)) as file:
        module.write(file, {"convnet": text, "digest": _digest(text.encode())}, arrays)


def read(path: str | os.PathLike[str], build: Callable[[Any, Fetch], T]) -> T:
    """Return the model in a file.

    Parameters
    ----------
    path : str or path
        Ends in .npz or .safetensors.
    build : callable
        Makes the model of the description and a function that is given {name: shape} of all arrays, and
        returns {name: float32 ndarray}.

    Raises
    ------
    ModelFileError
        Whatever is wrong with the file.
    OSError
        It cannot be opened.
    ValueError
        The ending is another.
    ImportError
        safetensors is not installed.
    """
    module = _module(path)
    path = os.fspath(path)
    module.check_installed()
    with open(path, "rb"):  # whether it can be read is no matter of its contents
        pass
    try:
        with module.Reader(path) as reader:
            description = _description(reader)
            return build(description, lambda shapes: _arrays(reader, shapes, description["arrays"]))
    except Exception as error:  # a file can be wrong in as many ways as there are exceptions
        raise ModelFileError(
            f"{path!r} is no model that this convnet can read, or it was truncated or altered: {_reason(error)}"
        ) from error


def _module(path: str | os.PathLike[str]) -> ModuleType:
    ending = os.path.splitext(os.fspath(path))[1]
    if ending not in ENDINGS:
        raise ValueError(
            f"{os.fspath(path)!r} must end in {' or '.join(ENDINGS)}, which decides the format."
        )
    return ENDINGS[ending]


def _description(reader: Reader) -> Any:
    text = reader.text("convnet")
    if text is None:
        raise ValueError('it has no entry "convnet".')
    if _is_long(text):
        raise ValueError("its description is too long.")
    description = json.loads(text)
    found = description["format"]
    if found != FORMAT:
        raise ValueError(
            f"it has format {found}; this convnet reads format {FORMAT}. Upgrade convnet."
        )
    if reader.text("digest") != _digest(text.encode()):
        raise ValueError("its description does not have the checksum it was written with.")
    return description


def _is_long(text: str) -> bool:
    return len(text) > MOST_TEXT or text.count("[") + text.count("{") > MOST_PARTS


def _arrays(reader: Reader, shapes: Mapping[str, Sequence[int]], digest: str) -> Arrays:
    found = reader.names() - {"convnet", "digest"}
    if found != shapes.keys():
        differing = ", ".join(sorted(found ^ shapes.keys()))
        raise ValueError(f"its arrays are not those of its layers: {differing}.")
    arrays = {name: reader.array(name, np.float32, tuple(shape)) for name, shape in shapes.items()}
    if _digest_of_arrays(arrays) != digest:
        raise ValueError("its arrays do not have the checksum they were written with.")
    return arrays


def _digest_of_arrays(arrays: Mapping[str, np.ndarray]) -> str:
    parts: list[bytes | memoryview] = []
    for name in sorted(arrays):
        array = arrays[name]
        parts += f"{name} {array.shape}".encode(), array.astype("<f4", copy=False).data
    return _digest(*parts)


def _digest(*parts: bytes | memoryview) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        digest.update(part)
    return digest.hexdigest()


def _reason(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"there is no {error} where it was looked up."
    return " ".join(str(error).split())[:300] or type(error).__name__
