"""What the losses of a training step ask of outputs and targets."""

from typing import Any

from numpy.typing import NDArray

from convnet.engine import LOSSES, Context

SMOOTHED = ("softmax", "sigmoid")


def check_loss(loss: str, output_shape: tuple[int, ...], label_smoothing: float) -> None:
    """Raise unless the loss exists and fits the outputs and the smoothing."""
    if loss not in LOSSES:
        raise ValueError(f"loss must be one of {LOSSES}; got {loss!r}")
    if len(output_shape) != 1 or (loss == "softmax" and output_shape[0] == 1):
        raise ValueError(f"loss {loss!r} does not fit outputs of shape {output_shape}")
    if not 0.0 <= label_smoothing < 1.0:
        raise ValueError(f"label_smoothing must be from 0 to below 1; got {label_smoothing!r}")
    if label_smoothing and loss not in SMOOTHED:
        raise ValueError(f"label_smoothing is for {SMOOTHED}, not for loss {loss!r}")


def set_targets(context: Context, loss: str, y: NDArray[Any]) -> None:
    """Give a context the targets."""
    if loss == "softmax":
        context.classes(y)
    else:
        context.targets(y.reshape(len(y), -1))
