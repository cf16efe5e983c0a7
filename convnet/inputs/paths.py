"""Paths and the bytes of files in place of X: errors that say how to read them."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from convnet.values.messages import show

FILE_BYTES = "X has the bytes of files, not pixels. Decode images with convnet.data.ImageReader."
READER = "convnet.data.ImageReader(size=(150, 150)).transform"


def refuse_paths(X: Any) -> None:
    """Raise TypeError if X is a path or the bytes of a file, or a list or an array of them."""
    is_list = isinstance(X, list | tuple) or (isinstance(X, np.ndarray) and X.ndim == 1)
    first = X[0] if is_list and len(X) else X
    if isinstance(first, bytes | bytearray | memoryview) and not getattr(first, "shape", None):
        raise TypeError(FILE_BYTES)
    if isinstance(first, str | os.PathLike):
        raise paths_error(first) if first is not X else _path_error(X)


def paths_error(first: str | os.PathLike[str]) -> TypeError:
    """Return the error about several paths, of which `first` is one."""
    return TypeError(
        f"X has paths, not pixels: the first is {_name(first)}. Read the files with {READER}(X)."
    )


def _path_error(path: str | os.PathLike[str]) -> TypeError:
    """Return the error about a single path, of a file or of a folder."""
    name, ending = _name(path), os.path.splitext(os.fspath(path))[1].lower()
    if ending or os.path.isfile(path):
        read = {
            ".npy": f"numpy.load({name})",
            ".npz": f"numpy.load({name}), which holds several arrays",
            ".csv": f"pandas.read_csv({name})",
        }.get(ending, f"{READER}([{name}])")
        return TypeError(f"X is the path {name}, not an array. Read the file with {read}.")
    return TypeError(
        f"X is the path {name}, not an array. Read a folder that has a folder for each class: "
        f"photos = convnet.data.load_images({name}), then X is photos.data and y is photos.target."
    )


def _name(path: str | os.PathLike[str]) -> str:
    return show(str(os.fspath(path)))
