"""Rows of X as images that matplotlib can show."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from convnet.data.arraylikes import first_rows

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from convnet.inspection.displays.nets import Net


BATCH_SIZE = 256  # rows to read at a time if X is not in memory


class DisplayImages:
    """X as pictures, which are computed when ``DisplayImages(...)[rows]`` asks for them.

    Pictures are float32 of shape (n, h, w, 3) with values from 0 to 1. One channel is shown as gray and three as red,
    green and blue. Of four channels the last is ignored. Of any other number the mean is shown as gray. For uint8 and
    uint16, black and white are the limits of the type. For other types they are the smallest and the largest value in
    X, with 0 as black if no value is negative.

    Parameters
    ----------
    estimator : ConvNetClassifier or ConvNetRegressor
        A net fitted on images; with `shape` it need not be fitted.
    X : array-like of shape (n, h, w, c), (n, h, w) or (n, h * w * c)
        Images as the estimator takes them, with channels first if its `data_format` says so. Of image folders and of
        datasets in files, only the rows that are shown are read.
    caller : str
        Name of the display, for messages.
    shape : tuple of int, default=None
        Shape of an image. None is the ``input_shape_`` of the estimator.

    Raises
    ------
    ValueError
        If the net does not take images, or X does not have their size.
    """

    def __init__(
        self, estimator: Net, X: Any, caller: str, shape: tuple[int, ...] | None = None
    ) -> None:
        self.shape = shape = estimator.input_shape_ if shape is None else shape
        if len(shape) != 3:
            raise ValueError(
                f"{caller} shows images, but this net takes rows of shape {shape}. Fit it on an X of shape "
                "(n, h, w, c), or set input_shape."
            )
        # Arrays and lazily read data have a NumPy dtype; lists, data frames and others do not.
        self.given, is_array = X, isinstance(getattr(X, "dtype", None), np.dtype)
        self.X = X if is_array else np.asarray(X)
        if prod(self.X.shape[1:]) != prod(shape):
            raise ValueError(
                f"{caller}: the net takes images of shape {shape}; X has shape {self.X.shape}."
            )
        self.channels_first = estimator.data_format == "channels_first"
        self.low, self.high = self._range()

    def __len__(self) -> int:
        return self.X.shape[0]

    def __getitem__(self, rows: slice | np.ndarray) -> NDArray[np.float32]:
        """Return the pictures of a slice of X, or of an array of row indices."""
        X, shape = self._read(np.arange(len(self))[rows]), self.shape
        if self.channels_first:
            X = np.moveaxis(X.reshape(-1, shape[2], *shape[:2]), 1, -1)
        return self.colors(X.reshape(-1, *shape))

    def colors(self, values: np.ndarray) -> NDArray[np.float32]:
        """Return other images or parts of images in the colors of X.

        Parameters
        ----------
        values : ndarray of shape (..., c)
            Values in the units of X, with channels last. Those beyond the range of X are shown as black or white.

        Returns
        -------
        colors : ndarray of float32, shape (..., 3)
            From 0 to 1.
        """
        shown = (values.astype(np.float32) - np.float32(self.low)) / np.float32(
            self.high - self.low
        )
        if values.shape[-1] in (3, 4):
            return np.clip(shown[..., :3], 0, 1)
        return np.repeat(np.clip(shown.mean(axis=-1, keepdims=True), 0, 1), 3, axis=-1)

    def first(self, n: int) -> Any:
        """Return the first n rows of X as it was passed: those of a data frame keep its column names."""
        return (
            self._read(np.arange(len(self))[:n])
            if self.given is self.X
            else first_rows(self.given, n)
        )

    def _read(self, rows: np.ndarray) -> np.ndarray:
        if isinstance(self.X, np.ndarray):
            return self.X[rows]
        if not len(rows):
            return np.empty((0, *self.X.shape[1:]), self.X.dtype)
        if hasattr(self.X, "read_rows"):
            return np.asarray(self.X.read_rows(rows))
        return np.concatenate([self.X[row : row + 1] for row in rows.tolist()])

    def _range(self) -> tuple[float, float]:
        """Return the values that are shown as black and white."""
        X = self.X
        if X.dtype in (np.uint8, np.uint16):
            return 0, np.iinfo(X.dtype).max
        if 0 in X.shape or X.dtype == bool:
            return 0, 1
        blocks: Iterable[np.ndarray] = [X]
        if not isinstance(X, np.ndarray):
            rows = np.arange(len(self))
            blocks = (self._read(rows[i : i + BATCH_SIZE]) for i in range(0, len(self), BATCH_SIZE))
        ends = np.array([(block.min(), block.max()) for block in blocks], dtype=float)
        low, high = min(0.0, ends.min()), float(ends.max())
        if low == 0 and high <= 1:
            return 0, 1
        return low, high if high > low else low + 1
