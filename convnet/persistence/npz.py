"""Models as NumPy archives (.npz): uncompressed zip files of .npy files, without pickles.

Uncompressed entries take no more memory than the file, whatever its headers say.
"""

from __future__ import annotations

import os
import zipfile
from typing import IO, TYPE_CHECKING, Any, Self

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import DTypeLike


def check_installed() -> None:
    """Do nothing: the format needs NumPy only."""


def write(file: IO[bytes], texts: Mapping[str, str], arrays: Mapping[str, np.ndarray]) -> None:
    """Write {name: ASCII text} and {name: array} to an open binary file."""
    entries: dict[str, Any] = {
        name: np.frombuffer(text.encode("ascii"), np.uint8) for name, text in texts.items()
    }
    np.savez(file, **entries | dict(arrays))


def open_file(path: str) -> NpzReader:
    """Open a file to read from, as a context manager. Raise an exception if it is not of this format."""
    return NpzReader(path)


class NpzReader:
    """An archive.

    Parameters
    ----------
    path : str
        The file.
    """

    def __init__(self, path: str) -> None:
        self._archive = zipfile.ZipFile(path)
        entries = self._archive.infolist()
        if any(
            e.compress_type != zipfile.ZIP_STORED or e.file_size != e.compress_size for e in entries
        ):
            raise ValueError("its entries are compressed, unlike those of a model")
        if sum(e.file_size for e in entries) > os.path.getsize(path):
            raise ValueError("its entries are larger than the file")
        self._entries = {e.filename.removesuffix(".npy"): e for e in entries}
        if len(self._entries) < len(entries):
            raise ValueError("it has two entries of the same name")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._archive.close()

    def text(self, name: str) -> str | None:
        """Return the text of this name, or None if there is none."""
        return (
            self.array(name, np.uint8).tobytes().decode("ascii") if name in self._entries else None
        )

    def names(self) -> set[str]:
        """Return the names of all entries, texts included."""
        return set(self._entries)

    def array(
        self, name: str, dtype: DTypeLike, shape: tuple[int, ...] | None = None
    ) -> np.ndarray:
        """Return an array. Raise ValueError if its dtype, or its shape if given, is not the expected one."""
        with self._archive.open(self._entries[name]) as file:
            version = np.lib.format.read_magic(file)
            if version != (1, 0):
                raise ValueError(
                    f"{name} has version {version} of the .npy format; expected (1, 0)"
                )
            found, fortran, kind = np.lib.format.read_array_header_1_0(file)
            expected = np.dtype(dtype).newbyteorder("<")
            if kind != expected or (fortran and len(found) > 1) or shape not in (None, found):
                raise ValueError(
                    f"{name} is {kind} of shape {found}; expected {expected} of {shape}"
                )
            data = file.read()
        return np.frombuffer(data, expected).reshape(found).astype(dtype)
