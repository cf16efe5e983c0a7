"""Models as NumPy archives (.npz): uncompressed zip files of .npy files, without pickles.

Uncompressed entries take no more memory than the file, whatever its headers say.
"""

from __future__ import annotations

import zipfile
from math import prod
from typing import IO, TYPE_CHECKING, Any, Self

import numpy as np

from convnet.persistence.archives import uncompressed_entries

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import DTypeLike

# Readers of the header of an array. Each evaluates a literal of at most 10,000 characters.
HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


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
        entries = uncompressed_entries(self._archive)
        self._entries = {name.removesuffix(".npy"): e for name, e in entries.items()}
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

    def ordered_names(self) -> list[str]:
        """Return the names of all entries in their order."""
        return list(self._entries)

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

    def numbers(self, name: str) -> np.ndarray:
        """Return an array of any shape and of any dtype of real numbers."""
        entry = self._entries[name]
        with self._archive.open(entry) as file:
            version = np.lib.format.read_magic(file)
            read = HEADERS.get(version)
            if read is None:
                raise ValueError(f"{name} has version {version} of the .npy format")
            shape, fortran, dtype = read(file)
            if dtype.kind not in "buif" or dtype.itemsize > 8:
                raise ValueError(f"{name} holds {dtype}, not real numbers of at most 64 bits")
            data = file.read()
        if len(data) != prod(shape) * dtype.itemsize:
            raise ValueError(f"{name} has {len(data)} bytes, other than its shape {shape} says")
        return np.frombuffer(data, dtype).reshape(shape, order="F" if fortran else "C")
