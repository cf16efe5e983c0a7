"""The network behind a fitted estimator."""

from convnet.engine.locks import lock_of
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
    """

    def __init__(self, layers, input_shape, n_outputs):
        self.layers, self.input_shape, self.n_outputs = layers, input_shape, n_outputs
        self.course = None
        self._network = None
        self._lock = lock_of(self)

    def network(self, weights, seed=0):
        """Return the network; if it is built now, with `weights`, or those of `seed` where that is None."""
        with self._lock:
            if self._network is None:
                network = Network(self.layers, self.input_shape, self.n_outputs, seed=seed)
                if weights is not None:
                    network.set_weights(weights)
                self._network = network
            return self._network

    def forget(self):
        """Drop the network, whose weights a failed ``partial_fit`` has changed, and the course."""
        with self._lock:
            self._network = self.course = None

    def fresh(self):
        """Return a holder of the same spec without a network."""
        return NetworkHolder(self.layers, self.input_shape, self.n_outputs)

    def __reduce__(self):
        return NetworkHolder, (self.layers, self.input_shape, self.n_outputs)
