"""Loss and score on the rows held out, after each epoch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from convnet.fitted.attributes import fitted_copy
from convnet.fitted.weights import Weights
from convnet.fitting.scoring import Scorer
from convnet.training.prediction import predict_in_batches

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from convnet.estimators.base import BaseConvNet
    from convnet.fitting.validation_set import ValidationSet
    from convnet.graph import Network


class Validation:
    """What a net does on rows that it is not trained on.

    The network is run once an epoch. A scorer is given a fitted copy of the estimator that shares the network under
    training and knows its outputs for the rows already; the copy is valid until the next step.

    Parameters
    ----------
    estimator : BaseConvNet
        Being fitted.
    held : ValidationSet
        The rows.
    network : Network
        Under training.
    structure : dict
        The fitted attributes that are known before training.
    n_threads : int
        Most threads.
    """

    def __init__(
        self,
        estimator: BaseConvNet,
        held: ValidationSet,
        network: Network,
        structure: dict[str, Any],
        n_threads: int,
    ) -> None:
        self.estimator, self.held, self.network = estimator, held, network
        # A scorer is given arrays, so that the names of columns would have it warned of their lack.
        self.structure = {k: v for k, v in structure.items() if k != "feature_names_in_"}
        self.n_threads = n_threads
        self.scorer: Scorer | None = None
        n, fewest = len(held.examples.rows), estimator._fewest_held_out
        if estimator.scoring is None and n < fewest:
            raise ValueError(
                f"The validation score needs {fewest} rows or more; {n} is held out. Raise validation_fraction, or "
                "pass more rows in X_val."
            )
        if estimator.scoring is not None:
            self.scorer = Scorer(estimator)
            self.X, self.y = held.passed()
            weights = network.get_weights()
            self.scorer.check(*self._scored(self._outputs(), weights))

    def __call__(self, weights: dict[str, np.ndarray]) -> tuple[float, float]:
        """Return loss and score of the network, whose weights are passed."""
        data, out = self.held.examples, self._outputs()
        loss, score = self.estimator._validation_metrics(
            out, data.targets[data.rows], self.held.weights()
        )
        if self.scorer:
            score = self.scorer(*self._scored(out, weights))
        return loss, score

    def _outputs(self) -> NDArray[np.float32]:
        data = self.held.examples
        return predict_in_batches(
            self.network, data.X, scale=data.scale, n_threads=self.n_threads, rows=data.rows
        )

    def _scored(
        self, out: np.ndarray, weights: dict[str, np.ndarray]
    ) -> tuple[BaseConvNet, Any, np.ndarray, np.ndarray | None]:
        """Return what a scorer is called with."""
        known = {"weights_": Weights(weights), "_holder": self.structure["_holder"].sharing()}
        copy = fitted_copy(self.estimator, self.structure | known)
        copy._known_outputs = self.X, out
        return (
            copy,
            self.X,
            self.y,
            self.held.weights(),
        )
