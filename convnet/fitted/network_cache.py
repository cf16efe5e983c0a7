"""The network behind a fitted estimator."""

from __future__ import annotations

import os
from operator import is_
from typing import TYPE_CHECKING, Any

from convnet.engine.locks import lock_of
from convnet.fitted.attributes import FITTED
from convnet.graph import Network

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np

    from convnet.layers.base import Layer
    from convnet.training.optimization import OptimizationState


class NetworkCache:
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

    def __init__(
        self, layers: Sequence[Layer], input_shape: tuple[int, ...], n_outputs: int
    ) -> None:
        self.layers, self.input_shape, self.n_outputs = layers, input_shape, n_outputs
        self.course: OptimizationState | None = None
        self._network: Network | None = None
        self._weights: Mapping[str, np.ndarray] | None = None
        self._aside: tuple[Mapping[str, np.ndarray] | None, Network | None] = None, None
        self.trained_in: int | None = None
        self._known: tuple[Any, ...] = ()
        self._lock = lock_of(self)

    def network(
        self, weights: Mapping[str, np.ndarray] | None, seed: int = 0, *, to_train: bool = False
    ) -> Network:
        """Return the network of these weights; where they are None, the one that there is, or one of those of `seed`.

        It is built where there is none, or one of other weights: predictions are by what ``weights_`` shows. A network
        that has a course gives way only to one `to_train`: a prediction may have begun before a ``partial_fit`` ended.
        """
        with self._lock:
            if self.trained_in not in (None, os.getpid()):
                self._network = self.trained_in = self.course = None
            if self._network is not None and (weights is None or weights is self._weights):
                return self._network
            other, network = self._aside
            if network is None or other is not weights:
                network = Network(self.layers, self.input_shape, self.n_outputs, seed=seed)
                if weights is not None:
                    network.set_weights(weights)
            if self.course is None or to_train:
                self.course, self._network, self._weights = None, network, weights
                self._aside = None, None
            else:
                self._aside = weights, network
            return network

    def know(self, attributes: Mapping[str, Any]) -> None:
        """Take note of fitted attributes that go together."""
        self._known = self._noted(attributes)

    def trained(self, attributes: Mapping[str, Any]) -> None:
        """Take note of the attributes that a fit has left: the network, if there is one, has their weights."""
        self._weights, self._aside = attributes["weights_"], (None, None)
        self.know(attributes)

    def knows(self, attributes: Mapping[str, Any]) -> bool:
        """Return whether the attributes are the objects, and the spec is that, of which `know` took note."""
        return len(self._known) > 0 and all(map(is_, self._noted(attributes), self._known))

    def _noted(self, attributes: Mapping[str, Any]) -> tuple[Any, ...]:
        return *map(attributes.get, FITTED), self.layers, self.input_shape, self.n_outputs

    def forget(self) -> None:
        """Drop the network, whose weights a failed ``partial_fit`` has changed, and the course."""
        with self._lock:
            self._network = self.course = None

    def fresh(self) -> NetworkCache:
        """Return a holder of the same spec without a network."""
        return NetworkCache(self.layers, self.input_shape, self.n_outputs)

    def sharing(self) -> NetworkCache:
        """Return a holder of the same network, for a copy of the estimator."""
        holder = self.fresh()
        holder._network = self._network
        return holder

    def __reduce__(self) -> tuple[Any, ...]:
        return NetworkCache, (self.layers, self.input_shape, self.n_outputs)
