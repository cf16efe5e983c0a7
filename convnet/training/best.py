"""The weights that are kept."""

import math
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Weights: TypeAlias = dict[str, NDArray[np.float32]]  # as `Network.get_weights` returns them


class Best:
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
