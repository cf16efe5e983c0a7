"""A warning about nets that predict no better than a constant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sklearn.exceptions import ConvergenceWarning

from convnet.graph.arrays import NotFiniteError
from convnet.training.prediction import predict_in_batches
from convnet.values.user_warnings import warn_user

if TYPE_CHECKING:
    from convnet.graph import Network
    from convnet.inputs.tasks import Task
    from convnet.training.examples import Examples
    from convnet.training.loop import Loop

WORSE = 1.1  # a loss above this multiple of the baseline is worse, however short the training was
EQUAL = 0.995  # after MIN_UPDATES updates, a loss above this multiple is no better
DIVERGED = 10  # a loss above this multiple comes from steps that were too long
MIN_UPDATES = 100
MAX_SAMPLES = 2**14  # of the training set, for the loss of the final weights


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
