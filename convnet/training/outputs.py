"""A network's outputs for any number of rows."""

import numpy as np

CALL = 2e9  # multiply-adds a call of the engine, so that Ctrl-C is heard soon
LEAST_ROWS = 256


def outputs(network, X, *, scale, n_threads, rows=None):
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

    Returns
    -------
    out : ndarray of float32, shape (n, n_outputs)
    """
    n = len(X) if rows is None else len(rows)
    work = sum(layer.multiply_adds for layer in network.plan.layers)
    step = max(LEAST_ROWS, int(CALL / max(1, work)))
    parts = []
    for i in range(0, n, step):
        part = X[i : i + step] if rows is None else X[rows[i : i + step]]
        parts.append(network.forward(part, scale=scale, n_threads=n_threads))
    return parts[0] if len(parts) == 1 else np.concatenate(parts)
