"""Cosine decay."""

from dataclasses import dataclass
from math import inf

from convnet.training.schedules.onecycle import half_cosine
from convnet.training.schedules.schedule import Schedule
from convnet.values.constraints import integer, number, parameter


@dataclass(frozen=True)
class Cosine(Schedule):
    """The rate falls along half a period of a cosine, without restarts [1]_.

    In epoch e of n it is init · (final + (1 - final) · (1 + cos(π e / n)) / 2).

    Parameters
    ----------
    final : float, default=0.0
        The rate in epoch n as a fraction of the initial rate, from 0 to 1.
    warmup : int, default=0
        Number of epochs, less than `max_iter`, in which the rate first rises linearly. e and n do not count them.

    Raises
    ------
    TypeError, ValueError
        In ``fit``: a field has a wrong type or value, or no epoch is left after the warm-up.

    References
    ----------
    .. [1] I. Loshchilov and F. Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", ICLR 2017,
           https://arxiv.org/abs/1608.03983
    """

    final: float = parameter(number(0, 1), default=0.0)
    warmup: int = parameter(integer(0, inf), default=0)

    def multiplier(self, epoch: int, max_iter: int, step: int = 0, steps: int = 1) -> float:
        if epoch < self.warmup:
            return (epoch + 1) / (self.warmup + 1)
        done = (epoch - self.warmup) / (max_iter - self.warmup)
        return half_cosine(1.0, self.final, done)

    def check(self, max_iter: int) -> None:
        super().check(max_iter)
        self._check_warmup("warmup", max_iter)
