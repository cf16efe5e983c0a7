"""Trainer, schedule and early stopping, carried across epochs."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from convnet.graph import Trainer
from convnet.training.schedules import NAMED, PlateauState, ReduceOnPlateau, Schedule
from convnet.training.schedules.reduceonplateau import reduced
from convnet.values import foreign_estimator_tables, foreign_tables
from convnet.values.constraints import as_float, choice, is_number
from convnet.values.foreign_names import as_code
from convnet.values.messages import reworded, show

if TYPE_CHECKING:
    from convnet.communication.communicator import Communicator
    from convnet.graph import Network

LearningRate: TypeAlias = str | Schedule | Callable[[int], float]

NAMES = ("constant", "adaptive", *NAMED)
AUTO_STEPS = 64  # of an epoch with batch_size="auto", as far as the limits of the batch size allow
AUTO_BATCH_SIZES = 8, 128
SOLVER_PARAMETERS = ("solver", "alpha", "momentum", "beta_1", "beta_2", "epsilon", "clip_norm")
ADAPTIVE_FACTOR, ADAPTIVE_LOWEST = 1 / 5, 1e-6  # MLPClassifier's


def check_learning_rate(value: object, max_iter: int, n_iter_no_change: float = math.inf) -> None:
    """Raise ValueError or TypeError unless `value` is a name, a callable or a Schedule that fits a training.

    The training has `max_iter` epochs, and stops after more than `n_iter_no_change` epochs without progress.
    """
    if isinstance(value, Schedule):
        try:
            value.check(max_iter)
        except (TypeError, ValueError) as error:
            raise reworded(error, f"learning_rate: {error}") from None
        _check_patience(value, n_iter_no_change)
    elif isinstance(value, type) and issubclass(value, Schedule):
        raise TypeError(f"learning_rate is the class {value.__name__}. Write {value.__name__}().")
    elif isinstance(value, str):
        choice(*NAMES, elsewhere=foreign_estimator_tables.LEARNING_RATES).check(
            "learning_rate", value
        )
        _check_patience(NAMED.get(value), n_iter_no_change)
    elif not callable(value):
        hint = foreign_tables.SCHEDULES.remedy_of(value)
        if is_number(value):
            hint = f" Write learning_rate_init={as_code(value)}."
        raise TypeError(
            f"learning_rate must be one of {', '.join(map(repr, NAMES))}, a schedule such as Cosine(), or a function "
            f"of the epoch; got {show(value)}.{hint}"
        )


def _check_patience(schedule: Schedule | None, n_iter_no_change: float) -> None:
    """Raise ValueError if training would stop before a plateau has lasted long enough for a reduction."""
    inside = () if schedule is None else schedule.get_fields().values()
    for one in (schedule, *inside):
        if isinstance(one, ReduceOnPlateau) and one.patience >= n_iter_no_change:
            raise ValueError(
                f"learning_rate: ReduceOnPlateau: patience is {show(one.patience)}, but training stops after "
                f"n_iter_no_change={show(n_iter_no_change)} epochs without progress. Lower patience or raise "
                'n_iter_no_change: float("inf") trains for all epochs.'
            )


def resolve_learning_rate(learning_rate: LearningRate, *, cycle: bool) -> LearningRate:
    """Return `learning_rate`, and for "auto" what it stands for.

    `cycle` says whether training runs for all epochs. Early stopping would end a cycle while the rate rises.
    """
    if isinstance(learning_rate, str) and learning_rate == "auto":
        return "one_cycle" if cycle else "constant"
    return learning_rate


def resolve_batch_size(batch_size: int | str, n: int) -> int:
    """Return the number of samples of a step, for n samples. "auto" gives a power of two."""
    if isinstance(batch_size, str):
        low, high = AUTO_BATCH_SIZES
        batch_size = min(max(2 ** round(math.log2(max(1.0, n / AUTO_STEPS))), low), high)
    return min(n, int(batch_size))


class OptimizationState:
    """Trainer, learning rates and early stopping of one ``fit``, or of successive calls of ``partial_fit``.

    Pickles do not hold it.

    Parameters
    ----------
    seed : int
        Seed of the first call.
    first_epoch : int
        The epoch from which schedules count.

    Attributes
    ----------
    trainer, settings : Trainer, dict
        The optimizer with its moments, and its settings. New settings make a new trainer.
    rates, stopping, schedule_key : LearningRates, EarlyStopping, tuple
        Schedule and rule for stopping, and their parameters. New parameters make new ones.
    """

    def __init__(self, seed: int, first_epoch: int) -> None:
        self.seed, self.first_epoch = seed, first_epoch
        self.trainer: Trainer
        self.settings: dict[str, Any] | None = None
        self.rates: LearningRates
        self.stopping: EarlyStopping
        self.schedule_key: tuple[Any, ...] | None = None

    def set_trainer(
        self,
        network: Network,
        estimator: Any,
        *,
        batch_size: int,
        communicator: Communicator | None = None,
        **settings: Any,
    ) -> None:
        """Provide a trainer for batches of up to `batch_size` samples, with the solver of an estimator.

        `settings` are the other arguments of `Trainer`.
        """
        settings |= {name: getattr(estimator, name) for name in SOLVER_PARAMETERS}
        settings["nesterov"] = estimator.nesterovs_momentum
        settings["label_smoothing"] = getattr(estimator, "label_smoothing", 0.0)
        if self.settings != settings:
            self.trainer = Trainer(
                network,
                batch_size=batch_size,
                seed=self.seed,
                communicator=communicator,
                **settings,
            )
            self.settings = settings
            return
        self.trainer.set_communicator(communicator)
        if self.trainer.batch_size < batch_size:
            self.trainer.resize(batch_size)

    def set_schedule(self, estimator: Any, *, cycle: bool) -> None:
        """Provide learning rates and a rule for stopping with the parameters of an estimator.

        `cycle` is as in `resolve_learning_rate`.
        """
        rate = resolve_learning_rate(estimator.learning_rate, cycle=cycle)
        init, max_iter = estimator.learning_rate_init, estimator.max_iter
        tol, patience = estimator.tol, estimator.n_iter_no_change
        schedule_key = rate, init, max_iter, tol, patience
        if self.schedule_key != schedule_key:
            self.rates = LearningRates(rate, init, max_iter, self.first_epoch)
            self.stopping = EarlyStopping(tol, patience)
            self.schedule_key = schedule_key


class LearningRates:
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

    Attributes
    ----------
    state : PlateauState
        The rate as lowered so far, and what a schedule remembers of the losses.
    """

    def __init__(
        self, learning_rate: LearningRate, init: float, max_iter: int, first_epoch: int = 0
    ) -> None:
        self.schedule = learning_rate
        if isinstance(learning_rate, str):
            self.schedule = NAMED.get(learning_rate, learning_rate)
        self.state = PlateauState(float(init))
        self.max_iter = max_iter
        self.first_epoch = first_epoch

    def epoch(self, epoch: int, steps: int) -> list[float]:
        """Return the learning rate of each of the `steps` steps of an epoch."""
        epoch -= self.first_epoch
        rates = self._rates(epoch, steps)
        for rate in rates:
            if not is_number(rate) or not 0 <= as_float(rate) < math.inf:
                raise ValueError(
                    f"learning_rate returned {show(rate)} for epoch {epoch}; expected a finite number, 0 or more."
                )
        return list(map(float, rates))

    def update(self, epoch: int, loss: float) -> None:
        """Add the loss of an epoch, on which a schedule such as `ReduceOnPlateau` depends."""
        if isinstance(self.schedule, Schedule):
            self.state = self.schedule.update(self.state, epoch - self.first_epoch, loss)

    def lower(self) -> bool:
        """Lower an adaptive rate. Return False, which ends training, if there is none or it is at its minimum."""
        if self.schedule != "adaptive":
            return False
        before = self.state.rate
        self.state = PlateauState(reduced(before, ADAPTIVE_FACTOR, ADAPTIVE_LOWEST))
        return self.state.rate < before

    def _rates(self, epoch: int, steps: int) -> list[float]:
        if isinstance(self.schedule, str):
            return [self.state.rate] * steps
        if isinstance(self.schedule, Schedule):
            return self._scheduled(self.schedule, epoch, steps)
        try:
            return [self.schedule(epoch)] * steps
        except Exception as error:
            kind = type(error).__name__
            raise ValueError(f"learning_rate raised {kind} for epoch {epoch}: {error}") from error

    def _scheduled(self, schedule: Schedule, epoch: int, steps: int) -> list[float]:
        n, rate = self.max_iter, self.state.rate
        if not schedule.per_step:
            return [rate * schedule.multiplier(min(epoch, n - 1), n)] * steps
        places = range(steps) if epoch < n else [steps - 1] * steps
        epoch = min(epoch, n - 1)
        return [rate * schedule.multiplier(epoch, n, i, steps) for i in places]


class EarlyStopping:
    """Stop after more than `patience` epochs in a row that gain less than `tol`, as MLPClassifier does.

    Parameters
    ----------
    tol : float
        Smallest gain over the best value so far that counts as progress.
    patience : float
        Number of epochs without progress to tolerate.
    """

    def __init__(self, tol: float, patience: float) -> None:
        self.tol = tol
        self.patience = patience
        self.best = -math.inf
        self.stalled = 0

    def update(self, value: float) -> None:
        """Add the value of an epoch; larger is better."""
        self.stalled = 0 if value >= self.best + self.tol else self.stalled + 1
        self.best = max(self.best, value)

    def exhausted(self) -> bool:
        """Return whether patience is exhausted. If so, it starts again."""
        if self.stalled <= self.patience:
            return False
        self.stalled = 0
        return True
