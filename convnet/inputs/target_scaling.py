"""Targets of a regression in the units that the net learns in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

MAX_FLOAT32 = float(np.finfo(np.float32).max)


@dataclass(frozen=True, eq=False)
class TargetScaling:
    """The map between targets y and what the net learns: (y - mean) / scale, for each output.

    Parameters
    ----------
    mean, scale : ndarray of float64, shape (n_outputs,)
        0 and 1 leave y as it is. No scale is 0.
    limit : float, default=float32's maximum
        Largest magnitude that the loss allows after scaling.
    """

    mean: NDArray[np.float64]
    scale: NDArray[np.float64]
    limit: float = MAX_FLOAT32

    @classmethod
    def identity(cls, n_outputs: int) -> Self:
        """Return the scaling that leaves targets as they are."""
        return cls(np.zeros(n_outputs), np.ones(n_outputs))

    @classmethod
    def standardizing(cls, y: NDArray[np.float64], weights: NDArray[np.float32] | None) -> Self:
        """Return the scaling to a weighted mean of 0 and a weighted standard deviation of 1.

        The scale of a constant output is 1. An output is constant if its variance is within the rounding error of its
        computation, as in scikit-learn's `StandardScaler`.

        Parameters
        ----------
        y : ndarray of float64, shape (n,) or (n, n_outputs)
            Targets.
        weights : ndarray of shape (n,), default=None
            Sample weights. None is a weight of 1 for all.
        """
        y = y.reshape(len(y), -1)
        # The same operations with and without weights, so that weights of 1 change no bit.
        w = np.ones(len(y)) if weights is None else weights.astype(np.float64)
        w = w[:, None] / w.sum()
        size = np.abs(y).max(axis=0)
        unit = np.where(size > 0, size, 1.0)  # squares of y / unit do not overflow
        y = y / unit
        mean = (w * y).sum(axis=0)
        variance = (w * (y - mean) ** 2).sum(axis=0)
        rounding = len(y) * np.finfo(np.float64).eps
        constant = variance <= rounding * variance + (rounding * mean) ** 2
        scale = np.where(constant, 1.0, np.sqrt(variance) * unit)
        return cls(mean * unit, np.where(scale > 0, scale, 1.0))

    def attributes(self) -> dict[str, NDArray[np.float64]]:
        """Return the fitted attributes that hold the scaling."""
        return {"y_mean_": self.mean, "y_scale_": self.scale}

    @classmethod
    def of(cls, fitted: Mapping[str, Any]) -> Self:
        """Return the scaling that fitted attributes hold."""
        return cls(fitted["y_mean_"], fitted["y_scale_"])

    def transform(
        self, y: NDArray[np.float64], rows: NDArray[np.int64], name: str
    ) -> NDArray[np.float32]:
        """Return targets as the net learns them: float32, of the same shape.

        Parameters
        ----------
        y : ndarray of float64, shape (n,) or (n, n_outputs)
            Targets.
        rows : ndarray of int64
            Indices of the samples that are used. Only they are checked.
        name : str
            Name of the targets, for the error.

        Raises
        ------
        ValueError
            If a scaled target exceeds `limit`.
        """
        with np.errstate(over="ignore"):
            scaled = (y.reshape(len(y), -1) - self.mean) / self.scale
            targets = np.ascontiguousarray(scaled.reshape(y.shape), dtype=np.float32)
        if np.abs(targets[rows]).max() > self.limit:
            identity = not self.mean.any() and (self.scale == 1).all()
            raise ValueError(
                f"{name} has values up to {np.abs(y[rows]).max():.3g}, which are too large for the loss in float32. "
                f"{'Set normalize_y=True, or scale y' if identity else 'Remove the outliers'}."
            )
        return targets

    def inverse_transform(self, outputs: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return outputs of the net, shape (n, n_outputs), in the units of y."""
        return outputs.astype(np.float64) * self.scale + self.mean
