"""The weights that are kept."""

import math


class Best:
    """The weights of the epoch with the highest score, the earliest of equals.

    Attributes
    ----------
    score : float
        The highest so far.
    epoch : int
        Epochs done (the first one is 1) when the weights were reached; 0 before any.
    weights : dict of ndarray or None
    """

    def __init__(self):
        self.score, self.epoch, self.weights = -math.inf, 0, None

    def offer(self, score, epoch, weights):
        """Keep these weights if their score is higher."""
        if score > self.score:
            self.score, self.epoch, self.weights = score, epoch, weights
