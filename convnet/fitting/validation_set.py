"""Rows that are held out, to validate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import issparse

from convnet.data.lazy.array import LazyArray
from convnet.training.examples import Examples

if TYPE_CHECKING:
    from convnet.inputs.hints import Images


@dataclass(frozen=True, eq=False)
class ValidationSet:
    """Rows that a net is validated on, as it reads them and as they were passed.

    Parameters
    ----------
    examples : Examples
        Images and encoded targets.
    array : ndarray or LazyArray
        X as passed, all rows.
    y : array-like
        The target as passed, all rows.
    """

    examples: Examples
    array: Images
    y: Any

    def weights(self) -> np.ndarray | None:
        """Return the weights of the rows, float32, or None for all ones."""
        data = self.examples
        return None if data.weights is None else data.weights[data.rows]

    def passed(self) -> tuple[Images, np.ndarray]:
        """Return X, a copy or `LazyArray`, and y of the rows as passed; y is 1-D where a column stands for that."""
        data = self.examples
        y = self.y.toarray() if issparse(self.y) else np.asarray(self.y)
        y = y.ravel() if data.targets.ndim == 1 else y
        array, rows = self.array, data.rows
        return array.part(rows) if isinstance(array, LazyArray) else array[rows], y[rows]
