"""Weights of samples and classes. A sample of weight 0 is left out of the fit."""

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
    """Return the weights as float64, or None. Raise ValueError unless they are finite, not negative and not all 0.

    Parameters
    ----------
    sample_weight : array-like of shape (n,) or None
        As passed.
    n : int or None
        Number of samples.
    name, of : str
        Names of the weights and of their samples in errors.
    """
    if sample_weight is None:
        return None
    weights = as_array(sample_weight, name, ensure_2d=False, allow_nd=True, dtype=np.float64)
    if weights.ndim != 1:
        raise ValueError(f"{name} must have one entry per sample; got shape {weights.shape}.")
    if len(weights) != n:
        raise ValueError(f"{name} has {len(weights)} entries; {of} has {n} samples.")
    if weights.min() < 0:
        raise ValueError(f"{name} must not be negative.")
    if not weights.any():
        raise ValueError(
            f"{name} is zero for every sample of {of}. Give at least one sample a positive weight."
        )
    return weights


def class_weights(
    class_weight: Any, classes: np.ndarray, codes: np.ndarray, sample_weight: np.ndarray | None
) -> NDArray[np.float64] | None:
    """Return a float64 weight for each class.

    Parameters
    ----------
    class_weight : dict, "balanced" or None
        "balanced" gives each class the weight Σ w / (K · Σ w of the class), where w is `sample_weight`.
    classes : ndarray
        The K labels, sorted.
    codes : ndarray of int
        Indices into `classes` of the samples of positive weight.
    sample_weight : ndarray or None
        Weights of those samples.

    Returns
    -------
    weights : ndarray of float64, shape (K,), or None
    """
    if class_weight is None:
        return None
    class_weight = plain(class_weight)
    if isinstance(class_weight, str) and class_weight == "balanced":
        sums = np.bincount(codes, weights=sample_weight, minlength=len(classes))
        with np.errstate(over="ignore", invalid="ignore"):  # refused by `split_weights`
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
    """Return the indices of the samples of positive weight, and the weights as float32, None if all of those are 1."""
    with np.errstate(over="ignore", under="ignore"):
        weights = weights.astype(np.float32)
    rows = np.flatnonzero(weights)
    if not np.isfinite(weights).all() or not len(rows):
        raise ValueError(
            "sample_weight times class_weight is out of the range of float32, or 0 for all samples."
        )
    return rows.astype(np.int64, copy=False), None if (weights[rows] == 1).all() else weights
