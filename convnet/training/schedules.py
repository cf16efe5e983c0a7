"""Learning-rate schedules: immutable values that a grid search can vary."""

import math
from dataclasses import dataclass, fields, replace
from numbers import Integral, Real


@dataclass(frozen=True)
class Schedule:
    """A learning rate as a function of the epoch or of the step; a subclass gives `multiplier` and `check`.

    Attributes
    ----------
    per_step : bool
        Whether the rate changes within an epoch; `multiplier` is asked once an epoch where it does not.
    """

    @property
    def per_step(self):
        """Whether the rate changes within an epoch."""
        return False

    def multiplier(self, epoch, max_iter, step=0, steps=1):
        """Return what the initial rate is multiplied by.

        Parameters
        ----------
        epoch, max_iter : int
            The epoch, from 0, and their number.
        step, steps : int, default=0, 1
            The step of the epoch, from 0, and their number; only schedules with `per_step` look at it.

        Returns
        -------
        multiplier : float
            1 is `learning_rate_init`.
        """
        raise NotImplementedError

    def check(self, max_iter):
        """Look for fields that cannot be used; called by ``fit`` before the first epoch.

        Parameters
        ----------
        max_iter : int
            Epochs of the fit.

        Raises
        ------
        ValueError
            At the first such field, by name.
        """

    def get_fields(self):
        """Return the fields by name.

        Returns
        -------
        fields : dict
            Names and values; those of a schedule within as ``then__final`` and so on.
        """
        found = {field.name: getattr(self, field.name) for field in fields(self)}
        for name, value in list(found.items()):
            if isinstance(value, Schedule):
                found |= {f"{name}__{inner}": v for inner, v in value.get_fields().items()}
        return found

    def replace(self, **changes):
        """Return a schedule like this one with some fields changed.

        Parameters
        ----------
        **changes : dict
            Fields by name, as `get_fields` names them.

        Returns
        -------
        schedule : Schedule
            Of the same type.
        """
        for key, value in changes.items():
            name, _, inner = key.partition("__")
            value = getattr(self, name).replace(**{inner: value}) if inner else value
            self = replace(self, **{name: value})
        return self

    def __deepcopy__(self, memo):
        return self


@dataclass(frozen=True)
class Step(Schedule):
    """In epoch e the rate is init · factor^⌊e / every⌋.

    Parameters
    ----------
    every : int, default=10
        Epochs between two steps, 1 or more.
    factor : float, default=0.1
        What each step multiplies the rate by, above 0 and at most 1.

    Raises
    ------
    ValueError
        In ``fit``: a field out of range.

    References
    ----------
    .. [1] A. Krizhevsky, I. Sutskever and G. Hinton, "ImageNet Classification with Deep Convolutional Neural
           Networks", NIPS 2012, section 5. As PyTorch's ``StepLR``.
    """

    every: int = 10
    factor: float = 0.1

    def multiplier(self, epoch, max_iter, step=0, steps=1):
        return self.factor ** (epoch // self.every)

    def check(self, max_iter):
        _check(self, "every", "an integer, 1 or more", _is_integer(self.every) and self.every >= 1)
        _check_share(self, "factor", zero=False)


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

    def multiplier(self, epoch, max_iter, step=0, steps=1):
        return self.decay**epoch

    def check(self, max_iter):
        _check_share(self, "decay", zero=False)


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

    def multiplier(self, epoch, max_iter, step=0, steps=1):
        if epoch < self.warmup:
            return (epoch + 1) / (self.warmup + 1)
        done = (epoch - self.warmup) / (max_iter - self.warmup)
        return _cosine(1.0, self.final, done)

    def check(self, max_iter):
        _check_share(self, "final")
        _check(
            self, "warmup", "an integer, 0 or more", _is_integer(self.warmup) and self.warmup >= 0
        )
        _check_shorter(self, "warmup", max_iter)


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
    def per_step(self):
        """True."""
        return True

    def multiplier(self, epoch, max_iter, step=0, steps=1):
        done, last = epoch * steps + step, max_iter * steps - 1
        first = 1 / self.div_factor
        peak = max(0.0, self.pct_start * max_iter * steps - 1)  # where the rate is highest
        if done <= peak:
            return _cosine(first, 1.0, done / peak if peak else 1.0)
        return _cosine(1.0, first / self.final_div_factor, (done - peak) / (last - peak))

    def check(self, max_iter):
        _check_share(self, "pct_start")
        for name in ("div_factor", "final_div_factor"):
            value = getattr(self, name)
            _check(self, name, "a number, 1 or more", _is_number(value) and 1 <= value < math.inf)


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
    def per_step(self):
        """True."""
        return True

    def multiplier(self, epoch, max_iter, step=0, steps=1):
        if epoch < self.epochs:
            return self.start + (1 - self.start) * (epoch + step / steps) / self.epochs
        if self.then is None:
            return 1.0
        return self.then.multiplier(epoch - self.epochs, max_iter - self.epochs, step, steps)

    def check(self, max_iter):
        _check(
            self, "epochs", "an integer, 1 or more", _is_integer(self.epochs) and self.epochs >= 1
        )
        _check_share(self, "start")
        _check_shorter(self, "epochs", max_iter)
        is_schedule = self.then is None or isinstance(self.then, Schedule)
        _check(self, "then", "a schedule such as Cosine(), or None", is_schedule)
        if self.then is not None:
            self.then.check(max_iter - self.epochs)


NAMED = {
    "step": Step(),
    "exponential": Exponential(),
    "cosine": Cosine(),
    "one_cycle": OneCycle(),
}


def _cosine(start, end, done):
    """Return where half a cosine from `start` to `end` is, with `done` from 0 to 1."""
    return end + (start - end) * (1 + math.cos(math.pi * done)) / 2


def _check(schedule, name, phrase, passes):
    if not passes:
        value = getattr(schedule, name)
        raise ValueError(f"{type(schedule).__name__}: {name} must be {phrase}; got {value!r}")


def _check_share(schedule, name, *, zero=True):
    value = getattr(schedule, name)
    passes = _is_number(value) and (0 <= value <= 1 if zero else 0 < value <= 1)
    _check(schedule, name, "from 0 to 1" if zero else "above 0 and at most 1", passes)


def _check_shorter(schedule, name, max_iter):
    value = getattr(schedule, name)
    if value >= max_iter:
        raise ValueError(
            f"{type(schedule).__name__}: {name}={value} leaves no epoch after the warm-up; "
            f"there are {max_iter}. Lower {name} or raise max_iter"
        )


def _is_integer(value):
    return isinstance(value, Integral) and not isinstance(value, bool)


def _is_number(value):
    return isinstance(value, Real) and not isinstance(value, bool)
