"""Rows that are held out, to validate."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import issparse

from convnet.training.examples import Examples
from convnet.training.rows import Rows


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Rows that a net is validated on, as it reads them and as they were passed.

    Parameters
    ----------
    examples : Examples
        Images and encoded targets.
    array : ndarray or Rows
        X as passed, all rows.
    y : array-like
        The target as passed, all rows.
    """

    examples: Examples
    array: np.ndarray | Rows
    y: object

    def weights(self):
        """Return the weights of the rows, float32, or None for all ones."""
        data = self.examples
        return None if data.weights is None else data.weights[data.rows]

    def passed(self):
        """Return X, a copy or `Rows`, and y of the rows as passed; y is 1-D where a column stands for that."""
        data = self.examples
        y = self.y.toarray() if issparse(self.y) else np.asarray(self.y)
        y = y.ravel() if data.targets.ndim == 1 else y
        is_read = isinstance(self.array, Rows)
        X = self.array.part(data.rows) if is_read else self.array[data.rows]
        return X, y[data.rows]
