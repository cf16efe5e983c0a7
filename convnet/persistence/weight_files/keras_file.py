"""Weights that Keras saved as HDF5 (.h5), as arrays by name.

::

    layers/conv2d/vars/0                     Keras 3, save_weights("x.weights.h5"); vars have numbers instead of names
    conv2d/conv2d/kernel:0                   Keras 2, save_weights("x.h5"); attributes list layers in their order
    model_weights/conv2d/conv2d/kernel:0     Keras 2 and 3, save("x.h5"), beside the state of the optimizer

h5py reads the file. Links to other files, compressed data and data that lie in other files are refused, so that a file
cannot make the reader open another one, nor take more memory than its own size.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from convnet._extras import missing_extra
from convnet.persistence.weight_files.natural_order import natural_order
from convnet.values.messages import show

if TYPE_CHECKING:
    from types import ModuleType

MAX_DEPTH = 16  # of groups
MAX_OBJECTS = 2**17  # groups and arrays
NOT_WEIGHTS = ("optimizer", "optimizer_weights", "metrics", "loss_tracker", "compile_metrics")


def check_installed() -> None:
    """Raise ImportError if h5py is not installed."""
    _library()


def read_keras(path: str) -> tuple[dict[str, np.ndarray], bool]:
    """Return the arrays in an HDF5 file, and whether they are in the order of the layers.

    Parameters
    ----------
    path : str
        The file.

    Returns
    -------
    arrays : dict of str to ndarray
        With names such as "conv2d/kernel" or "layers/conv2d/vars/0".
    ordered : bool
        False for Keras 3's format, which sorts layers by their names.

    Raises
    ------
    ValueError
        If it holds something else, is truncated or altered. Any other exception has the same meaning.
    """
    h5py = _library()
    with h5py.File(path, "r") as file:
        root = file
        if "model_weights" in file.keys():  # noqa: SIM118  `in file` would follow links
            root = _member(h5py, file, "model_weights")
        names = _listed_names(root, "layer_names")
        reader = _Reader(h5py, os.path.getsize(path))
        for name in natural_order(root.keys()) if names is None else names:
            if name not in NOT_WEIGHTS:
                reader.visit(root, name, (), 0)
    return reader.arrays, names is not None


class _Reader:
    """Collects the arrays below a group."""

    def __init__(self, h5py: ModuleType, size: int) -> None:
        self.h5py, self.left, self.n_objects = h5py, size, 0
        self.arrays: dict[str, np.ndarray] = {}

    def visit(self, group: Any, name: str, path: tuple[str, ...], depth: int) -> None:
        self.n_objects += 1
        if depth > MAX_DEPTH or self.n_objects > MAX_OBJECTS:
            raise ValueError(
                f"its groups are nested more than {MAX_DEPTH} deep, or are more than {MAX_OBJECTS:,}."
            )
        for part in name.split("/"):  # of a name in an attribute: "conv1_conv/kernel:0"
            group = _member(self.h5py, group, part)
            path = path if path and path[-1] == part else (*path, part)
        if isinstance(group, self.h5py.Dataset):
            self.add("/".join(path).removesuffix(":0"), group)
        elif isinstance(group, self.h5py.Group):
            names = _listed_names(group, "weight_names")
            for inner in natural_order(group.keys()) if names is None else names:
                self.visit(group, inner, path, depth + 1)

    def add(self, name: str, dataset: Any) -> None:
        dtype, shape = dataset.dtype, dataset.shape
        if shape is None or dtype.kind not in "buif" or dtype.itemsize > 8:
            return  # texts, such as the names of classes
        if dataset.compression is not None or dataset.is_virtual or dataset.external:
            raise ValueError(f"{show(name)} is compressed, or lies in another file.")
        n_bytes = dataset.size * dtype.itemsize
        if n_bytes > min(self.left, dataset.id.get_storage_size()):
            raise ValueError(f"{show(name)} of shape {shape} is larger than what the file holds.")
        self.left -= n_bytes
        self.arrays[name] = dataset[()] if shape else np.asarray(dataset[()])


def _member(h5py: ModuleType, group: Any, name: str) -> Any:
    """Return the group or the dataset of this name. Links to other places and files are refused."""
    link = group.get(name, getlink=True) if isinstance(group, h5py.Group) else None
    if link is None:
        raise ValueError(f"it has no {show(name)}, which its attributes list.")
    if not isinstance(link, h5py.HardLink):
        raise ValueError(f"{show(name)} is a link to another place or file.")
    return group[name]


def _listed_names(group: Any, attribute: str) -> list[str] | None:
    """Return the names in an attribute, or None. Long lists are divided: weight_names0, weight_names1."""
    if attribute in group.attrs:
        parts = [group.attrs[attribute]]
    else:
        parts = []
        while f"{attribute}{len(parts)}" in group.attrs and len(parts) < MAX_OBJECTS:
            parts.append(group.attrs[f"{attribute}{len(parts)}"])
        if not parts:
            return None
    names = [name for part in parts for name in np.atleast_1d(part).tolist()]
    return [name.decode("utf-8") if isinstance(name, bytes) else str(name) for name in names]


def _library() -> ModuleType:
    try:
        import h5py
    except ImportError:
        raise ImportError(missing_extra("A .h5 file", "h5py", "h5")) from None
    return h5py
