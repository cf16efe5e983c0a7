"""One call of ``fit`` or ``partial_fit``: from what was passed to the fitted attributes.

Nothing is written to the estimator before the end, and then all at once: a fit that fails, for whatever
reason, leaves it as it was.
"""

import math

import numpy as np
from sklearn.utils import check_consistent_length, check_random_state

from convnet.engine.threads import resolve_n_threads
from convnet.estimators import inputs
from convnet.estimators.checks import check_parameters, input_shape
from convnet.estimators.course import Course
from convnet.estimators.holder import NetworkHolder
from convnet.estimators.state import kept
from convnet.estimators.weighting import check_sample_weight
from convnet.estimators.weights import Weights
from convnet.layers import as_layers
from convnet.training.examples import Examples
from convnet.training.loop import Loop
from convnet.training.outputs import outputs

AUTO_BATCH = 128
SOLVER = ("solver", "alpha", "momentum", "beta_1", "beta_2", "epsilon")


class Fit:
    """One call of ``fit`` or ``partial_fit``.

    Parameters
    ----------
    estimator : BaseConvNet
        Whose parameters are used; its attributes too where an earlier fit goes on.
    goes_on : bool
        Whether to start from the fitted weights.
    partial : bool
        Whether this is ``partial_fit``: one epoch, with the optimizer state of the call before.
    """

    def __init__(self, estimator, *, goes_on, partial):
        check_parameters(estimator)
        self.estimator, self.goes_on, self.partial = estimator, goes_on, partial
        self.kind = type(estimator).__name__
        self.n_threads = resolve_n_threads(estimator.n_jobs)
        self.seed = int(check_random_state(estimator.random_state).randint(2**31 - 1))
        self.first_epoch = estimator.n_iter_ if goes_on else 0
        begun = getattr(estimator, "_course_start", None) if goes_on and partial else None
        self.course_start = self.first_epoch if begun is None else begun
        # Rows that the fitted weights were chosen by, and so were not trained on, are held out again.
        chosen = getattr(estimator, "_split_seed", None) if goes_on else None
        self.was_validated = chosen is not None
        self.split_seed = self.seed if chosen is None else chosen

    def read(self, X, y, sample_weight, classes=None):
        """Check X, y and the weights; fix the layers."""
        est = self.estimator
        if y is None:
            raise ValueError(f"{self.kind} requires y to be passed, but the target y is None.")
        array = inputs.check_rows(X, self.kind)
        declared = input_shape(est.input_shape, est.data_format, self.kind)
        n_labels = inputs.count_rows(y)
        if self.goes_on:
            inputs.check_features(est, X, array)
            shape = est.input_shape_ if declared is None else declared
        else:
            shape = declared
        images = inputs.as_images(array, shape, est.data_format, n_labels=n_labels)
        check_consistent_length(images, y)
        weights = check_sample_weight(sample_weight, len(images))
        self.target = est._encode(y, weights, classes=classes, goes_on=self.goes_on)
        self.layers = as_layers(est.layers, images.shape[1:])
        if images.ndim == 2:
            inputs.check_spatial(self.layers, images.shape[1], est.data_format)
        if self.goes_on:
            self._check_unchanged(images.shape[1:])
            self.attributes = kept(est)
            scale = est._input_format.scale_for(images, self.kind)
        else:
            given = inputs.fitted_format(images, est.data_format, est.rescale, self.kind)
            self.attributes = {**inputs.feature_attributes(X, array), "_input_format": given}
            scale = given.scale
        target = self.target
        self.examples = Examples(images, target.values, target.rows, target.weights, scale)

    def run(self):
        """Train; return the fitted attributes."""
        est, examples, validate = self.estimator, self.examples, None
        if est.early_stopping:
            examples, held = self._split()
            validate = lambda: self._figures(held)  # noqa: E731
        self._build(len(examples.rows))
        course = self.course
        self.loop = Loop(
            self.network,
            course.trainer,
            examples,
            batch_size=self.batch_size,
            rates=course.rates,
            stopping=course.stopping,
            seed=course.seed,
            shuffle=est.shuffle,
            first_epoch=self.first_epoch,
            best_iter=est.best_iter_ if self.was_validated else 0,
            validate=validate,
            report=self._report if est.verbose else None,
        )
        try:
            self.loop.run(1 if self.partial else est.max_iter)
        except BaseException:
            if self.partial:
                self.holder.forget()
            raise
        return self.fitted()

    def fitted(self):
        """Return the attributes of a fit that has come as far as the loop has."""
        loop, plan = self.loop, self.network.plan
        history = loop.history
        if self.goes_on:
            history = _joined(self.estimator.history_, history)
        fitted = {
            **self.attributes,
            **self.target.attributes,
            "input_shape_": self.examples.X.shape[1:],
            "layers_": tuple(plan.layers),
            "weights_": Weights(loop.weights),
            "n_parameters_": plan.n_parameters,
            "n_iter_": len(history["loss"]),
            "best_iter_": loop.best_iter,
            "loss_": history["loss"][loop.best_iter - 1],
            "loss_curve_": list(history["loss"]),
            "history_": history,
            "_holder": self.holder,
        }
        if "validation_score" in history:
            fitted["validation_loss_curve_"] = list(history["validation_loss"])
            fitted["validation_scores_"] = list(history["validation_score"])
        if self.estimator.early_stopping:
            fitted["_split_seed"] = self.split_seed
        if self.partial:
            fitted["_course_start"] = self.course_start
        return fitted

    def interrupted(self):
        """Return the attributes with the best weights so far, or None before the first epoch is done."""
        loop = getattr(self, "loop", None)
        if loop is None or not loop.history["loss"]:
            return None
        self.network.set_weights(loop.weights)
        return self.fitted()

    def _check_unchanged(self, shape):
        est = self.estimator
        now = {
            "input_shape": shape,
            "layers": self.layers,
            "rescale": est.rescale,
            "data_format": est.data_format,
        }
        given = est._input_format
        then = {
            "input_shape": est.input_shape_,
            "layers": est._holder.layers,
            "rescale": given.rescale,
            "data_format": given.data_format,
        }
        for name, value in now.items():
            if value != then[name]:
                how = "partial_fit" if self.partial else "warm_start"
                raise ValueError(
                    f"{how} goes on from the last fit, but {name} has changed since. Use a clone."
                )

    def _split(self):
        """Return the examples to train on and those held out."""
        est, data = self.estimator, self.examples
        try:
            train, held = est._split(data.targets[data.rows], self.split_seed)
        except ValueError as error:
            raise ValueError(
                f"early_stopping=True cannot hold out validation_fraction={est.validation_fraction} of "
                f"{len(data.rows)} rows: {error}"
            ) from error
        return data.take(data.rows[np.sort(train)]), data.take(data.rows[np.sort(held)])

    def _build(self, n):
        """Set holder, network, course and batch size."""
        est, goes_on, shape = self.estimator, self.goes_on, self.examples.X.shape[1:]
        if goes_on and self.partial:
            self.holder = est._holder
            self.network = self.holder.network(est.weights_)
        else:
            self.holder = NetworkHolder(self.layers, shape, self.target.n_outputs)
            self.network = self.holder.network(est.weights_ if goes_on else None, self.seed)
        self.batch_size = min(n, AUTO_BATCH if est.batch_size == "auto" else int(est.batch_size))
        course = self.holder.course or Course(self.seed, self.course_start)
        course.equip(
            self.network,
            loss=self.target.loss,
            batch_size=self.batch_size,
            settings={name: getattr(est, name) for name in SOLVER}
            | {"nesterov": est.nesterovs_momentum},
        )
        course.pace(
            est.learning_rate, est.learning_rate_init, est.max_iter, est.tol, est.n_iter_no_change
        )
        course.trainer.n_threads = self.n_threads
        self.course = course
        if self.partial:
            self.holder.course = course

    def _figures(self, held):
        """Return loss and score on the rows held out."""
        rows = held.rows
        out = outputs(self.network, held.X, scale=held.scale, n_threads=self.n_threads, rows=rows)
        weights = None if held.weights is None else held.weights[rows]
        return self.estimator._figures(out, held.targets[rows], weights)

    def _report(self, n, figures):
        last = self.first_epoch + (1 if self.partial else self.estimator.max_iter)
        words = [f"epoch {n:>{len(str(last))}}/{last}"]
        words += [f"{name.replace('_', ' ')} {_short(value)}" for name, value in figures.items()]
        print("  ".join(words), flush=True)


def _joined(old, new):
    """Return one history; epochs that lack a figure have NaN."""
    n, m = len(old["loss"]), len(new["loss"])
    return {k: old.get(k, [math.nan] * n) + new.get(k, [math.nan] * m) for k in {**old, **new}}


def _short(value):
    return f"{value:.4f}" if 0.001 <= abs(value) < 1e4 else f"{value:.3g}"
