"""Exponential decay."""

from dataclasses import dataclass

from convnet.training.schedules.schedule import Schedule
from convnet.values.constraints import number, parameter


@dataclass(frozen=True)
class Exponential(Schedule):
    """In epoch e the rate is init · decayᵉ.

    Parameters
    ----------
    decay : float, default=0.95
        Factor by which each epoch multiplies the rate, above 0 and at most 1.

    Raises
    ------
    TypeError, ValueError
        In ``fit``: `decay` has a wrong type or value.

    References
    ----------
    .. [1] PyTorch's ``ExponentialLR``.
    """

    decay: float = parameter(number(0, 1, closed="right"), default=0.95)

    def multiplier(self, epoch: int, max_iter: int, step: int = 0, steps: int = 1) -> float:
        return self.decay**epoch
