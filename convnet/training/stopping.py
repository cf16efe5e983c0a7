"""When training makes no more progress."""

import math


class Stopping:
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
