"""Which weights are kept, and when training stops."""

import math
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Weights: TypeAlias = dict[str, NDArray[np.float32]]  # as `Network.get_weights` returns them


class BestWeights:
    """The weights of the epoch with the highest score, the earliest of equals.

    Parameters
    ----------
    score : float, default=-inf
        The highest so far.
    epoch : int, default=0
        Epochs done (the first one is 1) when the weights were reached; 0 before any.
    weights : dict of ndarray, default=None
        None before any.
    """

    def __init__(
        self, score: float = -math.inf, epoch: int = 0, weights: Weights | None = None
    ) -> None:
        self.score, self.epoch, self._weights = score, epoch, weights

    @property
    def weights(self) -> Weights:
        """The weights; ValueError before any."""
        if self._weights is None:
            raise ValueError(
                "No epoch is done yet, so that there are no weights. Ask for them after an epoch."
            )
        return self._weights

    def offer(self, score: float, epoch: int, weights: Weights) -> None:
        """Keep these weights if their score is higher."""
        if score > self.score:
            self.score, self.epoch, self._weights = score, epoch, weights


class EarlyStopping:
    """MLPClassifier's rule: stop after more than `patience` epochs in a row that gain less than `tol`.

    Parameters
    ----------
    tol : float
        Least gain over the best figure so far that counts as progress.
    patience : float
        Epochs without progress that are put up with.
    """

    def __init__(self, tol: float, patience: float) -> None:
        self.tol = tol
        self.patience = patience
        self.best = -math.inf
        self.stalled = 0

    def update(self, figure: float) -> None:
        """Take an epoch's figure; larger is better."""
        self.stalled = 0 if figure >= self.best + self.tol else self.stalled + 1
        self.best = max(self.best, figure)

    def exhausted(self) -> bool:
        """Return whether patience is at an end, which then starts anew."""
        if self.stalled <= self.patience:
            return False
        self.stalled = 0
        return True
