"""Model files: a manifest in JSON, and float32 arrays.

Both formats hold two texts beside the arrays: "convnet", the manifest, and "digest", its checksum. The manifest holds
the checksum of the arrays, so a changed byte in either is detected. Nothing in a file is run. Arrays are read when
their shapes are known to be those of the net in the manifest: no memory is allocated just because a header asks for it.
"""

from __future__ import annotations

import hashlib
import json
import os
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from convnet.persistence import npz, tensors
from convnet.persistence.files import atomic_write, check_path
from convnet.values.messages import did_you_mean, listed, quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from types import ModuleType

    from numpy.typing import NDArray

    Model = TypeVar("Model")
    Arrays = dict[str, NDArray[np.float32]]
    ReadArrays = Callable[[Mapping[str, Sequence[int]]], Arrays]
    ModelReader = npz.NpzReader | tensors.SafetensorsReader


# Raised when the manifest changes its meaning. From 0.1.0 on, each release reads the files of all earlier releases, so
# the code that reads an earlier format stays, and so do the files in tests/model_io/files that were written in it.
FORMAT = 1
READ_FORMATS = range(1, FORMAT + 1)
# Limits on a manifest, so that what is built from it takes memory in proportion to the file. The first allows the
# histories of 100,000 epochs. The second counts lists and objects, each of which takes more memory than its text.
MAX_CHARACTERS, MAX_CONTAINERS = 2**24, 2**20
ENDINGS = {".npz": npz, ".safetensors": tensors}


class ModelFileError(ValueError):
    """A file does not hold a model, or weights of another library, that this convnet can read.

    It is another kind of file, truncated, altered, or written by a newer release.

    Parameters
    ----------
    message : str
        Path and reason.

    Examples
    --------
    >>> import convnet
    >>> open("notes.npz", "w").close()
    >>> try:
    ...     convnet.load("notes.npz")
    ... except convnet.ModelFileError as error:
    ...     print("no model")
    no model
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)


def write(
    path: str | os.PathLike[str], manifest: Mapping[str, Any], arrays: Mapping[str, np.ndarray]
) -> None:
    """Write a model. An existing file is replaced as a whole.

    Parameters
    ----------
    path : str or path
        Path that ends in .npz or .safetensors, which chooses the format.
    manifest : dict
        Values that JSON can hold.
    arrays : mapping of str to float32 ndarray
        The weights.

    Raises
    ------
    ValueError
        If the path has another ending, its folder does not exist, or the manifest is too long.
    ImportError
        If safetensors is needed and not installed.
    """
    module = _module(path)
    arrays = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    manifest = {"format": FORMAT, **manifest, "arrays": _digest_of_arrays(arrays)}
    text = json.dumps(manifest, allow_nan=False)
    if _is_too_long(text):
        raise ValueError(
            f"save: the manifest of the model has more than {MAX_CHARACTERS} characters or {MAX_CONTAINERS} lists "
            "and objects. Pickle the model instead."
        )
    with atomic_write(check_path("save", path)) as file:
        module.write(file, {"convnet": text, "digest": _digest(text.encode())}, arrays)


def read(path: str | os.PathLike[str], build: Callable[[Any, ReadArrays], Model]) -> Model:
    """Return the model in a file.

    Parameters
    ----------
    path : str or path
        Path that ends in .npz or .safetensors.
    build : callable
        Makes the model from the manifest and a function that takes {name: shape} of all arrays and returns
        {name: float32 ndarray}.

    Raises
    ------
    ModelFileError
        If anything is wrong with the content of the file.
    OSError
        If the file cannot be opened.
    ValueError
        If the path has another ending.
    ImportError
        If safetensors is needed and not installed.
    """
    module = _module(path)
    path = os.fspath(path)
    module.check_installed()
    check_exists(path, ENDINGS)
    try:
        with module.open_file(path) as reader:
            manifest = _manifest(reader)
            return build(manifest, lambda shapes: _arrays(reader, shapes, manifest["arrays"]))
    except Exception as error:  # a file can be wrong in as many ways as there are exceptions
        what = "is not a model that this convnet can read"
        raise ModelFileError(failure(path, what, error)) from error


def holds_model(path: str | os.PathLike[str]) -> bool:
    """Return whether a file has the manifest of a model. A file of weights from elsewhere has none."""
    module = ENDINGS.get(os.path.splitext(os.fspath(path))[1])
    if module is None:
        return False
    module.check_installed()
    try:
        with module.open_file(os.fspath(path)) as reader:
            return "convnet" in reader.names()
    except Exception:  # damaged, missing, or of another kind
        return False


def check_exists(path: str, endings: Collection[str]) -> None:
    """Raise OSError if a file cannot be opened; if there is none, with a similar one that has such an ending."""
    try:
        with open(path, "rb"):  # an OSError here is not about the content
            pass
    except FileNotFoundError as error:
        message = f"There is no file {quoted(path)}.{_similar_file(path, endings)}"
        raise FileNotFoundError(error.errno, message) from None


def failure(path: str, what: str, error: Exception) -> str:
    """Return the error message about a file: `what` says which kind of file it is not, and `error` why."""
    return f"{quoted(path)} {what}, or it was truncated or altered: {_reason(error)}"


def _similar_file(path: str, endings: Collection[str]) -> str:
    """Return where a path that does not exist was looked for, and the file that may be meant instead."""
    folder, name = os.path.split(os.path.abspath(path))
    if not os.path.isdir(folder):
        return f" There is no folder {quoted(folder)} either."
    models = [other for other in os.listdir(folder) if os.path.splitext(other)[1] in endings]
    return did_you_mean(name, models, similarity=0.7) or f" It was looked for in {quoted(folder)}."


def _module(path: str | os.PathLike[str]) -> ModuleType:
    ending = os.path.splitext(os.fspath(path))[1]
    if ending not in ENDINGS:
        raise ValueError(
            f"{quoted(os.fspath(path))} must end in {' or '.join(ENDINGS)}. The ending sets the file format."
        )
    return ENDINGS[ending]


def _manifest(reader: ModelReader) -> Any:
    text = reader.text("convnet")
    if text is None:
        raise ValueError('it has no entry "convnet".')
    if _is_too_long(text):
        raise ValueError("its manifest is too long.")
    manifest = json.loads(text)
    found = manifest["format"]
    if found not in READ_FORMATS:
        raise ValueError(
            f"it has format {found}; this convnet reads format {listed(READ_FORMATS)}. Upgrade convnet."
        )
    if reader.text("digest") != _digest(text.encode()):
        raise ValueError("the checksum of its manifest does not match.")
    return manifest


def _is_too_long(text: str) -> bool:
    return len(text) > MAX_CHARACTERS or text.count("[") + text.count("{") > MAX_CONTAINERS


def _arrays(reader: ModelReader, shapes: Mapping[str, Sequence[int]], digest: str) -> Arrays:
    found = reader.names() - {"convnet", "digest"}
    if found != shapes.keys():
        differing = listed(sorted(found ^ shapes.keys()))
        raise ValueError(f"its arrays do not match its layers: {differing}.")
    arrays = {name: reader.array(name, np.float32, tuple(shape)) for name, shape in shapes.items()}
    if _digest_of_arrays(arrays) != digest:
        raise ValueError("the checksum of its arrays does not match.")
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
        return f"the key {error} is missing."
    return " ".join(str(error).split())[:300] or type(error).__name__
