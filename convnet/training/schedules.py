"""Learning rates by epoch: immutable values that a grid search can vary."""

import math
from dataclasses import dataclass, fields, replace
from numbers import Integral, Real


@dataclass(frozen=True)
class Schedule:
    """A learning rate as a function of the epoch; a subclass gives `multiplier` and `check`."""

    def multiplier(self, epoch, max_iter):
        """Return what the initial rate is multiplied by in `epoch` (from 0) of `max_iter`."""
        raise NotImplementedError

    def check(self):
        """Raise ValueError if a field cannot be used; called by ``fit``."""

    def get_fields(self):
        """Return the fields by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def replace(self, **changes):
        """Return a schedule like this one with some fields changed."""
        return replace(self, **changes)

    def __deepcopy__(self, memo):
        return self


@dataclass(frozen=True)
class Step(Schedule):
    """In epoch e the rate is init · factor^⌊e / every⌋.

    Parameters
    ----------
    every : int, default=10
        Epochs between two steps.
    factor : float, default=0.1
        What each step multiplies the rate by, above 0 and at most 1.
    """

    every: int = 10
    factor: float = 0.1

    def multiplier(self, epoch, max_iter):
        return self.factor ** (epoch // self.every)

    def check(self):
        if not _is_integer(self.every) or self.every < 1:
            raise ValueError(f"Step: every must be an integer, 1 or more; got {self.every!r}")
        if not _is_number(self.factor) or not 0 < self.factor <= 1:
            raise ValueError(f"Step: factor must be above 0 and at most 1; got {self.factor!r}")


@dataclass(frozen=True)
class Cosine(Schedule):
    """In epoch e of n the rate is init · (final + (1 - final) · (1 + cos(π e / n)) / 2).

    Parameters
    ----------
    final : float, default=0.0
        The share of the initial rate that would be reached in epoch n, from 0 to 1.
    warmup : int, default=0
        Epochs in which the rate first rises evenly; n and e are counted after them.
    """

    final: float = 0.0
    warmup: int = 0

    def multiplier(self, epoch, max_iter):
        if epoch < self.warmup:
            return (epoch + 1) / (self.warmup + 1)
        done = min(1.0, (epoch - self.warmup) / max(1, max_iter - self.warmup))
        return self.final + (1 - self.final) * (1 + math.cos(math.pi * done)) / 2

    def check(self):
        if not _is_number(self.final) or not 0 <= self.final <= 1:
            raise ValueError(f"Cosine: final must be from 0 to 1; got {self.final!r}")
        if not _is_integer(self.warmup) or self.warmup < 0:
            raise ValueError(f"Cosine: warmup must be an integer, 0 or more; got {self.warmup!r}")


NAMED = {"step": Step(), "cosine": Cosine()}
NAMES = ("constant", "adaptive", *NAMED)
ADAPTIVE_DIVISOR, ADAPTIVE_LOWEST = 5, 1e-6  # MLPClassifier's


def check_learning_rate(value):
    """Raise ValueError or TypeError unless `value` is a name, a Schedule or a callable."""
    if isinstance(value, Schedule):
        try:
            value.check()
        except ValueError as error:
            raise ValueError(f"learning_rate: {error}") from None
    elif isinstance(value, type) and issubclass(value, Schedule):
        raise TypeError(f"learning_rate is the class {value.__name__}. Write {value.__name__}()")
    elif isinstance(value, str):
        if value not in NAMES:
            raise ValueError(f"learning_rate must be one of {', '.join(NAMES)}; got {value!r}")
    elif not callable(value):
        raise TypeError(
            "learning_rate must be a name, a schedule such as Cosine(), or a callable of the epoch; "
            f"got {value!r}"
        )


class Rates:
    """The learning rates of one fit, or of a course of epochs that has no end.

    After `max_iter` epochs a schedule stays at the rate of the last one: it does not fall to 0, nor rise again.

    Parameters
    ----------
    learning_rate : str, Schedule or callable
        See `ConvNetClassifier`.
    init : float
        The initial rate.
    max_iter : int
        Epochs of the fit.
    first_epoch : int, default=0
        The epoch that schedules and callables count from.
    """

    def __init__(self, learning_rate, init, max_iter, first_epoch=0):
        named = isinstance(learning_rate, str)
        self.schedule = NAMED.get(learning_rate, learning_rate) if named else learning_rate
        self.init = init
        self.max_iter = max_iter
        self.first_epoch = first_epoch

    def rate(self, epoch):
        """Return the rate of `epoch`."""
        epoch -= self.first_epoch
        if isinstance(self.schedule, str):
            return float(self.init)
        if isinstance(self.schedule, Schedule):
            last = self.max_iter - 1
            return float(self.init * self.schedule.multiplier(min(epoch, last), self.max_iter))
        rate = self.schedule(epoch)
        if not _is_number(rate) or not 0 <= rate < math.inf:
            raise ValueError(
                f"learning_rate gave {rate!r} for epoch {epoch}; it must be a number, 0 or more"
            )
        return float(rate)

    def lower(self):
        """Lower an adaptive rate; return whether that can help: False ends the training."""
        if self.schedule != "adaptive" or self.init <= ADAPTIVE_LOWEST:
            return False
        self.init /= ADAPTIVE_DIVISOR
        return True


def _is_integer(value):
    return isinstance(value, Integral) and not isinstance(value, bool)


def _is_number(value):
    return isinstance(value, Real) and not isinstance(value, bool)
