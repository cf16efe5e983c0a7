"""Probabilities and losses in float64, from a network's outputs."""

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

Doubles: TypeAlias = NDArray[np.float64]


def log_probabilities(logits: ArrayLike) -> Doubles:
    """Return log p of each class.

    Parameters
    ----------
    logits : ndarray of shape (n, 1) or (n, K)
        One logit z means two classes: log p = (-log(1 + eᶻ), -log(1 + e⁻ᶻ)).

    Returns
    -------
    log_p : ndarray of float64, shape (n, 2) or (n, K)
    """
    z = np.asarray(logits, dtype=np.float64)
    if z.shape[1] == 1:
        return -np.logaddexp(0.0, z * [1.0, -1.0])
    z = z - z.max(axis=1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=1, keepdims=True))


def probabilities(logits: ArrayLike) -> Doubles:
    """Return p of each class, float64, rows that sum to 1; shapes as `log_probabilities`."""
    p = np.exp(log_probabilities(logits))
    return p / p.sum(axis=1, keepdims=True)


def cross_entropy(
    logits: ArrayLike, targets: ArrayLike, weights: NDArray[Any] | None = None
) -> float:
    """Return Σ w·(-log p of the target) / Σ w; `targets` are class numbers."""
    log_p = log_probabilities(logits)
    losses = -log_p[np.arange(len(log_p)), np.asarray(targets, dtype=np.intp)]
    return float(np.average(losses, weights=weights))


def log_sigmoid(logits: ArrayLike) -> Doubles:
    """Return log p of each label of an indicator, -log(1 + e⁻ᶻ): float64, the shape of `logits`."""
    return -np.logaddexp(0.0, -np.asarray(logits, dtype=np.float64))


def loss_figure(
    loss: str, outputs: ArrayLike, targets: ArrayLike, weights: NDArray[Any] | None = None
) -> float:
    """Return the mean loss Σ w·l / Σ w of some rows, without smoothing or penalty.

    Parameters
    ----------
    loss : {"softmax", "sigmoid", "squared_error", "absolute_error", "huber"}
        As `convnet.graph.Trainer` takes it: a row's loss is the mean over its outputs.
    outputs : ndarray of shape (n, k)
    targets : ndarray of shape (n,) or (n, k)
        Class numbers for "softmax", else numbers; (n,) where there is one output.
    weights : ndarray of shape (n,), default=None
        None is 1 for all.

    Returns
    -------
    loss : float
    """
    if loss == "softmax":
        return cross_entropy(outputs, targets, weights)
    z = np.asarray(outputs, dtype=np.float64)
    y = np.asarray(targets, dtype=np.float64).reshape(z.shape)
    return float(np.average(_POINTWISE[loss](z, y).mean(axis=1), weights=weights))


def _huber(z: Doubles, y: Doubles) -> Doubles:
    """Half the square of the residual up to 1, then its size less a half (Huber, 1964)."""
    r = np.abs(z - y)
    return np.where(r <= 1.0, 0.5 * r * r, r - 0.5)


_POINTWISE: dict[str, Callable[[Doubles, Doubles], Doubles]] = {
    "sigmoid": lambda z, y: np.logaddexp(0.0, z) - y * z,
    "squared_error": lambda z, y: 0.5 * (z - y) ** 2,
    "absolute_error": lambda z, y: np.abs(z - y),
    "huber": _huber,
}
