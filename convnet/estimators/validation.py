"""Loss and score on the rows held out, after each epoch."""

from convnet.estimators.scoring import Scorer
from convnet.estimators.state import fitted_copy
from convnet.estimators.weights import Weights
from convnet.training.outputs import outputs


class Validation:
    """What a net does on rows that it is not trained on.

    The network is run once an epoch. A scorer is given a fitted copy of the estimator that shares the network under
    training and knows its outputs for the rows already; the copy is valid until the next step.

    Parameters
    ----------
    estimator : BaseConvNet
        Being fitted.
    held : HeldOut
        The rows.
    network : Network
        Under training.
    structure : dict
        The fitted attributes that are known before training.
    n_threads : int
        Most threads.
    """

    def __init__(self, estimator, held, network, structure, n_threads):
        self.estimator, self.held, self.network = estimator, held, network
        # A scorer is given arrays, so that the names of columns would have it warned of their lack.
        self.structure = {k: v for k, v in structure.items() if k != "feature_names_in_"}
        self.n_threads = n_threads
        self.scorer = None
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

    def __call__(self, weights):
        """Return loss and score of the network, whose weights are passed."""
        data, out = self.held.examples, self._outputs()
        loss, score = self.estimator._figures(out, data.targets[data.rows], self.held.weights())
        if self.scorer:
            score = self.scorer(*self._scored(out, weights))
        return loss, score

    def _outputs(self):
        data = self.held.examples
        return outputs(
            self.network, data.X, scale=data.scale, n_threads=self.n_threads, rows=data.rows
        )

    def _scored(self, out, weights):
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
