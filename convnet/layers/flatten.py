"""A map as one row of features."""

from math import prod

from convnet.layers.base import Layer
from convnet.layers.builder import Builder
from convnet.layers.registry import register


@register
class Flatten(Layer):
    """The values of a map as one row, in the order height, width, channels.

    It is put in where a Dense layer needs it, so that it seldom has to be written.

    Parameters
    ----------
    name : str, default=None
        See `Layer`.

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
