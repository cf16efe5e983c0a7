"""Which weights are kept, and when training stops."""

import math
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Weights: TypeAlias = dict[str, NDArray[np.float32]]  # as `Network.get_weights` returns them


class BestWeights:
    """The weights of the epoch with the highest score, or of the earliest of several.

    Parameters
    ----------
    score : float, default=-inf
        The highest score so far.
    epoch : int, default=0
        Number of the epoch, from 1; 0 before the first.
    weights : dict of ndarray, default=None
        None before the first epoch.
    """

    def __init__(
        self, score: float = -math.inf, epoch: int = 0, weights: Weights | None = None
    ) -> None:
        self.score, self.epoch, self._weights = score, epoch, weights

    @property
    def weights(self) -> Weights:
        """The weights. ValueError before the first epoch."""
        if self._weights is None:
            raise ValueError(
                "There are no weights before the first epoch has ended. Ask for them after an epoch."
            )
        return self._weights

    def offer(self, score: float, epoch: int, weights: Weights) -> None:
        """Keep these weights if their score is the highest so far."""
        if score > self.score:
            self.score, self.epoch, self._weights = score, epoch, weights


class EarlyStopping:
    """Stop after more than `patience` epochs in a row that gain less than `tol`, as MLPClassifier does.

    Parameters
    ----------
    tol : float
        Smallest gain over the best value so far that counts as progress.
    patience : float
        Number of epochs without progress to tolerate.
    """

    def __init__(self, tol: float, patience: float) -> None:
        self.tol = tol
        self.patience = patience
        self.best = -math.inf
        self.stalled = 0

    def update(self, value: float) -> None:
        """Add the value of an epoch; larger is better."""
        self.stalled = 0 if value >= self.best + self.tol else self.stalled + 1
        self.best = max(self.best, value)

    def exhausted(self) -> bool:
        """Return whether patience is exhausted. If so, it starts again."""
        if self.stalled <= self.patience:
            return False
        self.stalled = 0
        return True
