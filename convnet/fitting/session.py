"""FitSession: one call of ``fit`` or ``partial_fit``, from its arguments to the fitted attributes.

::

    FitData, ValidationSet     X, y and weights, checked and encoded           (data.py)
    build                      network and initial weights                     (transfer.py)
    prepare                    trainer and schedule                            (training/optimization.py)
    Validation                 loss and score after each epoch                 (validation.py)
    Loop                       the epochs                                      (training/loop.py)
    attributes                 what the estimator gets

Nothing is written to the estimator before the end, and then everything at once. A fit that fails leaves the estimator
unchanged.
"""

from __future__ import annotations

import math
import os
import time
from dataclasses import dataclass, replace
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state

from convnet.engine.threads import resolve_n_threads
from convnet.fitted.network_cache import NetworkCache
from convnet.fitted.weights import Weights
from convnet.fitting.callback_view import CallbackView
from convnet.fitting.data import FitData, ValidationSet
from convnet.fitting.likely_mistakes import (
    warn_of_constant_targets,
    warn_of_likely_mistakes,
    warn_of_trivial_net,
)
from convnet.fitting.prefix_choice import behind_prefix, choose_prefix
from convnet.fitting.ranks import FirstRankCallbacks, check_same_fit
from convnet.fitting.transfer import (
    format_report,
    frozen_parameters,
    initial_arrays,
    load_initial_weights,
    rate_factors,
    warn_of_frozen_random,
)
from convnet.fitting.validation import Validation
from convnet.layers import Normalize
from convnet.training import snapshot
from convnet.training.frozen_prefix import CachedFeatures
from convnet.training.loop import METRICS, Loop
from convnet.training.optimization import OptimizationState, resolve_batch_size
from convnet.training.statistics import learn_statistics
from convnet.values.messages import show
from convnet.values.user_warnings import warn_user

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

    from convnet.callbacks.callback import Callback
    from convnet.communication.communicator import Communicator
    from convnet.fitting.transfer import InitialArrays, Report
    from convnet.graph import Network
    from convnet.inputs.target_scaling import TargetScaling
    from convnet.inputs.tasks.base import Task
    from convnet.training.examples import Examples
    from convnet.training.frozen_prefix import FrozenPrefix
    from convnet.training.loop import Weights as LayerWeights


PASSED = "X_val"  # stands for a validation set that was passed, where the seed of a split is noted otherwise


@dataclass(frozen=True, eq=False)
class InitialNet:
    """A network before training.

    Parameters
    ----------
    cache : NetworkCache
        Holds the network for the fitted estimator.
    network : Network
        With initial weights, or those of the fitted net.
    frozen : frozenset of str
        Names of the parameters that `freeze` keeps.
    init_report : dict or None
        ``init_report_``.
    """

    cache: NetworkCache
    network: Network
    frozen: frozenset[str]
    init_report: Report | None


@dataclass(frozen=True, eq=False)
class Preparation:
    """What a network is trained with.

    Parameters
    ----------
    optimization : OptimizationState
        Trainer, schedule and early stopping.
    examples : Examples
        The training set; the features of the frozen prefix, if there is one.
    batch_size : int
        Number of samples of a step.
    score_offset : float or None
        See `Loop`.
    prefix : FrozenPrefix or None
        The layers whose outputs the steps take, if the first layers are frozen.
    """

    optimization: OptimizationState
    examples: Examples
    batch_size: int
    score_offset: float | None
    prefix: FrozenPrefix | None


