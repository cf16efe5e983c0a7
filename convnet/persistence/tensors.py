"""Models as safetensors files: a JSON header with texts and shapes, then the values."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Self

from convnet._extras import missing_extra

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType

    import numpy as np
    from numpy.typing import DTypeLike


def check_installed() -> None:
    """Raise ImportError if safetensors is not installed."""
    _library()


def write(file: IO[bytes], texts: Mapping[str, str], arrays: Mapping[str, np.ndarray]) -> None:
    """Write {name: ASCII text} and {name: array} to an open binary file."""
    file.write(_library().numpy.save(arrays, metadata=texts))


def open_file(path: str) -> SafetensorsReader:
    """Open a file to read from, as a context manager. Raise an exception if it is not of this format."""
    return SafetensorsReader(path)


class SafetensorsReader:
    """A safetensors file; the library checks that header and length are consistent.

    Parameters
    ----------
    path : str
        The file.
    """

    def __init__(self, path: str) -> None:
        self._file = _library().safe_open(path, framework="numpy")
        self._texts = self._file.metadata() or {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._file.__exit__(*error)

    def text(self, name: str) -> str | None:
        """Return the text of this name, or None if there is none."""
        return self._texts.get(name)

    def names(self) -> set[str]:
        """Return the names of all texts and arrays."""
        return {*self._texts, *self._file.keys()}

    def array(self, name: str, dtype: DTypeLike, shape: tuple[int, ...]) -> np.ndarray:
        """Return an array. Raise ValueError if its dtype or shape is not the expected one."""
        piece = self._file.get_slice(name)
        found = tuple(piece.get_shape())
        if piece.get_dtype() != "F32" or found != shape:
            raise ValueError(
                f"{name} is {piece.get_dtype()} of shape {found}; expected F32 of shape {shape}"
            )
        return self._file.get_tensor(name).astype(dtype)


def _library() -> ModuleType:
    try:
        import safetensors.numpy
    except ImportError:
        raise ImportError(
            missing_extra("A .safetensors file", "safetensors", "safetensors")
        ) from None
    return safetensors
