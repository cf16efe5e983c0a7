"""What a net is trained or scored on."""

from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True, eq=False)
class Examples:
    """Rows of X with their targets and weights.

    Parameters
    ----------
    X : ndarray of shape (n, h, w, c) or (n, features)
        As passed by the user, any numeric dtype.
    targets : ndarray of shape (n,)
        Encoded for the loss.
    rows : ndarray of int64
        The rows of X that take part.
    weights : ndarray of float32, shape (n,), or None
        None is a weight of 1 for all.
    scale : float
        X is multiplied by it when converted.
    """

    X: np.ndarray
    targets: np.ndarray
    rows: np.ndarray
    weights: np.ndarray | None
    scale: float

    def weight(self, rows):
        """Return the sum of the weights of `rows`."""
        return float(
            len(rows) if self.weights is None else self.weights[rows].sum(dtype=np.float64)
        )

    def batch(self, rows):
        """Return what `Trainer.step` takes of these rows, by name."""
        return dict(
            X=self.X, y=self.targets, rows=rows, sample_weight=self.weights, scale=self.scale
        )

    def take(self, rows):
        """Return the same data with other rows taking part."""
        return replace(self, rows=rows)


def permutation(rows, seed, epoch):
    """Return `rows` in an order that follows from the seed and the epoch alone."""
    generator = np.random.Generator(np.random.Philox(key=[seed, epoch]))
    return generator.permutation(rows)
