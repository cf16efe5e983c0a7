"""The network behind a fitted estimator."""

import os
from operator import is_

from convnet.engine.locks import lock_of
from convnet.estimators.state import FITTED
from convnet.graph.network import Network


class NetworkHolder:
    """Builds the network when it is first asked for, so that ``predict`` changes no attribute.

    A pickle or a copy of a holder has the spec alone and builds its own network.

    Parameters
    ----------
    layers : tuple of Layer
        As converted in ``fit``, without the head.
    input_shape : tuple of int
        (h, w, c) or (features,).
    n_outputs : int
        Units of the head.

    Attributes
    ----------
    trained_in : int
        Process in which a ``partial_fit`` of the network is under way, or None. A child that is forked meanwhile has
        no thread that would end it, and goes by the estimator's weights.
    """

    def __init__(self, layers, input_shape, n_outputs):
        self.layers, self.input_shape, self.n_outputs = layers, input_shape, n_outputs
        self.course = None
        self._network = self._weights = self.trained_in = None
        self._known = ()
        self._lock = lock_of(self)

    def network(self, weights, seed=0):
        """Return the network of these weights; where they are None, the one that there is, or one of those of `seed`.

        It is built where there is none, or one of other weights: predictions are by what ``weights_`` shows.
        """
        with self._lock:
            if self.trained_in not in (None, os.getpid()):
                self._network = self.trained_in = None
            is_other = weights is not None and weights is not self._weights
            if self._network is None or is_other:
                network = Network(self.layers, self.input_shape, self.n_outputs, seed=seed)
                if weights is not None:
                    network.set_weights(weights)
                self.course, self._network, self._weights = None, network, weights
            return self._network

    def know(self, attributes):
        """Take note of fitted attributes that go together."""
        self._known = self._noted(attributes)

    def trained(self, attributes):
        """Take note of the attributes that a fit has left: the network, if there is one, has their weights."""
        self._weights = attributes["weights_"]
        self.know(attributes)

    def knows(self, attributes):
        """Return whether the attributes are the objects, and the spec is that, of which `know` took note."""
        return len(self._known) > 0 and all(map(is_, self._noted(attributes), self._known))

    def _noted(self, attributes):
        return *map(attributes.get, FITTED), self.layers, self.input_shape, self.n_outputs

    def forget(self):
        """Drop the network, whose weights a failed ``partial_fit`` has changed, and the course."""
        with self._lock:
            self._network = self.course = None

    def fresh(self):
        """Return a holder of the same spec without a network."""
        return NetworkHolder(self.layers, self.input_shape, self.n_outputs)

    def sharing(self):
        """Return a holder of the same network, for a copy of the estimator."""
        holder = self.fresh()
        holder._network = self._network
        return holder

    def __reduce__(self):
        return NetworkHolder, (self.layers, self.input_shape, self.n_outputs)
