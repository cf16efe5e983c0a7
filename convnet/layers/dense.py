"""Fully connected layer."""

from convnet.layers.base import Builder, Layer, register
from convnet.layers.weighted import WeightedLayer
from convnet.values.constraints import integer, parameter
from convnet.values.value import immutable


@immutable
class Units(Layer):
    """A layer with a given number of outputs.

    Parameters
    ----------
    units : int
        Number of outputs.
    """

    units: int = parameter(integer(1))


@register
class Dense(WeightedLayer, Units):
    """Computes each output as a weighted sum of all inputs, then applies an activation; maps are flattened first.

    Notes
    -----
    Shapes: (h, w, c) or (features,) → (units,). Parameters: weights (features, units) and bias (units,). A map has
    h · w · c features.

    References
    ----------
    .. [1] D. Rumelhart, G. Hinton and R. Williams, "Learning Representations by Back-Propagating Errors", Nature 323,
           1986. Parameters follow Keras's ``Dense``.

    Examples
    --------
    >>> from convnet.layers import Dense
    >>> Dense(64, activation="relu").output_shape((100,))
    (64,)
    """

    stem = "dense"
    takes = "flat"

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        return (self.units,)

    def lower(self, builder: Builder) -> None:
        (inputs,) = builder.shape
        parameters = builder.weights(self, (inputs, self.units), fans=(inputs, self.units))
        builder.emit("DenseOp", (self.units,), parameters)
        builder.activation(self.activation)
