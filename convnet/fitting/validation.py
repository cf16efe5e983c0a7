"""Validation: the loss and the score on the validation set after each epoch."""

from __future__ import annotations

import inspect
import math
import warnings
from numbers import Real
from typing import TYPE_CHECKING, Any

from sklearn.base import is_classifier

from convnet.fitted.state import fitted_copy
from convnet.fitted.weights import Weights
from convnet.values import foreign_estimator_tables
from convnet.values.messages import did_you_mean, show

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from convnet.fitting.data import ValidationSet
    from convnet.graph import Network
    from convnet.inputs.tasks.base import Task


class Validation:
    """Computes the loss and the score, on the validation set, of the network that is being trained.

    The network runs once per epoch. A scorer gets a fitted copy of the estimator, which shares the network and already
    knows its outputs for the validation set. The copy is valid until the next step.

    Parameters
    ----------
    estimator : BaseConvNet
        Being fitted.
    task : Task
        Computes the metrics.
    validation_set : ValidationSet
        The validation samples.
    network : Network
        The network that is being trained.
    structure : dict
        The fitted attributes that are known before training.
    n_threads : int
        Maximum number of threads.
    """

    def __init__(
        self,
        estimator: Any,
        task: Task,
        validation_set: ValidationSet,
        network: Network,
        structure: Mapping[str, Any],
        n_threads: int,
    ) -> None:
        self.estimator, self.task, self.network = estimator, task, network
        self.validation_set, self.n_threads = validation_set, n_threads
        # The scorer gets arrays. With feature_names_in_, the copy would warn that column names are missing.
        self.structure = {k: v for k, v in structure.items() if k != "feature_names_in_"}
        self.targets, self.weights = validation_set.targets(), validation_set.weights()
        n, least = len(validation_set), task.min_validation_samples
        self.scorer: Scorer | None = None
        self.X: Any = None
        self.y: Any = None
        if estimator.scoring is not None:
            self.scorer = Scorer(estimator)
            self.X, self.y = validation_set.passed()
            probe = self._fitted_copy(self._outputs(), network.get_weights())
            self.scorer.check(probe, self.X, self.y, self.weights)
        elif n < least:
            raise ValueError(
                f"The validation score needs {least} samples or more; the validation set has {n}. Raise "
                "validation_fraction, or pass more samples in X_val."
            )

    def __call__(self, weights: dict[str, np.ndarray]) -> tuple[float, float]:
        """Return loss and score of the network, whose weights are passed."""
        out = self._outputs()
        loss, score = self.task.metrics(out, self.targets, self.weights)
        if self.scorer:
            score = self.scorer(self._fitted_copy(out, weights), self.X, self.y, self.weights)
        return loss, score

    def _outputs(self) -> NDArray[np.float32]:
        return self.validation_set.examples.outputs(self.network, self.n_threads)

    def _fitted_copy(self, out: np.ndarray, weights: dict[str, np.ndarray]) -> Any:
        """Return a fitted copy of the estimator that does not compute the outputs `out` of X again."""
        cache = self.structure["_network_cache"].shared_copy(precomputed=(self.X, out))
        return fitted_copy(
            self.estimator, self.structure | {"weights_": Weights(weights), "_network_cache": cache}
        )


class Scorer:
    """A scorer of scikit-learn that suits the estimator and its target.

    Parameters
    ----------
    estimator : BaseConvNet
        With its `scoring`: the name of a scorer, or a callable of estimator, X and y.

    Raises
    ------
    ValueError
        scikit-learn has no scorer of this name, the callable is a plain metric, or the name is that of a regression
        metric and the estimator is a classifier.
    """

    def __init__(self, estimator: Any) -> None:
        from sklearn.metrics import check_scoring, get_scorer_names  # slow to import

        self.scoring = scoring = estimator.scoring
        if isinstance(scoring, str) and scoring not in get_scorer_names():
            raise ValueError(
                f"scoring={show(scoring)} is not a scorer of scikit-learn; "
                f"sklearn.metrics.get_scorer_names() lists them."
                f"{did_you_mean(scoring, get_scorer_names(), foreign_estimator_tables.SCORERS)}"
            )
        try:
            self.scorer = check_scoring(estimator, scoring)
        except ValueError as error:
            raise ValueError(f"scoring={show(scoring)}: {error}") from error
        if isinstance(scoring, str) and is_classifier(estimator) and self._wants_numbers():
            raise ValueError(
                f"scoring={show(scoring)} scores numbers, but {type(estimator).__name__} predicts classes. "
                'Use a scorer for classification, such as "accuracy".'
            )

    def __call__(self, estimator: Any, X: Any, y: np.ndarray, weights: np.ndarray | None) -> float:
        """Return the score, a float.

        Parameters
        ----------
        estimator : BaseConvNet
            Fitted.
        X, y : ndarray
            Samples to score.
        weights : ndarray of shape (n,) or None
            Passed on as ``sample_weight`` unless it is None.
        """
        weighted = {} if weights is None else {"sample_weight": weights}
        score = self.scorer(estimator, X, y, **weighted)
        if not isinstance(score, Real) or not math.isfinite(score):
            raise ValueError(f"scoring={show(self.scoring)} gave {show(score)}, not a number.")
        return float(score)

    def check(self, estimator: Any, X: Any, y: np.ndarray, weights: np.ndarray | None) -> None:
        """Score once, before training. Raise ValueError, naming the scorer, if it fails."""
        if weights is not None and not self._takes_weights():
            raise ValueError(
                f"scoring={show(self.scoring)} takes no sample_weight, but the validation set has "
                "weights. Use a scorer that takes it, or leave the weights out."
            )
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # warnings about an untrained net
                self(estimator, X, y, weights)
        except Exception as error:
            raise ValueError(
                f"scoring={show(self.scoring)} cannot score this target: {error}"
            ) from error

    def _takes_weights(self) -> bool:
        try:
            parameters = inspect.signature(self.scorer).parameters.values()
        except (TypeError, ValueError):  # a builtin: only a call can tell
            return True
        return any(p.name == "sample_weight" or p.kind is p.VAR_KEYWORD for p in parameters)

    def _wants_numbers(self) -> bool:
        """Return whether the scorer accepts fractions, which metrics for classes refuse."""
        from sklearn.dummy import DummyRegressor

        X, y = [[0.0], [1.0]], [0.25, 0.75]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                self.scorer(DummyRegressor().fit(X, y), X, y)
            except Exception:
                return False
        return True
