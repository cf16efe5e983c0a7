"""Statistics that `Normalize` layers learn from the training samples before the first epoch."""

from contextlib import closing
from math import prod

import numpy as np
from numpy.typing import NDArray

from convnet.data.lazy.chunks import MAX_CHUNK_BYTES, chunks
from convnet.graph import Network
from convnet.graph.arrays import check_finite
from convnet.training.examples import Examples

CALL = (
    MAX_CHUNK_BYTES // 8
)  # values at a time, read or learned from: whatever their type, so that sums are the same
BLOCK = 2**16  # values that are summed at a time: they stay in cache between the passes


def learn_statistics(
    network: Network, examples: Examples, names: list[str], n_threads: int
) -> None:
    """Set the mean and standard deviation of each channel of `Normalize` layers, one layer after the other.

    Parameters
    ----------
    network : Network
        These layers have a mean of 0 and a standard deviation of 1, so that they return their input.
    examples : Examples
        The samples and their weights.
    names : list of str
        Names of the layers, in order.
    n_threads : int
        Maximum number of threads. The result does not depend on it.
    """
    for name in names:
        mean, deviation = _statistics(network, examples, name, n_threads)
        learned = {f"{name}/mean": mean, f"{name}/deviation": deviation}
        network.set_weights({**network.get_weights(), **learned})


def _statistics(
    network: Network, examples: Examples, name: str, n_threads: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the mean and standard deviation of each channel, float64 (c,).

    With d = x - shift, for any shift: mean = shift + Σ w d / Σ w, variance = Σ w d² / Σ w - (Σ w d / Σ w)². The
    shift is a pixel of the data, so that little cancels and a constant channel has a variance of exactly 0.
    """
    shape = network.plan.named[name].output_shape
    size, channels = prod(shape), shape[-1]
    X, rows, weights = examples.X, examples.rows, examples.weights
    shift, sums, squares, total = np.zeros(size), np.zeros(size), np.zeros(size), 0.0
    step, block = max(1, CALL // max(size, prod(X.shape[1:]))), max(1, BLOCK // size)
    done = 0
    with closing(chunks(X, step, rows)) as arrays:
        for part in arrays:
            values = network.features(part, name, scale=examples.scale, n_threads=n_threads)
            check_finite(values, f"The inputs of layer {name!r}")
            values = values.reshape(len(part), size)
            if not done:
                shift = np.tile(values[0, :channels].astype(np.float64), size // channels)
            for i in range(0, len(part), block):
                d = values[i : i + block] - shift
                if weights is None:
                    weighed, total = d, total + len(d)
                else:
                    w = weights[rows[done + i : done + i + len(d)]].astype(np.float64)
                    weighed, total = d * w[:, None], total + float(w.sum())
                sums += weighed.sum(axis=0)
                squares += (weighed * d).sum(axis=0)
            done += len(part)
    count = total * (size // channels)
    first, second = (s.reshape(-1, channels).sum(axis=0) / count for s in (sums, squares))
    return shift[:channels] + first, np.sqrt(np.maximum(second - first**2, 0.0))
