"""OneCycle."""

import math
from dataclasses import dataclass

from convnet.training.schedules.checks import check, check_share
from convnet.training.schedules.curve import half_cosine
from convnet.training.schedules.schedule import Schedule
from convnet.values.fields import as_float, is_number


@dataclass(frozen=True)
class OneCycle(Schedule):
    """The rate of each step rises to its peak, `learning_rate_init`, and falls to almost nothing.

    Of n steps in a fit the first p = pct_start · n rise from init / div_factor to init, the others fall to
    init / (div_factor · final_div_factor), both as half a cosine [1]_. The momentum does not change.

    Parameters
    ----------
    pct_start : float, default=0.3
        Share of the steps that rise, from 0 to 1.
    div_factor : float, default=25.0
        The peak over the first rate, 1 or more.
    final_div_factor : float, default=1e4
        The first rate over the last, 1 or more.

    Raises
    ------
    ValueError
        In ``fit``: a field out of range.

    References
    ----------
    .. [1] L. Smith, "A Disciplined Approach to Neural Network Hyper-Parameters", 2018,
           https://arxiv.org/abs/1803.09820. With the numbers of PyTorch's ``OneCycleLR``.
    """

    pct_start: float = 0.3
    div_factor: float = 25.0
    final_div_factor: float = 1e4

    @property
    def per_step(self) -> bool:
        """True."""
        return True

    def multiplier(self, epoch: int, max_iter: int, step: int = 0, steps: int = 1) -> float:
        done, last = epoch * steps + step, max_iter * steps - 1
        first = 1 / self.div_factor
        peak = max(0.0, self.pct_start * max_iter * steps - 1)  # where the rate is highest
        if done <= peak:
            return half_cosine(first, 1.0, done / peak if peak else 1.0)
        return half_cosine(1.0, first / self.final_div_factor, (done - peak) / (last - peak))

    def check(self, max_iter: int) -> None:
        check_share(self, "pct_start")
        for name in ("div_factor", "final_div_factor"):
            value = getattr(self, name)
            check(
                self,
                name,
                "a number, 1 or more",
                is_number(value) and 1 <= as_float(value) < math.inf,
            )
