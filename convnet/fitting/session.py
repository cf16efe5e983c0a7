"""One call of ``fit`` or ``partial_fit``: from what was passed to the fitted attributes.

Nothing is written to the estimator before the end, and then all at once: a fit that fails, for whatever
reason, leaves it as it was.
"""

from __future__ import annotations

import math
import os
import time
import warnings
from typing import TYPE_CHECKING, Any

from sklearn.exceptions import ConvergenceWarning

from convnet.callbacks import Progress
from convnet.engine.threads import resolve_n_threads
from convnet.estimators.constraints import check_parameters
from convnet.estimators.sklearn_callbacks import Tasks
from convnet.fitted.network_cache import NetworkCache
from convnet.fitted.weights import Weights
from convnet.fitting.callback_view import Run
from convnet.fitting.data import FitData
from convnet.fitting.seed import draw_seed
from convnet.fitting.transfer import (
    frozen_parameters,
    rate_factors,
    shown,
    start_from,
    warn_of_frozen,
)
from convnet.fitting.validation import Validation
from convnet.training import snapshot
from convnet.training.frozen_prefix import CachedFeatures
from convnet.training.loop import Loop
from convnet.training.optimization import OptimizationState
from convnet.training.statistics import learn_statistics, normalizations
from convnet.values.fields import show
from convnet.values.plain import plain

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import ArrayLike

    from convnet.callbacks.callback import Callback
    from convnet.estimators.base import BaseConvNet
    from convnet.fitting.validation_set import ValidationSet
    from convnet.training.examples import Examples


AUTO_BATCH = 128
SOLVER = ("solver", "alpha", "momentum", "beta_1", "beta_2", "epsilon", "clip_norm")
PASSED = "X_val"  # what chose the weights where no split did


