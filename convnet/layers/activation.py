"""Activations as layers of their own."""

from convnet.layers import fields
from convnet.layers.base import Layer
from convnet.layers.fields import parameter
from convnet.layers.registry import register


@register
class Activation(Layer):
    """A function applied to each value.

    Parameters
    ----------
    activation : str
        "relu", "leaky_relu", "elu", "gelu", "silu", "sigmoid", "tanh" or "linear".
    name : str, default=None
        See `Layer`.
    """

    stem = "activation"

    activation: str | None = parameter(fields.activation)

    def lower(self, builder):
        builder.activation(self.activation or "linear")


@register
class ReLU(Layer):
    """max(x, 0): the same as ``Activation("relu")``.

    Parameters
    ----------
    name : str, default=None
        See `Layer`.
    """

    stem = "activation"

    def lower(self, builder):
        builder.activation("relu")
