"""Targets of regression: numbers, one or several a row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils import column_or_1d

from convnet.inputs.arrays import as_array
from convnet.inputs.sample_weight import split_weights
from convnet.inputs.target import Target

if TYPE_CHECKING:
    from numpy.typing import NDArray


LARGEST = np.sqrt(
    np.finfo(np.float32).max
)  # gradients of squared errors are squared by some solvers


def as_targets(y: Any, *, warn: bool = True) -> NDArray[np.float32]:
    """Return y as float32 of shape (n,) or (n, n_outputs); ValueError for what are no finite numbers.

    With `warn` of a column where one axis is meant.
    """
    y = as_array(y, "y", ensure_2d=False, allow_nd=True)
    if y.dtype.kind not in "buif":
        raise ValueError(f"y has dtype {y.dtype}; regression takes numbers.")
    if y.ndim > 2:
        raise ValueError(f"y must have shape (n,) or (n, n_outputs); got {y.shape}.")
    if y.ndim == 2 and y.shape[1] == 1:
        y = column_or_1d(y, warn=warn)
    return as_array(y, "y", ensure_2d=False, dtype=np.float32, order="C")


def encode_targets(
    y: Any, sample_weight: NDArray[np.float64] | None, loss: str, *, fitted: int | None
) -> Target:
    """Return the `Target` of numbers.

    Parameters
    ----------
    y : array-like of shape (n,) or (n, n_outputs)
        Finite numbers within float32.
    sample_weight : ndarray of float64, shape (n,), or None
        Weights of the rows.
    loss : str
        The trainer's name of the loss.
    fitted : int or None
        ``n_outputs_`` of the fit that goes on.
    """
    values = as_targets(y)
    largest = float(np.abs(values).max())
    if loss == "squared_error" and largest > LARGEST:
        raise ValueError(
            f"y has values up to {largest:.3g}, whose squares are out of the range of float32. Scale y, as "
            'TransformedTargetRegressor does, or set loss="absolute_error".'
        )
    n_outputs = 1 if values.ndim == 1 else values.shape[1]
    if fitted is not None and n_outputs != fitted:
        raise ValueError(f"y has {n_outputs} columns; the net has {fitted} outputs.")
    given = np.ones(len(values)) if sample_weight is None else sample_weight
    rows, weights = split_weights(given)
    return Target(
        values=values,
        rows=rows,
        weights=weights,
        n_outputs=n_outputs,
        loss=loss,
        attributes={"n_outputs_": n_outputs},
    )
