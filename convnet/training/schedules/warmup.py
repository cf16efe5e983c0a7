"""Linear warm-up."""

from dataclasses import dataclass
from math import inf
from typing import Any

from convnet.training.schedules.schedule import PlateauState, Schedule
from convnet.values.constraints import Constraint, integer, number, optional, parameter


def _as_schedule(value: Any) -> Schedule:
    if not isinstance(value, Schedule):
        raise TypeError
    return value


a_schedule = Constraint("a schedule such as Cosine()", _as_schedule)


@dataclass(frozen=True)
class Warmup(Schedule):
    """The rate rises linearly, with every step, from start · init to init. Then another schedule begins.

    After e of the epochs the rate is init · (start + (1 - start) · e / epochs) [1]_.

    Parameters
    ----------
    epochs : int, default=1
        Number of epochs in which the rate rises, 1 or more and less than `max_iter`.
    then : Schedule or None, default=None
        Schedule of the remaining epochs, which it counts from 0. None keeps the rate.
    start : float, default=0.1
        The first rate as a fraction of `learning_rate_init`, from 0 to 1.

    Raises
    ------
    TypeError, ValueError
        In ``fit``: a field has a wrong type or value, or no epoch is left after the warm-up.

    References
    ----------
    .. [1] P. Goyal et al., "Accurate, Large Minibatch SGD: Training ImageNet in 1 Hour", 2017,
           https://arxiv.org/abs/1706.02677
    """

    epochs: int = parameter(integer(1, inf), default=1)
    then: Schedule | None = parameter(optional(a_schedule), default=None)
    start: float = parameter(number(0, 1), default=0.1)

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

    def update(self, state: PlateauState, epoch: int, loss: float) -> PlateauState:
        if self.then is None or epoch < self.epochs:
            return state
        return self.then.update(state, epoch - self.epochs, loss)

    def check(self, max_iter: int) -> None:
        super().check(max_iter)
        self._check_warmup("epochs", max_iter)
        if self.then is not None:
            self.then.check(max_iter - self.epochs)
