"""One-cycle policy."""

import math
from dataclasses import dataclass

from convnet.training.schedules.schedule import Schedule
from convnet.values.constraints import number, parameter


@dataclass(frozen=True)
class OneCycle(Schedule):
    """The rate rises to its peak, `learning_rate_init`, and then falls to almost 0.

    It changes with every step of the fit, along half a cosine [1]_: in the first `pct_start` · n of n steps from
    init / div_factor to init, in the others to init / (div_factor · final_div_factor). The momentum does not change.

    Parameters
    ----------
    pct_start : float, default=0.3
        Fraction of the steps in which the rate rises, from 0 to 1.
    div_factor : float, default=25.0
        Ratio of the peak to the first rate, 1 or more.
    final_div_factor : float, default=1e4
        Ratio of the first rate to the last, 1 or more.

    Raises
    ------
    TypeError, ValueError
        In ``fit``: a field has a wrong type or value.

    References
    ----------
    .. [1] L. Smith, "A Disciplined Approach to Neural Network Hyper-Parameters", 2018,
           https://arxiv.org/abs/1803.09820. Defaults as in PyTorch's ``OneCycleLR``.
    """

    pct_start: float = parameter(number(0, 1), default=0.3)
    div_factor: float = parameter(number(1), default=25.0)
    final_div_factor: float = parameter(number(1), default=1e4)

    @property
    def per_step(self) -> bool:
        """True."""
        return True

    def multiplier(self, epoch: int, max_iter: int, step: int = 0, steps: int = 1) -> float:
        done, last = epoch * steps + step, max_iter * steps - 1
        first = 1 / self.div_factor
        peak = max(0.0, self.pct_start * max_iter * steps - 1)  # step with the highest rate
        if done <= peak:
            return half_cosine(first, 1.0, done / peak if peak else 1.0)
        return half_cosine(1.0, first / self.final_div_factor, (done - peak) / (last - peak))


def half_cosine(start: float, end: float, done: float) -> float:
    """Return the point of half a cosine from `start` to `end` at `done`, from 0 to 1."""
    return end + (start - end) * (1 + math.cos(math.pi * done)) / 2