class Fit:
    """One call of ``fit`` or ``partial_fit``.

    Parameters
    ----------
    estimator : BaseConvNet
        Whose parameters are used; its attributes too where an earlier fit goes on.
    resume : bool
        Whether to start from the fitted weights.
    partial : bool
        Whether this is ``partial_fit``: one epoch, with the optimizer state of the call before.
    """

    def __init__(self, estimator: BaseConvNet, *, resume: bool, partial: bool) -> None:
        self.begin = time.monotonic()
        check_parameters(estimator)
        self.estimator, self.resume, self.partial = estimator, resume, partial
        self.n_threads = resolve_n_threads(estimator.n_jobs)
        self.seed = draw_seed(estimator.random_state)
        self.first_epoch = estimator.n_iter_ if resume else 0
        begun = getattr(estimator, "_course_start", None) if resume and partial else None
        self.course_start = self.first_epoch if begun is None else begun
        # The seed of the split that the fitted weights were chosen by, or PASSED. The same rows are held out again:
        # the net was not trained on them.
        self.chosen_by = getattr(estimator, "_chosen_by", None) if resume else None
        self.split_seed = self.seed if self.chosen_by in (None, PASSED) else self.chosen_by
        self.held: ValidationSet | None = None
        self._loop: Loop | None = None
        self.holder: NetworkCache | None = None

    def read(
        self,
        X: Any,
        y: Any,
        sample_weight: ArrayLike | None,
        *,
        validation: tuple[Any, Any, ArrayLike | None] = (None, None, None),
        classes: ArrayLike | None = None,
    ) -> None:
        """Check what was passed, `validation` being X_val, y_val and sample_weight_val."""
        given = FitData(self.estimator, X, y, sample_weight, resume=self.resume, classes=classes)
        self.given, self.target, self.examples = given, given.target, given.examples
        self.tasks = Tasks(X, y, sample_weight)
        if self.resume:
            given.check_unchanged("partial_fit" if self.partial else "warm_start")
        X_val, y_val, weights = validation
        if (X_val is None) != (y_val is None):
            there, lacks = ("y_val", "X_val") if X_val is None else ("X_val", "y_val")
            raise ValueError(f"{there} is passed without {lacks}. Pass both, or neither.")
        if X_val is not None:
            self.held = given.held_out(X_val, y_val, weights)
        elif weights is not None:
            raise ValueError("sample_weight_val is passed without X_val and y_val.")

    def run(self) -> dict[str, Any]:
        """Train; return the fitted attributes."""
        callbacks = self._callbacks()
        run = Run(self, callbacks)
        state = run.resume()
        self._prepare(run if callbacks else None)
        if state:
            snapshot.restore(self.loop, *state)
        try:
            run.fit_begin()
            self.loop.run(self.last_epoch - self.first_epoch)
            run.fit_end()
        except BaseException:
            if self.partial and self.holder is not None:
                self.holder.forget()
            raise
        finally:
            # It knows this fit, whose memory would stay until cycles are collected.
            self.loop.watch = None
            run.close()
        if self.loop.cut:
            warnings.warn(
                f"max_time={self.estimator.max_time} ended training in its first epoch, after {self.loop.cut} of "
                f"{self.loop.steps} steps.",
                ConvergenceWarning,
                stacklevel=4,
            )
        return self.fitted()

    def _callbacks(self) -> list[Callback]:
        """Return the callbacks in the order of their calls."""
        est = self.estimator
        shown: list[Callback] = [Progress()] if est.verbose else []
        if self.partial:
            return shown
        tasks = [self.tasks] if getattr(est, "_skl_callbacks", None) else []
        return [*shown, *tasks, *(plain(est.callbacks) or [])]

    def _prepare(self, watch: Run | None) -> None:
        """Set the loop."""
        est, examples, held = self.estimator, self.examples, self.held
        self.kept_by: int | str | None = None if held is None else PASSED
        if held is None and est.early_stopping:
            examples, held = self.given.split(self.split_seed)
            self.kept_by = self.split_seed
        if held is None and est.scoring is not None and not self.partial:
            raise ValueError(
                f"scoring={show(est.scoring)} needs rows to score: pass X_val and y_val, or set early_stopping=True."
            )
        examples = self.build(examples)
        course, validate = self.course, None
        if held is not None:
            validate = Validation(est, held, self.network, self._structure(), self.n_threads)
        in_time = est.max_time is None or self.partial
        self._loop = Loop(
            self.network,
            course.trainer,
            examples,
            batch_size=self.batch_size,
            rates=course.rates,
            stopping=course.stopping,
            seed=course.seed,
            shuffle=est.shuffle,
            first_epoch=self.first_epoch,
            validate=validate,
            by_score=bool(est.early_stopping),
            best_epoch=est.best_iter_ if validate and self.chosen_by == self.kept_by else 0,
            deadline=math.inf if in_time else self.begin + est.max_time,
            watch=watch,
            largest=self.given.largest,
        )

    @property
    def loop(self) -> Loop:
        """The training, which there is once callbacks were asked what to resume from."""
        if self._loop is None:
            raise ValueError("The training has not begun: ask in on_fit_begin, or later.")
        return self._loop

    @property
    def last_epoch(self) -> int:
        """Number of epochs that are to be done at the end."""
        return self.first_epoch + (1 if self.partial else self.estimator.max_iter)

    def fitted(self) -> dict[str, Any]:
        """Return the attributes of a fit that has come as far as the loop has."""
        best, history = self.loop.best, self.history()
        fitted = {
            **self._structure(),
            "weights_": Weights(best.weights),
            "n_iter_": len(history["loss"]),
            "best_iter_": best.epoch,
            "loss_": history["loss"][best.epoch - 1],
            "loss_curve_": list(history["loss"]),
            "history_": history,
        }
        if "validation_score" in history:
            fitted["validation_loss_curve_"] = list(history["validation_loss"])
            fitted["validation_scores_"] = list(history["validation_score"])
        if self.kept_by is not None:
            fitted["_chosen_by"] = self.kept_by
        if self.partial:
            fitted["_course_start"] = self.course_start
        return fitted

    def history(self) -> dict[str, list[float]]:
        """Return the figures of all epochs, those of earlier fits that are gone on from included."""
        history = self.loop.history
        return _joined(self.estimator.history_, history) if self.resume else history

    def end(self) -> None:
        """Note that nothing trains the network any more."""
        if self.holder is not None:
            self.holder.trained_in = None

    def interrupted(self) -> dict[str, Any] | None:
        """Return the attributes with the best weights so far, or None before the first epoch is done."""
        if self._loop is None or not self.loop.history["loss"]:
            return None
        self.network.set_weights(self.loop.best.weights)
        return self.fitted()

    def _structure(self) -> dict[str, Any]:
        """Return the fitted attributes that are known before training."""
        plan = self.network.plan
        return {
            **self.given.attributes,
            **self.target.attributes,
            "input_shape_": self.examples.X.shape[1:],
            "layers_": tuple(plan.layers),
            "n_parameters_": plan.n_parameters,
            "_holder": self.holder,
        }

    def build(self, examples: Examples) -> Examples:
        """Set holder, network, course and batch size; return the examples as the course takes them."""
        est, resume, shape = self.estimator, self.resume, self.examples.X.shape[1:]
        n = len(examples.rows)
        if resume and self.partial:
            self.holder = est._holder
            self.network = self.holder.network(est.weights_, to_train=True)
        else:
            self.holder = NetworkCache(self.given.layers, shape, self.target.n_outputs)
            self.network = self.holder.network(est.weights_ if resume else None, self.seed)
            if self.given.initial is not None:
                report = start_from(self.network, self.given.initial, self.given.kind)
                self.given.attributes["init_report_"] = report
                if est.verbose:
                    print(shown(report))
        plan = self.network.plan
        frozen = frozen_parameters(est.freeze, plan)
        if self.given.initial is not None:
            warn_of_frozen(self.given.attributes["init_report_"], frozen, self.given.kind)
        if not resume:
            self._normalize(examples, frozen)
        start = plan.frozen_prefix(frozen) if self.given.augment is None else None
        self.batch_size = min(n, AUTO_BATCH if est.batch_size == "auto" else int(est.batch_size))
        course = self.holder.course or OptimizationState(self.seed, self.course_start)
        course.set_trainer(
            self.network,
            loss=self.target.loss,
            batch_size=self.batch_size,
            settings={name: getattr(est, name) for name in SOLVER}
            | {
                "nesterov": est.nesterovs_momentum,
                "augment": self.given.augment,
                "frozen": frozen,
                "rates": rate_factors(est.layer_learning_rates, plan),
                "frozen_prefix": start,
                "label_smoothing": getattr(est, "label_smoothing", 0.0),
            },
        )
        course.set_schedule(
            est.learning_rate, est.learning_rate_init, est.max_iter, est.tol, est.n_iter_no_change
        )
        course.trainer.n_threads = self.n_threads
        self.course = course
        if self.partial:
            self.holder.course, self.holder.trained_in = course, os.getpid()
        if start is None:
            return examples
        return CachedFeatures.of(
            examples,
            network=self.network,
            prefix=start,
            n_threads=self.n_threads,
            cached=not self.partial,
        )

    def _normalize(self, examples: Examples, frozen: Collection[str]) -> None:
        """Learn the statistics that no `init_weights` gave and that are not frozen."""
        report = self.given.attributes["init_report_"] or {"loaded": []}
        fresh = [
            name
            for name in normalizations(self.network.plan)
            if name not in report["loaded"] and f"{name}/mean" not in frozen
        ]
        learn_statistics(self.network, examples, fresh, self.n_threads)


def _joined(old: dict[str, list[float]], new: dict[str, list[float]]) -> dict[str, list[float]]:
    """Return one history; epochs that lack a figure have NaN."""
    n, m = len(old["loss"]), len(new["loss"])
    return {k: old.get(k, [math.nan] * n) + new.get(k, [math.nan] * m) for k in {**old, **new}}
