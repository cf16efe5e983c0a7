"""Warnings about parameters and data of a fit that are probably mistakes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from convnet.data.images.modes import MAX_NARROW_BITS
from convnet.data.lazy.array import LazyArray
from convnet.inputs.scaling import DIVISORS
from convnet.layers import BatchNorm, Dense, Normalize
from convnet.values.user_warnings import warn_user

if TYPE_CHECKING:
    from collections.abc import Sequence

    from convnet.fitting.data import FitData
    from convnet.inputs.arrays import Images
    from convnet.inputs.scaling import InputFormat
    from convnet.inputs.tasks import Target
    from convnet.layers.base import Layer

EIGHT_BIT = 64, 255  # range of the largest value of images that were probably read as 8 bits
VALIDATION_FRACTION = 0.1  # the default
SAMPLES = 256  # that are searched for negative values


def warn_of_likely_mistakes(estimator: Any, data: FitData, *, validated: bool) -> None:
    """Warn about units of X, a second output layer, and parameters without effect.

    Parameters
    ----------
    estimator : BaseConvNet
        Being fitted.
    data : FitData
        What it is fitted on.
    validated : bool
        Whether `X_val` was passed.
    """
    found = [
        _unit_of_images(data.examples.X, data.attributes["_input_format"], data.layers),
        _second_output_layer(data.layers, data.target),
        _unused_validation_fraction(estimator, validated),
    ]
    for text in filter(None, found):
        warn_user(f"{type(estimator).__name__}: {text}")


def _unit_of_images(images: Images, given: InputFormat, layers: Sequence[Layer]) -> str | None:
    """Return a warning about images whose values `rescale="auto"` leaves far above 1, or makes nearly 0."""
    if len(given.shape) != 3 or given.rescale != "auto" or given.as_is:
        return None
    largest = given.largest
    if given.dtype == "uint16":
        bits = int(largest).bit_length()
        if 8 < bits <= MAX_NARROW_BITS:
            unit = 2**bits - 1
            return (
                f"X is uint16 with values up to {largest:g}, which seem to have {bits} bits. They are divided by "
                f"{DIVISORS['uint16']}, so that the images are nearly black. Set rescale=1/{unit}."
            )
        return None
    low, high = EIGHT_BIT
    if given.dtype in DIVISORS or not low <= largest <= high:
        return None
    first = layers[0] if layers else None
    n = 1 if isinstance(images, LazyArray) else SAMPLES  # reading more may take long
    sample = np.asarray(images[:n])
    if isinstance(first, Normalize | BatchNorm) or sample.min() < 0:
        return None
    remedy = f"rescale=1/{255 if largest > 127 else largest:g}"
    if largest > 127 and (sample == np.round(sample)).all():
        remedy += ", or pass uint8"
    return (
        f"X is {given.dtype} with values up to {largest:g}. Only uint8 and uint16 are divided by their maximum, and "
        f"nets learn better from values up to 1. Set {remedy}."
    )


def _second_output_layer(layers: Sequence[Layer], target: Target) -> str | None:
    """Return a warning about a linear layer with as many units as the output layer that is added after it."""
    last = layers[-1] if layers else None
    n_outputs = target.n_outputs
    usual = {n_outputs, 2} if n_outputs == 1 and "classes_" in target.attributes else {n_outputs}
    if not isinstance(last, Dense) or last.units not in usual:
        return None
    if last.activation not in (None, "linear", "sigmoid"):
        return None
    return (
        f"layers end with {last!r}, but an output layer with {n_outputs} unit{'s' * (n_outputs != 1)} is added after "
        'it. Remove this layer, or give it an activation such as "relu" if it is meant as a hidden layer.'
    )


def _unused_validation_fraction(estimator: Any, validated: bool) -> str | None:
    """Return a warning about a `validation_fraction` that was set but splits off nothing."""
    fraction = estimator.validation_fraction
    if fraction == VALIDATION_FRACTION or (estimator.early_stopping and not validated):
        return None
    if validated:
        return f"validation_fraction={fraction:g} has no effect, because X_val is the validation set. Leave one out."
    return (
        f"validation_fraction={fraction:g} has no effect without early_stopping=True. Set that, or pass X_val and "
        "y_val to fit."
    )
