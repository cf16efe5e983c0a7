"""Losses: their conditions on outputs and targets, and their values in float64. Gradients are in csrc/loss/."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convnet.engine import Context, sigmoid, softmax
from convnet.values.messages import show

Doubles: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True)
class Loss:
    """A loss that a trainer minimizes.

    Parameters
    ----------
    name : str
        The kernel stage is "loss_<name>".
    pointwise : callable or None
        Given outputs and targets in float64, both of shape (n, k), it returns the loss of each output. None: the
        cross-entropy of all outputs with a class number.
    smoothing : bool, default=False
        Whether targets may be smoothed.
    """

    name: str
    pointwise: Callable[[Doubles, Doubles], Doubles] | None
    smoothing: bool = False

    @property
    def takes_classes(self) -> bool:
        """Whether targets are class numbers."""
        return self.pointwise is None


def _huber(z: Doubles, y: Doubles) -> Doubles:
    """Return half the square of the residual up to 1, then its size minus a half (Huber, 1964)."""
    r = np.abs(z - y)
    return np.where(r <= 1.0, 0.5 * r * r, r - 0.5)


LOSSES = {
    loss.name: loss
    for loss in (
        Loss("softmax", None, smoothing=True),
        Loss("sigmoid", lambda z, y: np.logaddexp(0.0, z) - y * z, smoothing=True),
        Loss("squared_error", lambda z, y: 0.5 * (z - y) ** 2),
        Loss("absolute_error", lambda z, y: np.abs(z - y)),
        Loss("huber", _huber),
    )
}


def check_loss(name: str, output_shape: tuple[int, ...], label_smoothing: float) -> None:
    """Raise ValueError unless the loss exists and fits the outputs and the smoothing."""
    if name not in LOSSES:
        raise ValueError(f"loss must be one of {tuple(LOSSES)}; got {show(name)}")
    loss = LOSSES[name]
    if len(output_shape) != 1 or (loss.takes_classes and output_shape[0] == 1):
        raise ValueError(f"loss {show(name)} does not fit outputs of shape {output_shape}")
    if not 0.0 <= label_smoothing < 1.0:
        raise ValueError(f"label_smoothing must be from 0 to below 1; got {show(label_smoothing)}")
    if label_smoothing and not loss.smoothing:
        allowed = tuple(other.name for other in LOSSES.values() if other.smoothing)
        raise ValueError(f"label_smoothing is for {allowed}, not for loss {show(name)}")


def set_targets(context: Context, name: str, y: NDArray[Any]) -> None:
    """Give the targets of a loss to the context of a step."""
    if LOSSES[name].takes_classes:
        context.classes(y)
    else:
        context.targets(y.reshape(len(y), -1))


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
    """Return p of each class, float64, rows that sum to 1; shapes as in `log_probabilities`."""
    return softmax(np.ascontiguousarray(logits, dtype=np.float32))


def label_probabilities(logits: ArrayLike) -> Doubles:
    """Return p of each label of an indicator, 1 / (1 + e⁻ᶻ): float64, the shape of `logits`."""
    return sigmoid(np.ascontiguousarray(logits, dtype=np.float32))


def log_sigmoid(logits: ArrayLike) -> Doubles:
    """Return log p of each label of an indicator, -log(1 + e⁻ᶻ): float64, the shape of `logits`."""
    return -np.logaddexp(0.0, -np.asarray(logits, dtype=np.float64))


def cross_entropy(
    logits: ArrayLike, targets: ArrayLike, weights: NDArray[Any] | None = None
) -> float:
    """Return Σ w·(-log p of the target) / Σ w; `targets` are class numbers."""
    log_p = log_probabilities(logits)
    losses = -log_p[np.arange(len(log_p)), np.asarray(targets, dtype=np.intp)]
    return float(np.average(losses, weights=weights))


def mean_loss(
    name: str, outputs: ArrayLike, targets: ArrayLike, weights: NDArray[Any] | None = None
) -> float:
    """Return the mean loss Σ w·l / Σ w of some samples, without smoothing or penalty.

    Parameters
    ----------
    name : str
        One of `LOSSES`. The loss of a sample is the mean over its outputs.
    outputs : ndarray of shape (n, k)
    targets : ndarray of shape (n,) or (n, k)
        Class numbers for "softmax", else numbers; (n,) for one output.
    weights : ndarray of shape (n,), default=None
        Sample weights. None: all are 1.

    Returns
    -------
    loss : float
    """
    pointwise = LOSSES[name].pointwise
    if pointwise is None:
        return cross_entropy(outputs, targets, weights)
    z = np.asarray(outputs, dtype=np.float64)
    y = np.asarray(targets, dtype=np.float64).reshape(z.shape)
    return float(np.average(pointwise(z, y).mean(axis=1), weights=weights))
