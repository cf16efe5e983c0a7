"""Dropout."""

from convnet.layers.base import Builder, Layer, register
from convnet.layers.geometry import require_input
from convnet.values.constraints import number, parameter


@register
class Dropout(Layer):
    """Sets values to 0 with probability `rate` in training, and divides the others by 1 - rate.

    Parameters
    ----------
    rate : float
        Probability that a value is dropped, from 0 to 0.999.

    Notes
    -----
    The shape does not change. No parameters. Prediction drops nothing. The dropped values depend on `random_state`, the
    epoch and the row of X, and not on the number of threads.

    References
    ----------
    .. [1] N. Srivastava, G. Hinton, A. Krizhevsky, I. Sutskever and R. Salakhutdinov, "Dropout: A Simple Way to Prevent
           Neural Networks from Overfitting", JMLR 15, 2014.

    Examples
    --------
    >>> from convnet.layers import Dropout
    >>> Dropout(0.5).output_shape((5, 5, 32))
    (5, 5, 32)
    """

    stem = "dropout"

    rate: float = parameter(number(0, 0.999))

    def lower(self, builder: Builder) -> None:
        if self.rate > 0.0:
            builder.emit("DropoutOp", rate=self.rate, key=len(builder.ops) + 1)


@register
class SpatialDropout2D(Layer):
    """Sets whole channels to 0 with probability `rate` in training, and divides the others by 1 - rate.

    Parameters
    ----------
    rate : float
        Probability that a channel is dropped, from 0 to 0.999.

    Raises
    ------
    LayerShapeError
        In ``fit``, with the position in the spec: the input is not a map.

    Notes
    -----
    The shape (h, w, c) does not change. No parameters. Prediction drops nothing. The dropped channels depend on
    `random_state`, the epoch and the row of X, and not on the number of threads.

    References
    ----------
    .. [1] J. Tompson, R. Goroshin, A. Jain, Y. LeCun and C. Bregler, "Efficient Object Localization Using Convolutional
           Networks", CVPR 2015, https://arxiv.org/abs/1411.4280. Keras's ``SpatialDropout2D``.

    Examples
    --------
    >>> from convnet.layers import SpatialDropout2D
    >>> SpatialDropout2D(0.2).output_shape((5, 5, 32))
    (5, 5, 32)
    """

    stem = "dropout"
    takes = "map"

    rate: float = parameter(number(0, 0.999))

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        require_input(self.takes, input_shape)
        return input_shape

    def lower(self, builder: Builder) -> None:
        if self.rate > 0.0:
            key = len(builder.ops) + 1
            builder.emit("DropoutOp", rate=self.rate, key=key, unit="channel")
