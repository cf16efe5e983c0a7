"""The learning rates of a fit."""

import math
from collections.abc import Callable
from typing import TypeAlias

from convnet.training.schedules import NAMED, Schedule
from convnet.values.fields import as_float, is_number, show

LearningRate: TypeAlias = str | Schedule | Callable[[int], float]

NAMES = ("constant", "adaptive", *NAMED)
ADAPTIVE_DIVISOR, ADAPTIVE_LOWEST = 5, 1e-6  # MLPClassifier's


def check_learning_rate(value: object, max_iter: int) -> None:
    """Raise ValueError or TypeError unless `value` is a name, a callable or a Schedule that fits `max_iter` epochs."""
    if isinstance(value, Schedule):
        try:
            value.check(max_iter)
        except ValueError as error:
            raise ValueError(f"learning_rate: {error}.") from None
    elif isinstance(value, type) and issubclass(value, Schedule):
        raise TypeError(f"learning_rate is the class {value.__name__}. Write {value.__name__}().")
    elif isinstance(value, str):
        if value not in NAMES:
            raise ValueError(f"learning_rate must be one of {', '.join(NAMES)}; got {show(value)}.")
    elif not callable(value):
        raise TypeError(
            "learning_rate must be a name, a schedule such as Cosine(), or a callable of the epoch; "
            f"got {show(value)}."
        )


class Rates:
    """The learning rates of one fit, or of an open-ended series of epochs.

    After `max_iter` epochs a schedule stays at its last rate.

    Parameters
    ----------
    learning_rate : str, Schedule or callable
        See `ConvNetClassifier`.
    init : float
        The initial learning rate.
    max_iter : int
        Number of epochs of the fit.
    first_epoch : int, default=0
        Schedules and callables count epochs from this one.
    """

    def __init__(
        self, learning_rate: LearningRate, init: float, max_iter: int, first_epoch: int = 0
    ) -> None:
        self.schedule = learning_rate
        if isinstance(learning_rate, str):
            self.schedule = NAMED.get(learning_rate, learning_rate)
        self.init = init
        self.max_iter = max_iter
        self.first_epoch = first_epoch

    def epoch(self, epoch: int, steps: int) -> list[float]:
        """Return the learning rate of each of the `steps` steps of an epoch."""
        epoch -= self.first_epoch
        rates = self._rates(epoch, steps)
        for rate in rates:
            if not is_number(rate) or not 0 <= as_float(rate) < math.inf:
                raise ValueError(
                    f"learning_rate gave {show(rate)} for epoch {epoch}; it must be a number, 0 or more."
                )
        return list(map(float, rates))

    def lower(self) -> bool:
        """Lower an adaptive rate. Return False, which ends training, where there is none to lower."""
        if self.schedule != "adaptive" or self.init <= ADAPTIVE_LOWEST:
            return False
        self.init /= ADAPTIVE_DIVISOR
        return True

    def _rates(self, epoch: int, steps: int) -> list[float]:
        if isinstance(self.schedule, str):
            return [self.init] * steps
        if isinstance(self.schedule, Schedule):
            return self._scheduled(self.schedule, epoch, steps)
        try:
            return [self.schedule(epoch)] * steps
        except Exception as error:
            kind = type(error).__name__
            raise ValueError(f"learning_rate raised {kind} for epoch {epoch}: {error}") from error

    def _scheduled(self, schedule: Schedule, epoch: int, steps: int) -> list[float]:
        n = self.max_iter
        if not schedule.per_step:
            return [self.init * schedule.multiplier(min(epoch, n - 1), n)] * steps
        places = range(steps) if epoch < n else [steps - 1] * steps
        epoch = min(epoch, n - 1)
        return [self.init * schedule.multiplier(epoch, n, i, steps) for i in places]
