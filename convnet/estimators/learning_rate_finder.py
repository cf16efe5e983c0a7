"""find_learning_rate: train at a rate that grows from step to step, and find where the loss falls fastest."""

from __future__ import annotations

import math
from contextlib import closing
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import clone

from convnet.estimators.base import BaseConvNet
from convnet.training.examples import permutation
from convnet.values.constraints import integer, number

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from numpy.typing import ArrayLike

    from convnet.fitting.session import FitSession, Preparation


MEMORY = 0.9  # weight of a step in the average of its neighbor
DIVERGED = 4.0  # ratio of the average loss to its minimum at which the search ends
MIN_STEPS = 3  # that a slope needs
MAX_STEPS = 2**20  # the rates of all steps are computed first


@dataclass(frozen=True, eq=False)
class LearningRateSearch:
    """What `find_learning_rate` has found.

    Parameters
    ----------
    rates : ndarray of float64, shape (n,)
        Learning rates of the steps taken, rising.
    losses : ndarray of float64, shape (n,)
        The loss of each step's batch, before the step.
    smoothed : ndarray of float64, shape (n,)
        Their average with weights that fall exponentially to both sides, where losses above those of the first
        three steps count as the largest of these.
    suggestion : float
        The rate at which the smoothed loss falls fastest.
    """

    rates: np.ndarray
    losses: np.ndarray
    smoothed: np.ndarray
    suggestion: float

    def __repr__(self) -> str:
        low, high = self.rates[[0, -1]]
        return (
            f"LearningRateSearch(suggestion={self.suggestion:.3g}, {len(self.rates)} steps at rates from "
            f"{low:.3g} to {high:.3g})"
        )


def find_learning_rate(
    estimator: BaseConvNet,
    X: Any,
    y: Any,
    sample_weight: ArrayLike | None = None,
    *,
    lowest: float = 1e-6,
    highest: float = 10.0,
    steps: int = 100,
) -> LearningRateSearch:
    """Try learning rates on one short training, in which the rate grows evenly on a logarithmic scale.

    The net begins with the weights that ``fit`` would begin with and takes steps at rates from `lowest` to `highest`,
    until the loss has grown to four times its least. Set `learning_rate_init` to the suggestion, or to a
    few times as much for a schedule that begins low, such as ``OneCycle``. The estimator does not change.

    Parameters
    ----------
    estimator : ConvNetClassifier or ConvNetRegressor
        Its parameters are used, but for the learning rate and what ends training.
    X : array-like of shape (n, h, w, c), (n, h, w) or (n, features)
        As for ``fit``.
    y : array-like of shape (n,) or (n, outputs)
        As for ``fit``.
    sample_weight : array-like of shape (n,), default=None
        As for ``fit``.
    lowest : float, default=1e-6
        The first rate, above 0.
    highest : float, default=10.0
        The last rate, above `lowest`.
    steps : int, default=100
        Steps at the most, 3 or more.

    Returns
    -------
    search : LearningRateSearch
        With ``rates``, ``losses``, ``smoothed`` and ``suggestion``.

    Raises
    ------
    TypeError
        If the estimator is not a convnet estimator.
    ValueError
        If a rate or `steps` cannot be used, ``fit`` would refuse the data, or the loss does not fall at any rate.

    References
    ----------
    .. [1] L. Smith, "Cyclical Learning Rates for Training Neural Networks", WACV 2017, section 3.3,
           https://arxiv.org/abs/1506.01186

    Examples
    --------
    >>> from convnet import ConvNetClassifier, find_learning_rate
    >>> from sklearn.datasets import load_digits
    >>> digits = load_digits()
    >>> clf = ConvNetClassifier(random_state=0)
    >>> search = find_learning_rate(clf, digits.images / 16, digits.target)
    >>> 1e-4 < search.suggestion < 1
    True
    """
    if not isinstance(estimator, BaseConvNet):
        raise TypeError(
            f"find_learning_rate takes an estimator of convnet; got {type(estimator).__name__}. "
            "Pass the net alone."
        )
    _check(lowest, highest, steps)
    # a clone has a RandomState of its own
    session = clone(estimator)._session(X, y, sample_weight, resume=False, partial=False)
    examples, _ = session.scale_targets(session.data.examples, None)
    prepared = session.prepare(session.build(examples), examples)
    trainer = prepared.optimization.trainer
    rates = np.geomspace(lowest, highest, steps)
    losses, trend = [], []
    with closing(_batches(session, prepared)) as batches:
        for rate, batch in zip(rates, batches, strict=False):
            loss = trainer.step(**batch, learning_rate=float(rate))
            if not math.isfinite(loss):
                break
            losses.append(loss)
            trend.append(_average(losses, len(losses) - 1))
            if trend[-1] > DIVERGED * min(trend):
                break
    return _found(rates, losses)


def _batches(session: FitSession, prepared: Preparation) -> Generator[dict[str, Any]]:
    """Yield batches without end, as ``fit`` draws them, each with its epoch."""
    size, data = prepared.batch_size, prepared.examples
    for epoch in count():
        shuffle = session.estimator.shuffle
        order = permutation(data.rows, session.seed, epoch) if shuffle else data.rows
        parts = [order[i : i + size] for i in range(0, len(order), size)]
        with closing(data.batches(parts, epoch)) as batches:
            for batch in batches:
                yield batch | {"epoch": epoch}


def _average(losses: Sequence[float] | np.ndarray, i: int) -> float:
    """Return Σ wⱼ · lossⱼ / Σ wⱼ with weights MEMORY^|i - j|, which shift nothing along the steps."""
    weights = MEMORY ** np.abs(np.arange(len(losses)) - i)
    return float(np.average(losses, weights=weights))


def _found(rates: np.ndarray, losses: list[float]) -> LearningRateSearch:
    capped = np.minimum(losses, max(losses[:MIN_STEPS], default=0.0))
    smoothed = np.array([_average(capped, i) for i in range(len(losses))])
    end = int(smoothed.argmin()) + 1 if losses else 0
    if end < MIN_STEPS:
        raise ValueError(
            f"The loss does not fall at any rate from lowest={rates[0]:g} on, in {len(losses)} steps. "
            "Lower it, raise steps, or scale X."
        )
    slopes = np.gradient(smoothed[:end], np.log(rates[:end]))
    suggestion = float(rates[int(slopes.argmin())])
    return LearningRateSearch(rates[: len(losses)], np.array(losses), smoothed, suggestion)


def _check(lowest: Any, highest: Any, steps: Any) -> None:
    number(0, closed="neither").check("lowest", lowest)
    number(0, closed="neither").check("highest", highest)
    if lowest >= highest:
        raise ValueError(f"lowest={lowest:g} must be below highest={highest:g}.")
    integer(MIN_STEPS, MAX_STEPS).check("steps", steps)
