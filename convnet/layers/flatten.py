"""Flatten: a map or a signal as flat features, and the order of the features in libraries with other axes."""

from collections.abc import Sequence
from math import prod

import numpy as np
from numpy.typing import NDArray

from convnet.layers.base import Builder, Layer, register


@register
class Flatten(Layer):
    """Makes the values of a map one row, in the order height, width, channels.

    A net inserts it before a `Dense` layer where it is needed, so you rarely have to write it.

    Notes
    -----
    Shapes: (h, w, c) → (h · w · c,). No parameters.

    References
    ----------
    .. [1] Keras's ``Flatten``.

    Examples
    --------
    >>> from convnet.layers import Flatten
    >>> Flatten().output_shape((5, 5, 4))
    (100,)
    """

    stem = "flatten"

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        return (prod(input_shape),)

    def lower(self, builder: Builder) -> None:
        builder.flatten()


def flattened_order(shape: Sequence[int], axes: Sequence[int]) -> NDArray[np.intp]:
    """Return where the values of a flattened map are, if its axes had another order when it was flattened.

    Parameters
    ----------
    shape : sequence of int
        (height, width, channels) or (length, channels).
    axes : sequence of int
        The axes of `shape` in the other order, without those of size 1 that are left out: (2, 0, 1) is channels,
        height, width.

    Returns
    -------
    order : ndarray of int
        ``features_here = features_there[order]``.
    """
    indices = np.arange(prod(shape)).reshape([shape[axis] for axis in axes])
    return np.transpose(indices, np.argsort(axes)).ravel()
