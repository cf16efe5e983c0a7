"""scikit-learn's MLPClassifier with one hidden layer and about as many parameters as the net."""

from math import prod

from sklearn.neural_network import MLPClassifier
from structure import plan
from threadpoolctl import threadpool_limits


def hidden_units(net):
    """Return the h for which (inputs + 1) h + (h + 1) outputs is closest to the number of parameters of the net."""
    parameters = plan(net).n_parameters
    inputs, outputs = prod(net.input_shape), net.n_outputs
    return max(1, round((parameters - outputs) / (inputs + 1 + outputs)))


class Mlp:
    """`fit_epoch` is one `partial_fit`. This is a different model, so it cannot load the weights of convnet."""

    def __init__(self, net, X, y, n_threads):
        self.net, self.n_threads = net, n_threads
        self.X, self.y = X.reshape(len(X), -1), y
        self.classifier = MLPClassifier(
            (hidden_units(net),), alpha=0.0, batch_size=min(net.batch, len(X)), random_state=0
        )

    @property
    def one(self):
        return self.X[:1]

    def fit_epoch(self):
        with threadpool_limits(self.n_threads):
            self.classifier.partial_fit(self.X, self.y, classes=range(self.net.n_classes))

    def predict_proba(self, X=None):
        if X is not None:
            return self.classifier.predict_proba(X)
        with threadpool_limits(self.n_threads):
            return self.classifier.predict_proba(self.X)
