"""Max and average pooling of maps."""

from convnet.layers.base import register
from convnet.layers.pool import PaddedAverage, Pool2D


@register
class MaxPool2D(Pool2D):
    """Takes the largest value of each window, channel by channel. Padding is never the largest.

    References
    ----------
    .. [1] Y. Boureau, J. Ponce and Y. LeCun, "A Theoretical Analysis of Feature Pooling in Visual Recognition", ICML
           2010. Parameters and sizes follow Keras's ``MaxPooling2D``.

    Examples
    --------
    >>> from convnet.layers import MaxPool2D
    >>> MaxPool2D(2).output_shape((5, 4, 3))
    (2, 2, 3)
    """

    kind = "max"


@register
class AvgPool2D(PaddedAverage, Pool2D):
    """Takes the mean of each window, channel by channel. Padding is not part of the mean unless
    `count_include_pad` is set.

    References
    ----------
    .. [1] Y. LeCun, L. Bottou, Y. Bengio and P. Haffner, "Gradient-Based Learning Applied to Document Recognition",
           Proceedings of the IEEE 86, 1998. Parameters and sizes follow Keras's ``AveragePooling2D``.

    Examples
    --------
    >>> from convnet.layers import AvgPool2D
    >>> AvgPool2D(3, stride=2, padding="same").output_shape((5, 4, 3))
    (3, 2, 3)
    """

    kind = "avg"
