"""Flatten: a map or a signal as flat features."""

from math import prod

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
