"""The training loop: epochs of shuffled batches, learning rates, stopping, best weights and history."""

import math
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from math import inf, log10, sqrt
from typing import Any, Protocol, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from convnet.graph import Network, Trainer
from convnet.graph.arrays import NotFiniteError, is_finite, squares
from convnet.training.examples import Examples, permutation
from convnet.training.optimization import EarlyStopping, LearningRates

T = TypeVar("T")
Weights: TypeAlias = dict[str, NDArray[np.float32]]  # as `Network.get_weights` returns them

METRICS = "loss", "score", "learning_rate", "seconds"  # of each epoch

# If values can grow by at most this many powers of ten on their way through a net, its outputs are not checked.
MAX_GROWTH = 10.0


class BestWeights:
    """The weights of the epoch with the highest score, or of the earliest of several.

    Parameters
    ----------
    score : float, default=-inf
        The highest score so far.
    epoch : int, default=0
        Number of the epoch, from 1; 0 before the first.
    weights : dict of ndarray, default=None
        None before the first epoch.
    """

    def __init__(
        self, score: float = -math.inf, epoch: int = 0, weights: Weights | None = None
    ) -> None:
        self.score, self.epoch, self._weights = score, epoch, weights

    @property
    def weights(self) -> Weights:
        """The weights. ValueError before the first epoch."""
        if self._weights is None:
            raise ValueError(
                "There are no weights before the first epoch has ended. Ask for them after an epoch."
            )
        return self._weights

    def offer(self, score: float, epoch: int, weights: Weights) -> None:
        """Keep these weights if their score is the highest so far."""
        if score > self.score:
            self.score, self.epoch, self._weights = score, epoch, weights


class Watch(Protocol):
    """An observer of a loop."""

    def fit_begin(self) -> None:
        """Handle the beginning of a run."""

    def epoch_begin(self, epoch: int) -> None:
        """Handle the beginning of an epoch, given its number."""

    def batch_end(self) -> None:
        """Handle the end of a training step."""

    def epoch_end(self, metrics: dict[str, float]) -> bool:
        """Handle the metrics of an epoch; return whether to stop."""

    def fit_end(self) -> None:
        """Handle the end of a run, when the network has the kept weights."""


