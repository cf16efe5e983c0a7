"""ArrayFile: an array in a .npy file that is read when needed, and that travels to other processes as a path."""

from __future__ import annotations

import os
from typing import Any, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray

from convnet.values.messages import quoted


class ArrayFile:
    """An array in a .npy file, as an array-like that reads rows when they are needed.

    A pickle holds the path and the numbers of the rows, not the values. Pass it to searches on a cluster in place of a
    memmap, whose values would be sent to the workers. All workers must see the file under the same path.

    It has `shape`, `dtype` and ``len``. A slice, an index array or a mask gives an ArrayFile of these rows, which reads
    nothing. ``np.asarray(array_file)`` reads all rows.

    Parameters
    ----------
    path : str or path
        A file that ``numpy.save`` has written. It must not change while it is used.

    Attributes
    ----------
    path : str
        Absolute path of the file.
    shape : tuple of int
    dtype : dtype

    Raises
    ------
    OSError
        If the file cannot be read.
    ValueError
        If it is not a .npy file, or holds Python objects or a single number.

    Examples
    --------
    >>> import numpy as np
    >>> from convnet.data import ArrayFile
    >>> np.save("images.npy", np.zeros((100, 8, 8, 1), np.uint8))
    >>> X = ArrayFile("images.npy")
    >>> X.shape, X[X.shape[0] // 2 :].shape
    ((100, 8, 8, 1), (50, 8, 8, 1))
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = os.path.abspath(path)
        self._rows: NDArray[np.int64] | None = None
        self._open()

    def _open(self) -> None:
        try:
            self._array: NDArray[Any] = np.load(self.path, mmap_mode="r", allow_pickle=False)
        except (ValueError, EOFError) as error:
            raise ValueError(
                f"{quoted(self.path)} is not a .npy file of numbers: {error}. Write it with numpy.save."
            ) from None
        if not isinstance(self._array, np.ndarray) or not self._array.ndim:
            raise ValueError(f"{quoted(self.path)} does not hold one array with rows.")
        n = len(self._array) if self._rows is None else len(self._rows)
        self.shape: tuple[int, ...] = (n, *self._array.shape[1:])
        self.dtype: np.dtype[Any] = self._array.dtype

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    def __len__(self) -> int:
        return self.shape[0]

    def __repr__(self) -> str:
        return f"ArrayFile({self.path!r}, shape={self.shape}, dtype={self.dtype})"

    def __getitem__(self, key: Any) -> Any:
        """Return one row as an array, or an ArrayFile of the rows of a slice, an index array or a mask."""
        if isinstance(key, tuple):
            if len(key) != 2 or key[1] is not Ellipsis:
                raise IndexError(
                    "An ArrayFile takes an index, a slice, an index array or a mask along its first axis. To index "
                    "other axes, read the rows first: np.asarray(array_file[rows])[:, :10]."
                )
            key = key[0]
        rows = np.arange(len(self)) if self._rows is None else self._rows
        if not isinstance(key, slice) and not np.size(key):
            key = np.zeros(0, np.int64)
        chosen = rows[key]
        if np.ndim(chosen) == 0:
            return np.array(self._array[chosen])
        part = object.__new__(type(self))
        part.path, part._rows = self.path, chosen
        part._array, part.dtype = self._array, self.dtype
        part.shape = (len(chosen), *self.shape[1:])
        return part

    def read_rows(self, rows: NDArray[np.int64]) -> NDArray[Any]:
        """Return rows given by their indices.

        Parameters
        ----------
        rows : ndarray of int64
            In any order, with repeats.

        Returns
        -------
        array : ndarray of shape (len(rows), *shape[1:])
            Their values.
        """
        return np.asarray(self._array[rows if self._rows is None else self._rows[rows]])

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        array = np.array(self._array if self._rows is None else self._array[self._rows])
        return array if dtype is None else array.astype(dtype, copy=False)

    def __getstate__(self) -> dict[str, Any]:
        return {"path": self.path, "_rows": self._rows}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.path, self._rows = state["path"], state["_rows"]
        self._open()

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self