class FitSession:
    """One call of ``fit``, ``partial_fit`` or ``initialize``.

    Parameters
    ----------
    estimator : BaseConvNet
        Its parameters are checked already. With `resume`, its fitted attributes are used too.
    task : Task
        What the net learns.
    X, y, sample_weight
        As passed.
    validation : tuple, default=(None, None, None)
        X_val, y_val and sample_weight_val as passed.
    classes : array-like, default=None
        As passed to ``partial_fit``.
    input_shape : tuple of int or None
        The parameter, as (h, w, c), (length, c) or (features,).
    load : callable
        Reads a model file, for `init_weights`.
    keep_best : bool, default=True
        Whether to keep the weights of the epoch with the best validation score. False keeps those of the last epoch:
        the validation set is measured, but chooses nothing.
    resume : bool
        Whether to start from the fitted weights.
    partial : bool
        Whether this is ``partial_fit``: one epoch, with the optimizer state of the previous call.
    communicator : Communicator, default=None
        Exchanges with the other ranks, if several run this fit together.
    """

    def __init__(
        self,
        estimator: Any,
        task: Task,
        X: Any,
        y: Any,
        sample_weight: ArrayLike | None,
        *,
        validation: tuple[Any, Any, ArrayLike | None] = (None, None, None),
        classes: ArrayLike | None = None,
        keep_best: bool = True,
        input_shape: tuple[int, ...] | None,
        load: Callable[[Any], Any],
        resume: bool,
        partial: bool,
        communicator: Communicator | None = None,
    ) -> None:
        self.begin = time.monotonic()
        self.estimator, self.resume, self.partial = estimator, resume, partial
        self.keep_best = keep_best
        self.estimator_name = type(estimator).__name__
        self.n_threads = resolve_n_threads(estimator.n_jobs)
        self.communicator = communicator
        self.seed = draw_seed(estimator.random_state)
        if communicator is not None:
            self.seed = communicator.broadcast(self.seed)
        self.first_epoch = estimator.n_iter_ if resume else 0
        begun = getattr(estimator, "_schedule_start", None) if resume and partial else None
        self.schedule_start = self.first_epoch if begun is None else begun
        # Seed of the split whose validation set chose the fitted weights, or PASSED if the caller passed that set. A
        # resumed fit splits off the same samples again, because the net was not trained on them.
        self.selected_by = getattr(estimator, "_validation_split", None) if resume else None
        self.split_seed = self.seed if self.selected_by in (None, PASSED) else self.selected_by
        self.data = FitData.read(
            estimator,
            task,
            X,
            y,
            sample_weight,
            input_shape=input_shape,
            resume=resume,
            classes=classes,
        )
        if resume:
            self.data.check_unchanged(estimator, "partial_fit" if partial else "warm_start")
        elif not partial:
            warn_of_likely_mistakes(estimator, self.data, validated=validation[0] is not None)
        self.validation_set = ValidationSet.read(estimator, self.data, *validation)
        self.validated_by: int | str | None = None if self.validation_set is None else PASSED
        self.init_weights: InitialArrays | None = None
        named = estimator.init_weights is not None or estimator.weight_names is not None
        if named and not resume:
            self.init_weights = initial_arrays(estimator, self.data, load)
        self.scaling: TargetScaling | None = None
        self.net: InitialNet | None = None
        self._loop: Loop | None = None

    def run(self, callbacks: Sequence[Callback]) -> dict[str, Any]:
        """Train, calling the callbacks. Return the fitted attributes."""
        has_callbacks = bool(callbacks)
        if self.communicator is not None:
            check_same_fit(self.communicator, self)
            has_callbacks = self.communicator.broadcast(has_callbacks)
        view: CallbackView | FirstRankCallbacks | None = None
        if has_callbacks:
            view = CallbackView(self, callbacks)
            if self.communicator is not None:
                view = FirstRankCallbacks(view, self)
        state = view.resume() if view else None
        if state is not None:
            self.seed, self.split_seed = snapshot.seeds(state[0])
        examples, validation_set = self.scale_targets(*self._split())
        self.net = self.build(examples)
        prepared = self.prepare(self.net, examples)
        self._loop = loop = self._make_loop(self.net, prepared, validation_set, view)
        if state is not None:
            snapshot.restore(loop, *state)
        try:
            loop.run(self.last_epoch - self.first_epoch)
            if self.partial:
                prepared.optimization.trainer.gather_state()
        except BaseException:
            if self.partial:
                self.net.cache.reset()
            raise
        finally:
            loop.watch = (
                None  # it refers to this session, whose memory would wait for the garbage collector
            )
            if view:
                view.close()
        if not self.partial and (self.communicator is None or self.communicator.rank == 0):
            warn_of_trivial_net(
                self.estimator,
                self.data.task,
                self.net.network,
                loop,
                examples,
                None if validation_set is None else validation_set.examples,
                self.n_threads,
            )
        if loop.cut:
            warn_user(
                f"max_time={self.estimator.max_time} ended training in its first epoch, after {loop.cut} of "
                f"{loop.steps} steps.",
                ConvergenceWarning,
            )
        return self.attributes()

    def initialize(self) -> dict[str, Any]:
        """Return the fitted attributes of a net with the weights that training would begin with."""
        splits = self.estimator.early_stopping
        examples = self._split()[0] if splits else self.data.examples
        examples, _ = self.scale_targets(examples, None)
        self.net = self.build(examples)
        no_epochs: dict[str, list[float]] = {name: [] for name in METRICS}
        return self._fitted(self.net.network.get_weights(), 0, no_epochs)

    def _split(self) -> tuple[Examples, ValidationSet | None]:
        """Return the training set and the validation set, which is passed, split off, or None."""
        estimator = self.estimator
        examples, validation_set = self.data.examples, self.validation_set
        if validation_set is None and estimator.early_stopping:
            examples, validation_set = self.data.split(
                estimator.validation_fraction, self.split_seed
            )
            self.validated_by = self.split_seed
        if validation_set is None and estimator.scoring is not None and not self.partial:
            raise ValueError(
                f"scoring={show(estimator.scoring)} needs a validation set: pass X_val and y_val, or set "
                "early_stopping=True."
            )
        return examples, validation_set

    def scale_targets(
        self, examples: Examples, validation_set: ValidationSet | None
    ) -> tuple[Examples, ValidationSet | None]:
        """Return both sets with targets as the net learns them. The training set alone determines the scaling."""
        self.scaling = self.data.task.scaling(*examples.labels())
        if self.partial and not self.resume and self.scaling is not None:
            warn_of_constant_targets(self.estimator, examples.labels()[0])
        if validation_set is not None:
            name = "y" if self.validation_set is None else "y_val"
            scaled = self._scaled(name, validation_set.examples)
            validation_set = replace(validation_set, examples=scaled)
        return self._scaled("y", examples), validation_set

    def _scaled(self, name: str, examples: Examples) -> Examples:
        """Return examples with scaled targets, if the task has numbers. `name` is that of the targets, for errors."""
        if self.scaling is None:
            return examples
        targets = self.scaling.transform(examples.targets, examples.rows, name)
        return replace(examples, targets=targets)

    def build(self, examples: Examples) -> InitialNet:
        """Return the network that training on `examples` begins with."""
        estimator, data = self.estimator, self.data
        report: Report | None = None
        if self.resume and self.partial:
            cache = estimator._network_cache
            network = cache.network(estimator.weights_, to_train=True)
        else:
            cache = NetworkCache(data.layers, data.input_shape, data.target.n_outputs)
            network = cache.network(estimator.weights_ if self.resume else None, self.seed)
        plan = network.plan
        frozen: frozenset[str] = frozenset()
        if estimator.freeze is not None:
            frozen = frozen_parameters(estimator.freeze, plan)
        if self.init_weights is not None:
            report, match = load_initial_weights(
                network, self.init_weights, estimator, self.estimator_name
            )
            if estimator.verbose and (self.communicator is None or self.communicator.rank == 0):
                print(format_report(report, match))
            warn_of_frozen_random(report, frozen, self.estimator_name)
        loaded = report["loaded"] if report else ()
        fresh = [
            info.name
            for info in plan.named.values()
            if isinstance(info.layer, Normalize)
            and info.name not in loaded
            and f"{info.name}/mean" not in frozen
        ]
        if fresh and not self.resume:
            learn_statistics(network, examples, fresh, self.n_threads)
        return InitialNet(cache, network, frozen, report)

    def prepare(self, net: InitialNet, examples: Examples) -> Preparation:
        """Return what is needed to train a network on `examples`."""
        estimator, data = self.estimator, self.data
        cache, network, frozen = net.cache, net.network, net.frozen
        plan = network.plan
        factors: dict[str, float] = {}
        if estimator.layer_learning_rates is not None:
            factors = rate_factors(estimator.layer_learning_rates, plan)
        prefix = None
        if frozen or estimator.cache_augmented is not None:
            prefix = choose_prefix(estimator, network, data.augment, frozen, self.n_threads)
        batch_size = resolve_batch_size(estimator.batch_size, len(examples.rows))
        optimization = cache.optimization_state or OptimizationState(self.seed, self.schedule_start)
        optimization.set_trainer(
            network,
            estimator,
            loss=data.target.loss,
            batch_size=batch_size,
            augment=data.augment if prefix is None else None,
            frozen=frozen,
            rates=factors,
            frozen_prefix=None if prefix is None else prefix.layer,
            communicator=self.communicator,
        )
        optimization.set_schedule(
            estimator, cycle=not self.partial and not estimator.early_stopping
        )
        optimization.trainer.n_threads = self.n_threads
        score = data.task.score_weights(*examples.labels())
        if score is not None:
            optimization.trainer.set_score_weights(score[0])
        if self.partial:
            cache.optimization_state, cache.training_pid = optimization, os.getpid()
        if prefix is not None:
            examples = behind_prefix(
                estimator,
                examples,
                prefix,
                data.augment,
                seed=optimization.trainer.seed,
                cached=not self.partial,
            )
        offset = None if score is None else score[1]
        return Preparation(optimization, examples, batch_size, offset, prefix)

    def _make_loop(
        self,
        net: InitialNet,
        prepared: Preparation,
        validation_set: ValidationSet | None,
        watch: CallbackView | FirstRankCallbacks | None,
    ) -> Loop:
        """Return the loop over the epochs, which has not begun."""
        estimator = self.estimator
        validate, prefix = None, prepared.prefix
        if validation_set is not None:
            if prefix is not None and prefix.keeps_bits:
                behind = CachedFeatures.of(validation_set.examples, prefix=prefix, cached=True)
                validation_set = replace(validation_set, examples=behind)
            validate = self._validation(validation_set, net.network)
        best_stands = (
            validate is not None and self.keep_best and self.selected_by == self.validated_by
        )
        unlimited = estimator.max_time is None or self.partial
        return Loop(
            net.network,
            prepared.optimization.trainer,
            prepared.examples,
            batch_size=prepared.batch_size,
            rates=prepared.optimization.rates,
            stopping=prepared.optimization.stopping,
            seed=prepared.optimization.seed,
            shuffle=estimator.shuffle,
            first_epoch=self.first_epoch,
            validate=validate,
            by_score=bool(estimator.early_stopping),
            keep_best=self.keep_best,
            best_epoch=estimator.best_iter_ if best_stands else 0,
            deadline=math.inf if unlimited else self.begin + estimator.max_time,
            watch=watch,
            largest=self.data.largest,
            score_offset=prepared.score_offset,
        )

    def _validation(
        self, validation_set: ValidationSet, network: Network
    ) -> Callable[[LayerWeights], tuple[float, float]]:
        """Return the function that computes loss and score on the validation set, of several ranks on rank 0."""

        def make() -> Validation:
            return Validation(
                self.estimator,
                self.data.task,
                validation_set,
                network,
                self._structure(),
                self.n_threads,
            )

        if self.communicator is None:
            return make()
        made: list[Validation] = []
        self.communicator.call_on_first(lambda: made.append(make()))
        return made[0] if made else _measured_on_first

    @property
    def loop(self) -> Loop:
        """The epochs. Not available to callbacks while they say what to resume from."""
        if self._loop is None:
            raise ValueError("The training has not begun: ask in on_fit_begin, or later.")
        return self._loop

    @property
    def last_epoch(self) -> int:
        """Number of epochs after which the fit ends, unless it stops earlier."""
        return self.first_epoch + (1 if self.partial else self.estimator.max_iter)

    def attributes(self) -> dict[str, Any]:
        """Return the fitted attributes after the epochs done so far."""
        best = self.loop.best
        return self._fitted(best.weights, best.epoch, self.history())

    def _fitted(
        self,
        weights: Mapping[str, NDArray[np.float32]],
        best_epoch: int,
        history: dict[str, list[float]],
    ) -> dict[str, Any]:
        """Return the fitted attributes of a net with these weights, which are those of `best_epoch`."""
        fitted = {
            **self._structure(),
            "weights_": Weights(weights),
            "n_iter_": len(history["loss"]),
            "best_iter_": best_epoch,
            "loss_": history["loss"][best_epoch - 1] if best_epoch else math.nan,
            "loss_curve_": list(history["loss"]),
            "history_": history,
        }
        if "validation_score" in history:
            fitted["validation_loss_curve_"] = list(history["validation_loss"])
            fitted["validation_scores_"] = list(history["validation_score"])
        if self.validated_by is not None and self.keep_best:
            fitted["_validation_split"] = self.validated_by
        if self.partial:
            fitted["_schedule_start"] = self.schedule_start
        return fitted

    def history(self) -> dict[str, list[float]]:
        """Return the figures of all epochs, those of the resumed fits included."""
        history = self.loop.history
        return _joined(self.estimator.history_, history) if self.resume else history

    def end(self) -> None:
        """Note that the network is no longer being trained."""
        if self.net is not None:
            self.net.cache.training_pid = None

    def interrupted(self) -> dict[str, Any] | None:
        """Return the attributes with the best weights so far, or None before the first epoch is done."""
        if self.net is None or self._loop is None or not self._loop.history["loss"]:
            return None
        self.net.network.set_weights(self._loop.best.weights)
        return self.attributes()

    def _structure(self) -> dict[str, Any]:
        """Return the fitted attributes that are known before training."""
        assert self.net is not None
        plan, report = self.net.network.plan, self.net.init_report
        return {
            **self.data.attributes,
            **({} if report is None else {"init_report_": report}),
            **self.data.target.attributes,
            **({} if self.scaling is None else self.scaling.attributes()),
            "input_shape_": self.data.input_shape,
            "layers_": tuple(plan.layers),
            "n_parameters_": plan.n_parameters,
            "_network_cache": self.net.cache,
        }


def _measured_on_first(weights: LayerWeights) -> tuple[float, float]:
    raise AssertionError("the validation set is measured on rank 0 alone")


def draw_seed(random_state: Any) -> int:
    """Return the number that determines all random numbers of a fit. A RandomState advances."""
    known = random_state is None or random_state is np.random
    if not known and not isinstance(random_state, Integral | np.random.RandomState):
        raise ValueError(
            f"random_state must be None, an integer or a RandomState; got {show(random_state)}."
        )
    return int(check_random_state(random_state).randint(2**31 - 1))


def _joined(old: dict[str, list[float]], new: dict[str, list[float]]) -> dict[str, list[float]]:
    """Return one history. Epochs without a figure have NaN."""
    n, m = len(old["loss"]), len(new["loss"])
    return {k: old.get(k, [math.nan] * n) + new.get(k, [math.nan] * m) for k in {**old, **new}}
