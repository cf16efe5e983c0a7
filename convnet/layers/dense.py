"""Fully connected layer."""

from convnet.layers import fields
from convnet.layers.base import Layer
from convnet.layers.fields import parameter
from convnet.layers.registry import register


@register
class Dense(Layer):
    """Every output is a weighted sum of all inputs, then an activation; a map is flattened first.

    Parameters
    ----------
    units : int
        Number of outputs.
    activation : str, default=None
        "relu", "leaky_relu", "elu", "gelu", "silu", "sigmoid", "tanh" or None.
    use_bias : bool, default=True
        Whether each unit adds a learned constant.
    name : str, default=None
        See `Layer`.

    Notes
    -----
    Shapes: (h, w, c) or (features,) → (units,). Parameters: weights (features, units) and bias (units,), where a map
    has h · w · c features.

    References
    ----------
    .. [1] D. Rumelhart, G. Hinton and R. Williams, "Learning Representations by Back-Propagating Errors", Nature 323,
           1986. Keras's ``Dense``.

    Examples
    --------
    >>> from convnet.layers import Dense
    >>> Dense(64, activation="relu").output_shape((100,))
    (64,)
    """

    stem = "dense"
    takes = "flat"

    units: int = parameter(fields.integer(1))
    activation: str | None = parameter(fields.activation, None)
    use_bias: bool = parameter(fields.boolean, True)

    def output_shape(self, input_shape):
        return (self.units,)

    def lower(self, builder):
        builder.dense(self.units, activation=self.activation or "linear", use_bias=self.use_bias)
