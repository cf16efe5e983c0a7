"""Cosine."""

from dataclasses import dataclass

from convnet.training.schedules.checks import check, check_share, check_shorter
from convnet.training.schedules.curve import half_cosine
from convnet.training.schedules.schedule import Schedule
from convnet.values.fields import is_integer


@dataclass(frozen=True)
class Cosine(Schedule):
    """In epoch e of n the rate is init · (final + (1 - final) · (1 + cos(π e / n)) / 2).

    Half a period, without restarts [1]_.

    Parameters
    ----------
    final : float, default=0.0
        The share of the initial rate that would be reached in epoch n, from 0 to 1.
    warmup : int, default=0
        Epochs, less than `max_iter`, in which the rate first rises evenly; n and e are counted after them.

    Raises
    ------
    ValueError
        In ``fit``: a field out of range, or a warm-up that leaves no epoch.

    References
    ----------
    .. [1] I. Loshchilov and F. Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", ICLR 2017,
           https://arxiv.org/abs/1608.03983
    """

    final: float = 0.0
    warmup: int = 0

    def multiplier(self, epoch: int, max_iter: int, step: int = 0, steps: int = 1) -> float:
        if epoch < self.warmup:
            return (epoch + 1) / (self.warmup + 1)
        done = (epoch - self.warmup) / (max_iter - self.warmup)
        return half_cosine(1.0, self.final, done)

    def check(self, max_iter: int) -> None:
        check_share(self, "final")
        check(self, "warmup", "an integer, 0 or more", is_integer(self.warmup) and self.warmup >= 0)
        check_shorter(self, "warmup", max_iter)
