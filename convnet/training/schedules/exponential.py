"""Exponential."""

from dataclasses import dataclass

from convnet.training.schedules.checks import check_share
from convnet.training.schedules.schedule import Schedule


@dataclass(frozen=True)
class Exponential(Schedule):
    """In epoch e the rate is init · decayᵉ.

    Parameters
    ----------
    decay : float, default=0.95
        What each epoch multiplies the rate by, above 0 and at most 1.

    Raises
    ------
    ValueError
        In ``fit``: a field out of range.

    References
    ----------
    .. [1] PyTorch's ``ExponentialLR``.
    """

    decay: float = 0.95

    def multiplier(self, epoch: int, max_iter: int, step: int = 0, steps: int = 1) -> float:
        return self.decay**epoch

    def check(self, max_iter: int) -> None:
        check_share(self, "decay", zero=False)
