"""`scoring`: any scorer of scikit-learn, checked against the target before training."""

from __future__ import annotations

import inspect
import math
import warnings
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import is_classifier

from convnet.values.fields import did_you_mean, show

if TYPE_CHECKING:
    from convnet.estimators.base import BaseConvNet


class Scorer:
    """A scorer that is known to fit an estimator and its target.

    Parameters
    ----------
    estimator : BaseConvNet
        With its `scoring`: the name of a scorer, or a callable of estimator, X and y.

    Raises
    ------
    ValueError
        If there is no scorer of this name, the callable is a plain metric, or the name is that of a regression metric
        and the estimator a classifier.
    """

    def __init__(self, estimator: BaseConvNet) -> None:
        from sklearn.metrics import check_scoring, get_scorer_names  # slow to import

        self.scoring = scoring = estimator.scoring
        if isinstance(scoring, str) and scoring not in get_scorer_names():
            raise ValueError(
                f"scoring={show(scoring)} is no scorer of scikit-learn; "
                f"sklearn.metrics.get_scorer_names() lists them.{did_you_mean(scoring, get_scorer_names())}"
            )
        try:
            self.scorer = check_scoring(estimator, scoring)
        except ValueError as error:
            raise ValueError(f"scoring={show(scoring)}: {error}") from error
        if isinstance(scoring, str) and is_classifier(estimator) and self._wants_numbers():
            raise ValueError(
                f"scoring={scoring!r} scores numbers, but {type(estimator).__name__} predicts classes. "
                'Use a scorer for classification, such as "accuracy".'
            )

    def __call__(
        self, estimator: BaseConvNet, X: Any, y: np.ndarray, weights: np.ndarray | None
    ) -> float:
        """Return the score, a float.

        Parameters
        ----------
        estimator : BaseConvNet
            Fitted.
        X, y : ndarray
            What to score it on.
        weights : ndarray of shape (n,) or None
            Passed on as ``sample_weight``; the scorer has to take that where it is not None.
        """
        weighted = {} if weights is None else {"sample_weight": weights}
        score = self.scorer(estimator, X, y, **weighted)
        if not isinstance(score, Real) or not math.isfinite(score):
            raise ValueError(f"scoring={show(self.scoring)} gave {show(score)}, not a number.")
        return float(score)

    def check(
        self, estimator: BaseConvNet, X: Any, y: np.ndarray, weights: np.ndarray | None
    ) -> None:
        """Score once, before training; raise ValueError that names the scorer if that cannot be done."""
        if weights is not None and not self._takes_weights():
            raise ValueError(
                f"scoring={show(self.scoring)} takes no sample_weight, but the rows that are held out have "
                "weights. Use a scorer that takes it, or leave the weights out."
            )
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of an untrained net
                self(estimator, X, y, weights)
        except Exception as error:
            raise ValueError(
                f"scoring={show(self.scoring)} does not fit this target: {error}"
            ) from error

    def _takes_weights(self) -> bool:
        try:
            parameters = inspect.signature(self.scorer).parameters.values()
        except (TypeError, ValueError):  # of a builtin: only a call can tell
            return True
        return any(p.name == "sample_weight" or p.kind is p.VAR_KEYWORD for p in parameters)

    def _wants_numbers(self) -> bool:
        """Return whether the scorer can compare fractions, which metrics of classes refuse."""
        from sklearn.dummy import DummyRegressor

        X, y = [[0.0], [1.0]], [0.25, 0.75]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                self.scorer(DummyRegressor().fit(X, y), X, y)
            except Exception:
                return False
        return True
