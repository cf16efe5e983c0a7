"""Checks after each epoch whether training has diverged, and the error that says where."""

from collections.abc import Mapping
from math import inf, log10, sqrt

import numpy as np
from numpy.typing import NDArray

from convnet.graph import Network, Trainer
from convnet.graph.arrays import NotFiniteError, is_finite, squares
from convnet.training.examples import Examples
from convnet.training.prediction import predict_in_batches

# If values can grow by at most this many powers of ten on their way through a net, its outputs are not checked.
MAX_GROWTH = 10.0


def diverged(what: str, epoch: int, batch: int, rate: float) -> ValueError:
    """Return the error that ends training.

    Parameters
    ----------
    what : str
        What is no longer finite, such as "loss became nan".
    epoch, batch : int
        Numbers of the epoch and of the batch, from 0.
    rate : float
        The learning rate of that batch.
    """
    return ValueError(
        f"The {what} in epoch {epoch + 1}, batch {batch + 1}, at learning rate {rate:g}. "
        "Lower learning_rate_init or scale X."
    )


def what_diverged(
    network: Network,
    trainer: Trainer,
    examples: Examples,
    weights: Mapping[str, NDArray[np.float32]],
    largest: float,
) -> str | None:
    """Return a phrase that says what is no longer finite after an epoch, or None.

    The weights and moments are checked. Losses belong to the weights before each step, so they do not show outputs
    that overflow after the last step. If the weights are so large that this may happen, the outputs for the training
    set are computed.

    Parameters
    ----------
    network, trainer, examples : Network, Trainer, Examples
    weights : dict of ndarray
        The weights of the network.
    largest : float
        Largest magnitude of the inputs after scaling.
    """
    for name, values in weights.items():
        if not is_finite(values):
            return f"weights {name!r} are no longer finite"
    if not trainer.is_finite():
        return "moments of the solver are no longer finite"
    if growth(weights) + log10(max(largest, 1.0)) > MAX_GROWTH:
        try:
            predict_in_batches(
                network,
                examples.X,
                scale=examples.scale,
                n_threads=trainer.n_threads,
                rows=examples.rows,
            )
        except NotFiniteError:
            return "outputs of the net are no longer finite"
    return None


def growth(weights: Mapping[str, NDArray[np.float32]]) -> float:
    """Return roughly by how many powers of ten values may grow up to the layer where they are largest.

    A layer multiplies by the root mean square of the norms of its units' weights, unless its biases are larger. Batch
    norm divides by the standard deviation.

    Parameters
    ----------
    weights : mapping of str to ndarray
        In the order of the layers.
    """
    now = most = 0.0
    for name, values in weights.items():
        layer, _, role = name.rpartition("/")
        factor = sqrt(squares(values) / values.shape[-1])
        if role == "gamma":
            factor /= sqrt(
                float(weights[f"{layer}/moving_variance"].mean(dtype=np.float64)) + 1e-12
            )
        if values.ndim > 1 or role == "gamma":
            now += log10(max(factor, 1e-12)) if factor < inf else inf
        most = max(most, now, log10(max(factor, 1e-12)) if factor < inf else inf)
    return most
