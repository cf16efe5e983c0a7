"""Whether training has diverged: after each epoch, in which the error is to name it."""

from collections.abc import Mapping
from math import inf, log10, sqrt

import numpy as np
from numpy.typing import NDArray

from convnet.graph import Network, Trainer
from convnet.graph.arrays import NotFiniteError, is_finite, squares
from convnet.training.examples import Examples
from convnet.training.prediction import predict_in_batches

CALM = 10.0  # powers of ten that a value may grow by on its way, up to which outputs are not computed to be sure


def diverged(what: str, epoch: int, batch: int, rate: float) -> ValueError:
    """Return the error that ends training.

    Parameters
    ----------
    what : str
        "loss became nan": what is no longer finite.
    epoch, batch : int
        Where, from 0.
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
    """Return what is no longer finite after an epoch, in words, or None.

    Weights and moments are looked at; the outputs for the rows trained on are computed only where the weights have
    become so large that these may overflow, which the losses, being of the weights before, do not show.

    Parameters
    ----------
    network, trainer, examples : Network, Trainer, Examples
    weights : dict of ndarray
        Those of the network.
    largest : float
        Largest magnitude of the inputs, as the net sees them.
    """
    for name, values in weights.items():
        if not is_finite(values):
            return f"weights {name!r} are no longer finite"
    if not trainer.is_finite():
        return "moments of the solver are no longer finite"
    if growth(weights) + log10(max(largest, 1.0)) > CALM:
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
    """Return by how many powers of ten values may grow up to where they are largest, roughly.

    A layer multiplies by the root mean square norm of what its units read, but for shifts of more than that; batch
    norm divides by the deviation.

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
