"""Warmup."""

from dataclasses import dataclass

from convnet.training.schedules.checks import check, check_share, check_shorter
from convnet.training.schedules.schedule import Schedule
from convnet.values.fields import is_integer


@dataclass(frozen=True)
class Warmup(Schedule):
    """The rate rises evenly, step by step, from start · init to init; then another schedule begins.

    After e of the epochs the rate is init · (start + (1 - start) · e / epochs) [1]_.

    Parameters
    ----------
    epochs : int, default=1
        Epochs of the rise, 1 or more and less than `max_iter`.
    then : Schedule or None, default=None
        What follows, for the other epochs, counted from 0; None keeps the rate.
    start : float, default=0.1
        The first rate over `learning_rate_init`, from 0 to 1.

    Raises
    ------
    ValueError
        In ``fit``: a field out of range, or a warm-up that leaves no epoch.

    References
    ----------
    .. [1] P. Goyal et al., "Accurate, Large Minibatch SGD: Training ImageNet in 1 Hour", 2017,
           https://arxiv.org/abs/1706.02677
    """

    epochs: int = 1
    then: Schedule | None = None
    start: float = 0.1

    @property
    def per_step(self) -> bool:
        """True."""
        return True

    def multiplier(self, epoch: int, max_iter: int, step: int = 0, steps: int = 1) -> float:
        if epoch < self.epochs:
            return self.start + (1 - self.start) * (epoch + step / steps) / self.epochs
        if self.then is None:
            return 1.0
        return self.then.multiplier(epoch - self.epochs, max_iter - self.epochs, step, steps)

    def check(self, max_iter: int) -> None:
        check(self, "epochs", "an integer, 1 or more", is_integer(self.epochs) and self.epochs >= 1)
        check_share(self, "start")
        check_shorter(self, "epochs", max_iter)
        is_schedule = self.then is None or isinstance(self.then, Schedule)
        check(self, "then", "a schedule such as Cosine(), or None", is_schedule)
        if self.then is not None:
            self.then.check(max_iter - self.epochs)
