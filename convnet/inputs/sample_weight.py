"""sample_weight and class_weight: which rows take part, and with what weight."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils.class_weight import compute_class_weight

from convnet.inputs.arrays import as_array
from convnet.values.fields import as_float, is_number, show
from convnet.values.plain import plain

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


def check_sample_weight(
    sample_weight: ArrayLike | None, n: int | None, name: str = "sample_weight", of: str = "X"
) -> NDArray[np.float64] | None:
    """Return float64 weights of the n rows of `of`, or None; ValueError, by `name`, if they cannot be used."""
    if sample_weight is None:
        return None
    weights = as_array(sample_weight, name, ensure_2d=False, allow_nd=True, dtype=np.float64)
    if weights.ndim != 1:
        raise ValueError(f"{name} must have one entry a row; got shape {weights.shape}.")
    if len(weights) != n:
        raise ValueError(f"{name} has {len(weights)} entries; {of} has {n} rows.")
    if weights.min() < 0:
        raise ValueError(f"{name} must not be negative.")
    if not weights.any():
        raise ValueError(f"{name} is zero for every row of {of}: none is left.")
    return weights


def class_weights(
    class_weight: Any, classes: np.ndarray, codes: np.ndarray, sample_weight: np.ndarray | None
) -> NDArray[np.float64] | None:
    """Return a float64 weight for each class.

    Parameters
    ----------
    class_weight : dict, "balanced" or None
        "balanced" is Σ w / (K · Σ w of the class).
    classes : ndarray
        The labels.
    codes : ndarray of int
        Class numbers of the rows that take part.
    sample_weight : ndarray or None
        Weights of those rows.

    Returns
    -------
    weights : ndarray of float64, shape (K,), or None
    """
    if class_weight is None:
        return None
    class_weight = plain(class_weight)
    if isinstance(class_weight, str) and class_weight == "balanced":
        sums = np.bincount(codes, weights=sample_weight, minlength=len(classes))
        with np.errstate(
            over="ignore", invalid="ignore"
        ):  # `split_weights` refuses what comes of it
            return np.divide(
                sums.sum(), len(classes) * sums, out=np.zeros(len(classes)), where=sums > 0
            )
    if not isinstance(class_weight, dict):
        raise ValueError(
            f'class_weight must be a dict, "balanced" or None; got {show(class_weight)}.'
        )
    if not all(is_number(w) and 0 <= as_float(w) < np.inf for w in class_weight.values()):
        raise ValueError(
            f"class_weight must have finite weights, 0 or more; got {show(class_weight)}."
        )
    return compute_class_weight(class_weight, classes=classes, y=classes)


def split_weights(weights: np.ndarray) -> tuple[NDArray[np.int64], NDArray[np.float32] | None]:
    """Return the rows of positive weight and the weights as float32, None where all of those are 1."""
    with np.errstate(over="ignore", under="ignore"):
        weights = weights.astype(np.float32)
    rows = np.flatnonzero(weights)
    if not np.isfinite(weights).all() or not len(rows):
        raise ValueError(
            "sample_weight times class_weight is out of the range of float32, or 0 for all rows."
        )
    return rows.astype(np.int64, copy=False), None if (weights[rows] == 1).all() else weights
