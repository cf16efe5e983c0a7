"""Dropout."""

from convnet.layers import fields
from convnet.layers.base import Layer
from convnet.layers.builder import Builder
from convnet.layers.fields import parameter
from convnet.layers.geometry import need_map
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

    Notes
    -----
    Shapes stay. No parameters. Nothing is dropped in prediction. What is dropped follows from `random_state`, the epoch
    and the row of X, so that it does not depend on the number of threads.

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

    rate: float = parameter(fields.real(0, 0.999))

    def lower(self, builder: Builder) -> None:
        builder.dropout(self.rate)


@register
class SpatialDropout2D(Layer):
    """In training each channel of a map is 0 as a whole with probability `rate`, the others are divided by 1 - rate.

    Parameters
    ----------
    rate : float
        Share of the channels that are dropped, from 0 to 0.999.
    name : str, default=None
        See `Layer`.

    Raises
    ------
    LayerShapeError
        In ``fit``, with the position in the spec: the input is flat.

    Notes
    -----
    Shapes: (h, w, c) stays. No parameters. Nothing is dropped in prediction. What is dropped follows from
    `random_state`, the epoch and the row of X, so that it does not depend on the number of threads.

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

    rate: float = parameter(fields.real(0, 0.999))

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        need_map(input_shape)
        return input_shape

    def lower(self, builder: Builder) -> None:
        builder.dropout(self.rate, whole_channels=True)
