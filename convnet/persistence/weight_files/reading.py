"""Files of weights as arrays by name."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from convnet.persistence import npz, tensors
from convnet.persistence.model_file import ModelFileError, check_exists, failure
from convnet.persistence.weight_files import keras_file
from convnet.persistence.weight_files.natural_order import natural_order
from convnet.persistence.weight_files.torch_file import read_torch
from convnet.values.messages import quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    import numpy as np

# Beginnings that all names of a net have if it was wrapped before it was saved.
WRAPPERS = ("module.", "model.", "_orig_mod.", "net.", "network.", "backbone.", "encoder.")


class StoredArrays(NamedTuple):
    """What a file of weights holds.

    Attributes
    ----------
    arrays : mapping of str to ndarray
        By name.
    ordered : bool
        Whether they are in the order in which the net has them, and not sorted by name.
    """

    arrays: Mapping[str, np.ndarray]
    ordered: bool


def read_weights(path: str) -> StoredArrays:
    """Return the arrays in a file of weights. Nothing in it is run.

    Parameters
    ----------
    path : str
        Path that ends in .safetensors, .pth, .pt, .bin, .npz, .h5 or .hdf5, which chooses the format.

    Raises
    ------
    ModelFileError
        If anything is wrong with the content of the file.
    OSError
        If the file cannot be opened.
    ValueError
        If the path has another ending.
    ImportError
        If an optional library is needed and not installed.
    """
    ending = os.path.splitext(path)[1].lower()
    if ending == ".keras":
        raise ValueError(
            f'{quoted(path)} is a whole model of Keras. Write model.save_weights("name.weights.h5") in Keras, and '
            "pass that file."
        )
    if ending not in READERS:
        raise ValueError(
            f"{quoted(path)} must end in {', '.join(READERS)}. The ending sets the file format."
        )
    check_installed, read = READERS[ending]
    check_installed()
    check_exists(path, READERS)
    try:
        arrays, ordered = read(path)
        if not arrays:
            raise ValueError("it has no arrays.")
    except Exception as error:  # a file can be wrong in as many ways as there are exceptions
        raise ModelFileError(
            failure(path, f"does not hold weights in the format of {ending} files", error)
        ) from error
    return StoredArrays(without_common_prefix(arrays), ordered)


def without_common_prefix(arrays: Mapping[str, np.ndarray]) -> Mapping[str, np.ndarray]:
    """Return arrays without beginnings such as "module." that all names have and wrappers add."""
    while prefix := next((p for p in WRAPPERS if _all_begin(arrays, p)), ""):
        arrays = {name.removeprefix(prefix): array for name, array in arrays.items()}
    return arrays


def _all_begin(names: Iterable[str], prefix: str) -> bool:
    named = list(names)
    return bool(named) and all(name.startswith(prefix) for name in named)


def _read_npz(path: str) -> tuple[dict[str, np.ndarray], bool]:
    with npz.open_file(path) as reader:
        return {name: reader.numbers(name) for name in reader.ordered_names()}, True


def _read_safetensors(path: str) -> tuple[dict[str, np.ndarray], bool]:
    with tensors.open_file(path) as reader:
        arrays = reader.all_numbers()
    return {name: arrays[name] for name in natural_order(arrays)}, False


def _read_torch(path: str) -> tuple[dict[str, np.ndarray], bool]:
    return read_torch(path), True


_TORCH = (npz.check_installed, _read_torch)
_KERAS = (keras_file.check_installed, keras_file.read_keras)
READERS: dict[str, tuple[Callable[[], None], Callable[[str], tuple[dict[str, np.ndarray], bool]]]]
READERS = {
    ".safetensors": (tensors.check_installed, _read_safetensors),
    ".pth": _TORCH,
    ".pt": _TORCH,
    ".bin": _TORCH,
    ".npz": (npz.check_installed, _read_npz),
    ".h5": _KERAS,
    ".hdf5": _KERAS,
}
