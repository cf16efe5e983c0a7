"""predict_in_batches: the outputs of a network for any number of samples."""

from contextlib import closing
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convnet.data.lazy.array import LazyArray
from convnet.data.lazy.chunks import chunks
from convnet.graph import Network
from convnet.graph.arrays import check_finite
from convnet.graph.runtime.predictor import samples_per_call


def predict_in_batches(
    network: Network,
    X: NDArray[Any] | LazyArray,
    *,
    scale: float,
    n_threads: int,
    rows: NDArray[np.int64] | None = None,
    layer: str | None = None,
    after: str | None = None,
) -> NDArray[np.float32]:
    """Return the network's outputs for X or some of its rows, computed in batches so that Ctrl-C is heard.

    Parameters
    ----------
    network : Network
        Run as in prediction, with running statistics and without dropout.
    X : ndarray or LazyArray of shape (n, h, w, c) or (n, features)
        Of any numeric dtype. `LazyArray` are read ahead.
    scale : float
        X is multiplied by it when converted.
    n_threads : int
        Threads of each call.
    rows : ndarray of int64, default=None
        Rows of X. None: all.
    layer : str, default=None
        Name of the layer whose output to return. None: the last.
    after : str, default=None
        Name of a layer whose outputs X holds, so that only the layers behind it run. `layer` must be None then.

    Returns
    -------
    out : ndarray of float32, shape (n, n_outputs) or (n, *the layer's shape)
        The bits of a sample do not depend on how many share a batch.

    Raises
    ------
    NotFiniteError
        If an output overflows float32.
    """
    what = "The outputs of the net" + (f", at layer {layer!r}," if layer else "")
    step = samples_per_call(network.plan, n_threads)
    options: dict[str, Any] = {"scale": scale, "n_threads": n_threads}
    parts = []
    with closing(chunks(X, step, rows)) as arrays:
        for part in arrays:
            found = (
                network.forward(part, after=after, **options)
                if layer is None
                else network.features(part, layer, **options)
            )
            parts.append(check_finite(found, what))
    return parts[0] if len(parts) == 1 else np.concatenate(parts)
