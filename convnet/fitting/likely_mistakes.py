"""Warnings about parameters and data of a fit that are probably mistakes, and about nets that learned nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from convnet.data.images.modes import MAX_NARROW_BITS
from convnet.data.lazy.array import LazyArray
from convnet.graph.arrays import NotFiniteError
from convnet.inputs.scaling import DIVISORS
from convnet.layers import BatchNorm, Dense, Normalize
from convnet.training.prediction import predict_in_batches
from convnet.values.user_warnings import warn_user

if TYPE_CHECKING:
    from collections.abc import Sequence

    from convnet.data.arraylikes import Images
    from convnet.fitting.data import FitData
    from convnet.graph import Network
    from convnet.inputs.scaling import InputFormat
    from convnet.inputs.tasks.base import Target, Task
    from convnet.layers.base import Layer
    from convnet.training.examples import Examples
    from convnet.training.loop import Loop

EIGHT_BIT = 64, 255  # range of the largest value of images that were probably read as 8 bits
SAMPLES = 256  # that are searched for negative values
WORSE = 1.1  # a loss above this multiple of the baseline is worse, however short the training was
EQUAL = 0.995  # after MIN_UPDATES updates, a loss above this multiple is no better
DIVERGED = 10  # a loss above this multiple comes from steps that were too long
MIN_UPDATES = 100
MAX_SAMPLES = 2**14  # of the training set, for the loss of the final weights


def warn_of_likely_mistakes(estimator: Any, data: FitData, *, validated: bool) -> None:
    """Warn about units of X, a second output layer, and parameters without effect.

    Parameters
    ----------
    estimator : BaseConvNet
        Being fitted.
    data : FitData
        The training data.
    validated : bool
        Whether `X_val` was passed.
    """
    found = [
        _unit_of_images(data.examples.X, data.attributes["_input_format"], data.layers),
        _second_output_layer(data.layers, data.target),
        _unused_validation_fraction(estimator, validated),
    ]
    for text in filter(None, found):
        warn_user(f"{type(estimator).__name__}: {text}")


def warn_of_constant_targets(estimator: Any, y: np.ndarray) -> None:
    """Warn if the first ``partial_fit`` of a regressor gets constant targets, which cannot tell how y varies.

    Parameters
    ----------
    estimator : BaseConvNet
        Being fitted.
    y : ndarray of shape (n,) or (n, n_outputs)
        Targets of the training set.
    """
    y = y.reshape(len(y), -1)
    rounding = len(y) * np.finfo(np.float64).eps * np.abs(y).max(axis=0)
    if estimator.normalize_y and (np.ptp(y, axis=0) <= rounding).any():
        warn_user(
            f"{type(estimator).__name__}: y is constant in the first call of partial_fit, which determines how targets "
            "are standardized (normalize_y). Later targets are only shifted, not scaled. Begin with a batch of typical "
            "targets."
        )


def _unit_of_images(images: Images, given: InputFormat, layers: Sequence[Layer]) -> str | None:
    """Return a warning about images whose values `rescale="auto"` leaves far above 1, or makes nearly 0."""
    if len(given.shape) != 3 or given.rescale != "auto" or given.as_is:
        return None
    largest = given.largest
    if given.dtype == "uint16":
        bits = int(largest).bit_length()
        if 8 < bits <= MAX_NARROW_BITS:
            unit = 2**bits - 1
            return (
                f"X is uint16 with values up to {largest:g}, which seem to have {bits} bits. They are divided by "
                f"{DIVISORS['uint16']}, so that the images are nearly black. Set rescale=1/{unit}."
            )
        return None
    low, high = EIGHT_BIT
    if given.dtype in DIVISORS or not low <= largest <= high:
        return None
    first = layers[0] if layers else None
    n = 1 if isinstance(images, LazyArray) else SAMPLES  # reading more may take long
    sample = np.asarray(images[:n])
    if isinstance(first, Normalize | BatchNorm) or sample.min() < 0:
        return None
    remedy = f"rescale=1/{255 if largest > 127 else largest:g}"
    if largest > 127 and (sample == np.round(sample)).all():
        remedy += ", or pass uint8"
    return (
        f"X is {given.dtype} with values up to {largest:g}. Only uint8 and uint16 are divided by their maximum, and "
        f"nets learn better from values up to 1. Set {remedy}."
    )


def _second_output_layer(layers: Sequence[Layer], target: Target) -> str | None:
    """Return a warning about a linear layer with as many units as the output layer that is added after it."""
    last = layers[-1] if layers else None
    n_outputs = target.n_outputs
    usual = {n_outputs, 2} if n_outputs == 1 and "classes_" in target.attributes else {n_outputs}
    if not isinstance(last, Dense) or last.units not in usual:
        return None
    if last.activation not in (None, "linear", "sigmoid"):
        return None
    return (
        f"layers end with {last!r}, but an output layer with {n_outputs} unit{'s' * (n_outputs != 1)} is added after "
        'it. Remove this layer, or give it an activation such as "relu" if it is meant as a hidden layer.'
    )


def _unused_validation_fraction(estimator: Any, validated: bool) -> str | None:
    """Return a warning about a `validation_fraction` that was set but splits off nothing."""
    fraction = estimator.validation_fraction
    default = estimator._declared_parameters["validation_fraction"].default
    if fraction == default or (estimator.early_stopping and not validated):
        return None
    if validated:
        return f"validation_fraction={fraction:g} has no effect, because X_val is the validation set. Leave one out."
    return (
        f"validation_fraction={fraction:g} has no effect without early_stopping=True. Set that, or pass X_val and "
        "y_val to fit."
    )


def warn_of_trivial_net(
    estimator: Any,
    task: Task,
    network: Network,
    loop: Loop,
    train: Examples,
    validation: Examples | None,
    n_threads: int,
) -> None:
    """Warn if the data loss of a fitted net is not below that of the class frequencies, or of the mean of y.

    With a validation set, the loss is that of the validation set in the best epoch. A net that fits its training set
    and has a better score than the constant gives no warning: it is only too sure of its predictions. Without a
    validation set, the loss is that of the training set: first the mean over the batches of the last epoch and then, if
    that is too high, the loss of the final weights, without dropout and augmentation.

    Parameters
    ----------
    estimator : BaseConvNet
        Being fitted.
    task : Task
        What the net learns.
    network : Network
        With the weights that the fit keeps.
    loop : Loop
        After its run.
    train, validation : Examples
        Both sets. `validation` is None if there is none.
    n_threads : int
        Maximum number of threads.
    """
    own = train.labels()
    own_baseline = task.baseline_loss(own, own)
    if own_baseline == 0:
        return  # a constant
    longer = loop.epochs * loop.steps >= MIN_UPDATES
    limit = EQUAL if longer else WORSE

    def is_low(loss: float, baseline: float) -> bool:
        return loss <= max(limit * baseline, task.low_loss)

    if validation is not None:
        epoch = loop.best.epoch - loop.first_epoch
        if epoch < 1:
            return  # the weights of an earlier fit
        name, loss = "validation", loop.history["validation_loss"][epoch - 1]
        other = validation.labels()
        baseline = task.baseline_loss(own, other)
        if is_low(loss, baseline):
            return
        learned = loop.data_loss <= limit * own_baseline
        score = loop.history["validation_score"][epoch - 1]
        if learned and (estimator.scoring is not None or score > task.baseline_score(own, other)):
            return  # overconfident, but it predicts better than a constant
    else:
        if is_low(loop.data_loss, own_baseline):
            return
        rows = train.rows[:: -(-len(train.rows) // MAX_SAMPLES)]
        try:
            outputs = predict_in_batches(
                network, train.X, scale=train.scale, n_threads=n_threads, rows=rows
            )
        except NotFiniteError:
            return  # predict raises
        some = train.labels(rows)
        name, loss = "training", task.metrics(outputs, *some)[0]
        baseline = task.baseline_loss(own, some)
        if is_low(loss, baseline):
            return
    warn_user(
        f"{type(estimator).__name__}: the net is no better than a constant prediction. Its {name} loss is {loss:.4g}; "
        f"{task.baseline} alone would give {baseline:.4g}. {_remedy(estimator, longer, loss > DIVERGED * baseline)}",
        ConvergenceWarning,
    )


def _remedy(estimator: Any, longer: bool, diverged: bool) -> str:
    rate = f"learning_rate_init (now {estimator.learning_rate_init:g})"
    if diverged:
        return f"Training diverged. Lower {rate}, or scale X."
    if not longer:
        return f"Raise max_iter (now {estimator.max_iter}), lower {rate}, or scale X."
    return f"Lower {rate}, scale X, or check that X and y have the same order."