class Loop:
    """Train a network on some examples, epoch by epoch.

    Parameters
    ----------
    network, trainer : Network, Trainer
        The network, and the trainer that updates it.
    examples : Examples
        The training data.
    batch_size : int
        Samples per step; the last step of an epoch may have fewer.
    rates : LearningRates
        The learning rate of each step.
    stopping : EarlyStopping
        It receives the validation score where `by_score` is set, else minus the training loss.
    seed : int
        Together with the number of an epoch, it determines the order of the samples.
    shuffle : bool
        False keeps the order of the samples.
    first_epoch : int
        Number of the first epoch, above 0 if an earlier fit is resumed.
    validate : callable, default=None
        Given the weights, as `Network.get_weights` returns them, it returns the validation loss and score.
    by_score : bool, default=False
        Whether the validation score decides when training ends.
    keep_best : bool, default=True
        Whether the validation set, if there is one, chooses: its score the weights that are kept, and its loss the
        learning rate of schedules that depend on a loss. Otherwise they depend on the training loss.
    best_epoch : int, default=0
        If above 0, the weights that the network starts with, from that many epochs, are kept until an epoch has a
        better validation score.
    deadline : float, default=inf
        When to stop, by `time.monotonic`. It is checked after each step. The epoch under way is dropped, except that
        the first one of a run is cut short and counts.
    watch : Watch, default=None
        Its ``fit_begin()``, ``epoch_begin(epoch)``, ``batch_end()``, ``epoch_end(metrics)`` and ``fit_end()`` are
        called. ``epoch_end`` returns whether to stop.
    largest : float, default=1.0
        Largest magnitude of the inputs after scaling.
    score_offset : float, default=None
        If given, the training score is this minus the mean of the trainer's scores, as for R². None: it is their mean.

    Attributes
    ----------
    history : dict of list
        "loss", "score", "learning_rate" (of the last step), "seconds" and, with `validate`, "validation_loss" and
        "validation_score". Loss and score of the training set come from the batches as trained.
    data_loss : float
        Training loss of the last epoch without penalty and smoothing.
    best : BestWeights
        The weights of the best epoch with `validate` and `keep_best`, else of the last.
    weights : dict of ndarray or None
        The weights of the last epoch; None before the first, and after a dropped one.
    over : bool
        Whether training ended early, for lack of progress or because `watch` asked for it.
    cut : int
        Number of steps of the first epoch if it was cut short, else 0.
    batch : int
        Number of steps taken in the epoch under way; 0 between epochs.
    """

    def __init__(
        self,
        network: Network,
        trainer: Trainer,
        examples: Examples,
        *,
        batch_size: int,
        rates: LearningRates,
        stopping: EarlyStopping,
        seed: int,
        shuffle: bool,
        first_epoch: int,
        validate: Callable[[Weights], tuple[float, float]] | None = None,
        by_score: bool = False,
        keep_best: bool = True,
        best_epoch: int = 0,
        deadline: float = math.inf,
        watch: Watch | None = None,
        largest: float = 1.0,
        score_offset: float | None = None,
    ) -> None:
        self.network, self.trainer, self.examples = network, trainer, examples
        self.batch_size, self.rates, self.stopping = batch_size, rates, stopping
        self.seed, self.shuffle, self.first_epoch = seed, shuffle, first_epoch
        self.validate, self.by_score, self.best_epoch = validate, by_score, best_epoch
        self.keep_best = keep_best and validate is not None
        self.deadline, self.watch, self.largest = deadline, watch, largest
        self.score_offset = score_offset
        names = [*METRICS, *(("validation_loss", "validation_score") if validate else ())]
        self.history: dict[str, list[float]] = {name: [] for name in names}
        self.data_loss = math.nan
        self.best, self.over, self.cut, self.batch = BestWeights(), False, 0, 0
        self.weights: Weights | None = None

    @property
    def steps(self) -> int:
        """Number of steps of an epoch."""
        return -(-len(self.examples.rows) // self.batch_size)

    @property
    def epochs(self) -> int:
        """Number of epochs done, including those before `first_epoch`."""
        return self.first_epoch + len(self.history["loss"])

    def run(self, max_iter: int) -> None:
        """Train for up to `max_iter` epochs, then put the kept weights into the network."""
        if self.watch:
            self.watch.fit_begin()
        if self.validate and self.best_epoch and not self.history["loss"]:
            weights = self.network.get_weights()
            score = self._on_first(self.validate, weights)[1]
            self.best.offer(score, self.best_epoch, weights)
            if self.by_score:
                self.stopping.update(score)
        while self.epochs < self.first_epoch + max_iter and not self.over:
            if self.watch:
                self.watch.epoch_begin(self.epochs)
            if not self._epoch(self.epochs) or self._is_over_time():
                break
        if self.weights is not self.best.weights:
            self.network.set_weights(self.best.weights)
        if self.watch:
            self.watch.fit_end()

    def _epoch(self, epoch: int) -> bool:
        """Train for an epoch; return False if it was cut short or dropped."""
        start = time.perf_counter()
        rates = self.rates.epoch(epoch, self.steps)
        try:
            (loss, data_loss, score), taken = self._train(epoch, rates)
        finally:
            self.batch = 0
        rate = rates[taken - 1]
        if taken < self.steps:
            if self.history["loss"]:
                self.weights = None  # those in the network are of no epoch
                return False
            self.cut = taken
        self.weights = self.network.get_weights()
        self.data_loss = data_loss
        if self.score_offset is not None:
            score = self.score_offset - score
        metrics = {"loss": loss, "score": score, "learning_rate": rate}
        self._check(self.weights, epoch, loss, rate)
        if self.validate:
            try:
                validation = self._on_first(self.validate, self.weights)
            except NotFiniteError:
                raise self._diverged(
                    "outputs for the validation set are not finite", epoch, rate
                ) from None
            metrics["validation_loss"], metrics["validation_score"] = validation
        metrics["seconds"] = time.perf_counter() - start
        for name, value in metrics.items():
            self.history[name].append(value)
        if not self.keep_best:
            self.best = BestWeights()  # the last epoch's are kept
        self.best.offer(metrics.get("validation_score", 0.0), epoch + 1, self.weights)
        self.stopping.update(metrics["validation_score"] if self.by_score else -loss)
        self.rates.update(epoch, metrics["validation_loss"] if self.keep_best else loss)
        self.over = self.stopping.exhausted() and not self.rates.lower()
        if self.watch and self.watch.epoch_end(metrics):
            self.over = True
        return not self.cut

    def _train(self, epoch: int, rates: list[float]) -> tuple[tuple[float, float, float], int]:
        """Take steps at these rates until the deadline.

        Return the weighted means of loss, loss without penalty and smoothing, and score over the samples, and the
        number of steps.
        """
        data, size = self.examples, self.batch_size
        rows = permutation(data.rows, self.seed, epoch) if self.shuffle else data.rows
        parts = [rows[i : i + size] for i in range(0, len(rows), size)]
        total, data_total, score_total, taken = 0.0, 0.0, 0.0, 0
        with closing(data.batches(parts, epoch, self.trainer.samples)) as batches:
            for rate, part, batch in zip(rates, parts, batches, strict=True):
                loss = self.trainer.step(**batch, learning_rate=rate, epoch=epoch)
                if not math.isfinite(loss):
                    raise diverged(f"loss became {loss}", epoch, taken, rate)
                total += loss * data.weight(part)
                data_total += self.trainer.data_loss
                score_total += self.trainer.score
                taken += 1
                if self.watch:
                    self.batch = taken
                    self.watch.batch_end()
                if self._is_over_time():
                    break
        weight = data.weight(rows[: taken * size])
        return (total / weight, data_total / weight, score_total / weight), taken

    def _on_first(self, function: Callable[..., T], *args: Any) -> T:
        """Call a function, of several ranks on rank 0 alone; return its result on all."""
        ranks = self.trainer.communicator
        return function(*args) if ranks is None else ranks.call_on_first(lambda: function(*args))

    def _is_over_time(self) -> bool:
        """Return whether the deadline has passed, of several ranks on rank 0."""
        if self.deadline == math.inf:
            return False
        return self._on_first(lambda: time.monotonic() > self.deadline)

    def _check(self, weights: Weights, epoch: int, loss: float, rate: float) -> None:
        """Raise ValueError if the epoch left a value that is not finite."""
        what = None if math.isfinite(loss) else f"mean loss became {loss}"
        what = what or what_diverged(
            self.network, self.trainer, self.examples, weights, self.largest
        )
        if what:
            raise self._diverged(what, epoch, rate)

    def _diverged(self, what: str, epoch: int, rate: float) -> ValueError:
        return diverged(what, epoch, (self.cut or self.steps) - 1, rate)


def diverged(what: str, epoch: int, batch: int, rate: float) -> ValueError:
    """Return the error that ends training.

    Parameters
    ----------
    what : str
        What is no longer finite, such as "loss became nan".
    epoch, batch : int
        Numbers of the epoch and of the batch, from 0.
    rate : float
        The learning rate of that batch.
    """
    return ValueError(
        f"The {what} in epoch {epoch + 1}, batch {batch + 1}, at learning rate {rate:g}. "
        "Lower learning_rate_init or scale X."
    )


def what_diverged(
    network: Network,
    trainer: Trainer,
    examples: Examples,
    weights: Mapping[str, NDArray[np.float32]],
    largest: float,
) -> str | None:
    """Return a phrase that says what is no longer finite after an epoch, or None.

    The weights and moments are checked. Losses belong to the weights before each step, so they do not show outputs
    that overflow after the last step. If the weights are so large that this may happen, the outputs for the training
    set are computed.

    Parameters
    ----------
    network, trainer, examples : Network, Trainer, Examples
    weights : dict of ndarray
        The weights of the network.
    largest : float
        Largest magnitude of the inputs after scaling.
    """
    for name, values in weights.items():
        if not is_finite(values):
            return f"weights {name!r} are no longer finite"
    if not trainer.is_finite():
        return "moments of the solver are no longer finite"
    if growth(weights) + log10(max(largest, 1.0)) > MAX_GROWTH:
        try:
            examples.outputs(network, trainer.n_threads)
        except NotFiniteError:
            return "outputs of the net are no longer finite"
    return None


def growth(weights: Mapping[str, NDArray[np.float32]]) -> float:
    """Return roughly by how many powers of ten values may grow up to the layer where they are largest.

    A layer multiplies by the root mean square of the norms of its units' weights, unless its biases are larger. The
    factors of channels are called gamma, those of negative values alpha. Batch norm divides by the standard deviation.

    Parameters
    ----------
    weights : mapping of str to ndarray
        In the order of the layers.
    """
    now = most = 0.0
    for name, values in weights.items():
        layer, _, role = name.rpartition("/")
        factor = sqrt(squares(values) / values.shape[-1])
        variance = weights.get(f"{layer}/moving_variance")
        if role == "gamma" and variance is not None:
            factor /= sqrt(float(variance.mean(dtype=np.float64)) + 1e-12)
        if role == "alpha":  # slope of the negative values; the others pass
            factor = max(factor, 1.0)
        if values.ndim > 1 or role in ("gamma", "alpha"):
            now += log10(max(factor, 1e-12)) if factor < inf else inf
        most = max(most, now, log10(max(factor, 1e-12)) if factor < inf else inf)
    return most
