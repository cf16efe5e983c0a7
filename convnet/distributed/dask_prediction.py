"""dask_predict: predictions of a fitted estimator on a Dask array, block by block."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import numpy as np

from convnet._extras import missing_extra

if TYPE_CHECKING:
    from distributed import Client

METHODS = "predict", "predict_proba", "predict_log_proba", "decision_function", "transform"


def dask_predict(
    estimator: Any, dX: Any, method: str = "predict", *, client: Client | None = None
) -> Any:
    """Return the predictions on a Dask array as a Dask array. Nothing is computed before it is asked for.

    Parameters
    ----------
    estimator : object
        A fitted estimator or pipeline.
    dX : dask.array.Array
        Samples, as for the method. Chunks are along the samples; each is predicted by one task.
    method : {"predict", "predict_proba", "predict_log_proba", "decision_function", "transform"}, default="predict"
        Method of the estimator.
    client : distributed.Client, default=None
        Sends the estimator to its cluster now, once to each worker. With None, the estimator is part of the graph, and
        each worker gets it once when it computes.

    Returns
    -------
    predictions : dask.array.Array of shape (n,) or (n, n_outputs)
        Its chunks along the samples are those of `dX`.

    Raises
    ------
    ImportError
        If Dask is not installed.
    TypeError
        If dX is not a Dask array.
    ValueError
        If there is no such method, or if the estimator does not take samples of this shape.
    NotFittedError
        If the estimator is not fitted.
    """
    try:
        import dask
        import dask.array as da
    except ImportError as error:
        raise ImportError(missing_extra("dask_predict", "Dask", "dask")) from error
    if not isinstance(dX, da.Array):
        raise TypeError(
            f"dask_predict takes a dask.array.Array; got {type(dX).__name__}. Call {method} of the estimator."
        )
    if method not in METHODS or not hasattr(estimator, method):
        name = type(estimator).__name__
        having = [known for known in METHODS if hasattr(estimator, known)]
        raise ValueError(f"method={method!r}: {name} has the methods {', '.join(having)}.")
    one = np.asarray(getattr(estimator, method)(np.zeros((1, *dX.shape[1:]), dX.dtype)))
    dX = dX.rechunk(dict.fromkeys(range(1, dX.ndim), -1))
    key = f"convnet-model-{uuid.uuid4().hex}"
    if client is not None:
        (sent,) = client.scatter([estimator], broadcast=True, hash=False)
        model = dask.delayed(sent)
    else:
        model = dask.delayed(estimator, name=key, traverse=False)
    return da.map_blocks(
        _predict_block,
        dX,
        model=model,
        method=method,
        dtype=one.dtype,
        meta=np.empty((0,) * one.ndim, one.dtype),
        chunks=(dX.chunks[0], *((size,) for size in one.shape[1:])),
        drop_axis=list(range(one.ndim, dX.ndim)),
    )


def _predict_block(X: Any, model: Any, method: str) -> Any:
    if not len(X):
        return np.asarray(getattr(model, method)(np.zeros((1, *X.shape[1:]), X.dtype)))[:0]
    return getattr(model, method)(X)
