"""NetworkCache: the network of a fitted estimator, built when it is first needed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from convnet.engine.threads import lock_of
from convnet.graph import Network

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import numpy as np

    from convnet.engine import SinglePrediction
    from convnet.layers.base import Layer
    from convnet.training.optimization import OptimizationState


class NetworkCache:
    """Builds the network when it is first needed, so that ``predict`` changes no attribute.

    Pickles and copies hold the layers and shapes only, and build a network of their own.

    Parameters
    ----------
    layers : tuple of Layer
        As converted in ``fit``, without the output layer.
    input_shape : tuple of int
        (h, w, c), (length, c) or (features,).
    n_outputs : int
        Units of the output layer.

    Attributes
    ----------
    optimization_state : OptimizationState or None
        What the next ``partial_fit`` continues with.
    single : SinglePrediction or None
        Predicts one plain sample with the weights of the last prediction.
    training_pid : int or None
        Process in which a ``partial_fit`` trains the network. A child forked meanwhile has no thread that would finish
        this training, so it drops the network and builds one from the estimator's weights.
    """

    def __init__(
        self, layers: Sequence[Layer], input_shape: tuple[int, ...], n_outputs: int
    ) -> None:
        self.layers, self.input_shape, self.n_outputs = layers, input_shape, n_outputs
        self.optimization_state: OptimizationState | None = None
        self.single: SinglePrediction | None = None
        self.training_pid: int | None = None
        self._network: Network | None = None
        self._weights: Mapping[str, np.ndarray] | None = None  # those of _network
        # Weights and network of a prediction that began before a partial_fit ended.
        self._secondary: tuple[Mapping[str, np.ndarray] | None, Network | None] = None, None
        self._valid_key: dict[str, Any] | None = None
        self._precomputed: tuple[Any, np.ndarray] | None = None
        self._lock = lock_of(self)

    def network(
        self, weights: Mapping[str, np.ndarray] | None, seed: int = 0, *, to_train: bool = False
    ) -> Network:
        """Return the cached network for `weights`, building it if needed.

        None accepts any cached network, or initializes one from `seed`. A cached network with an optimization state is
        replaced only if the new one is `to_train`; otherwise both stay in the cache.
        """
        with self._lock:
            if self.training_pid not in (None, os.getpid()):
                self._network = self.training_pid = self.optimization_state = None
            if self._network is not None and (weights is None or weights is self._weights):
                return self._network
            other, network = self._secondary
            if network is None or other is not weights:
                network = Network(self.layers, self.input_shape, self.n_outputs, seed=seed)
                if weights is not None:
                    network.set_weights(weights)
            if self.optimization_state is None or to_train:
                self.optimization_state, self._network, self._weights = None, network, weights
                self._secondary = None, None
            else:
                self._secondary = weights, network
            return network

    def bind(self, fitted: Mapping[str, Any]) -> None:
        """Accept the fitted attributes that a fit has left: the cached network, if any, has their weights."""
        self._weights, self._secondary, self.single = fitted["weights_"], (None, None), None
        self.mark_valid(fitted)

    def mark_valid(self, fitted: Mapping[str, Any]) -> None:
        """Remember these fitted attributes as consistent."""
        self._valid_key = self._key(fitted)

    def is_valid(self, fitted: Mapping[str, Any]) -> bool:
        """Return whether these are the objects that were marked valid, and the layers and shapes are the same."""
        known, key = self._valid_key, self._key(fitted)
        return (
            known is not None
            and known.keys() == key.keys()
            and all(known[name] is value for name, value in key.items())
        )

    def _key(self, fitted: Mapping[str, Any]) -> dict[str, Any]:
        spec = {"layers": self.layers, "input_shape": self.input_shape, "n_outputs": self.n_outputs}
        return {**fitted, **spec}

    def reset(self) -> None:
        """Drop the network, whose weights a failed ``partial_fit`` has changed, and its optimization state."""
        with self._lock:
            self._network = self.optimization_state = self.single = None

    def empty_copy(self) -> NetworkCache:
        """Return a cache of the same layers and shapes, without a network."""
        return NetworkCache(self.layers, self.input_shape, self.n_outputs)

    def shared_copy(self, precomputed: tuple[Any, np.ndarray] | None = None) -> NetworkCache:
        """Return a cache that shares the network, for a copy of the estimator.

        Parameters
        ----------
        precomputed : tuple of array-like and ndarray, default=None
            X and the outputs of the network for it, which the copy will not compute again.
        """
        cache = self.empty_copy()
        cache._network, cache._precomputed = self._network, precomputed
        return cache

    def prepare_single(
        self,
        network: Network,
        dtype: np.dtype[Any],
        scale: float,
        attributes: dict[str, Any],
        names: Iterable[str],
    ) -> None:
        """Prepare for predictions of one sample like the last one, unless the network is being trained.

        Parameters
        ----------
        network : Network
            The network of the weights in `attributes`.
        dtype : dtype
            Of the sample.
        scale : float
            Factor that the sample is multiplied by.
        attributes : dict
            Attributes of the estimator.
        names : iterable of str
            Names of the attributes that were checked. They need not be checked again while they are the same objects.
        """
        if self.training_pid is None:
            single = network.single_prediction(dtype, scale, attributes, names)
            if self.training_pid is None:
                self.single = single

    def precomputed_outputs(self, X: Any) -> np.ndarray | None:
        """Return the outputs for X if X is the very object that they were computed for, else None."""
        if self._precomputed is None or self._precomputed[0] is not X:
            return None
        return self._precomputed[1]

    def __reduce__(self) -> tuple[Any, ...]:
        return NetworkCache, (self.layers, self.input_shape, self.n_outputs)
