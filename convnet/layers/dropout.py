"""Dropout."""

from convnet.layers import fields
from convnet.layers.base import Layer
from convnet.layers.fields import parameter
from convnet.layers.registry import register


@register
class Dropout(Layer):
    """In training each value is 0 with probability `rate`, the others are divided by 1 - rate.

    Parameters
    ----------
    rate : float
        Share of the values that are dropped, from 0 to 0.999.
    name : str, default=None
        See `Layer`.
    """

    stem = "dropout"

    rate: float = parameter(fields.real(0, 0.999))

    def lower(self, builder):
        builder.dropout(self.rate)
