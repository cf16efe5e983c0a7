"""A network's outputs for any number of rows."""

from math import prod

import numpy as np

# Ctrl-C is heard between two calls of the engine: a call is to take 0.2 s at 20 GFLOP/s, which is slow for any machine.
CALL = 2e9  # multiply-adds
FEW = 4  # rows a thread that are worth their reading of the weights, unless they are very expensive
VALUE = 4  # multiply-adds that reading or writing a value counts for


def outputs(network, X, *, scale, n_threads, rows=None, layer=None):
    """Return the network's outputs for X, or for some rows of it.

    Parameters
    ----------
    network : Network
        Used for prediction: running statistics, no dropout.
    X : ndarray of shape (n, h, w, c) or (n, features)
        Any numeric dtype.
    scale : float
        X is multiplied by it when converted.
    n_threads : int
        Threads of each call.
    rows : ndarray of int64, default=None
        Rows of X; None is all.
    layer : str, default=None
        Name of the layer whose output is wanted; None is the last.

    Returns
    -------
    out : ndarray of float32, shape (n, n_outputs) or (n, *the layer's shape)
        The bits of a row do not depend on how many share a call.
    """
    n = len(X) if rows is None else len(rows)
    step = rows_a_call(network.plan, n_threads)
    options = {"scale": scale, "n_threads": n_threads}
    parts = []
    for i in range(0, n, step):
        part = X[i : i + step] if rows is None else X[rows[i : i + step]]
        parts.append(
            network.forward(part, **options)
            if layer is None
            else network.features(part, layer, **options)
        )
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def rows_a_call(plan, n_threads):
    """Return how many rows the engine is given at a time: the same number for each thread."""
    values = prod(plan.input_shape) + sum(prod(layer.output_shape) for layer in plan.layers)
    work = VALUE * values + sum(layer.multiply_adds for layer in plan.layers)
    least = min(FEW, max(1, CALL / 2 // work))
    return n_threads * int(max(least, CALL // (n_threads * work)))
