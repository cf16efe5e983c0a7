"""Max and average pooling of signals."""

from convnet.layers.base import register
from convnet.layers.pool import PaddedAverage, Pool1D


@register
class MaxPool1D(Pool1D):
    """Takes the largest value of each window of a signal, channel by channel. Padding is never the largest.

    References
    ----------
    .. [1] Parameters and sizes follow Keras's ``MaxPooling1D``. See also `MaxPool2D`.

    Examples
    --------
    >>> from convnet.layers import MaxPool1D
    >>> MaxPool1D(3, stride=2, padding="same").output_shape((9, 4))
    (5, 4)
    """

    kind = "max"


@register
class AvgPool1D(PaddedAverage, Pool1D):
    """Takes the mean of each window of a signal, channel by channel. Padding is not part of the mean unless
    `count_include_pad` is set.

    References
    ----------
    .. [1] Parameters and sizes follow Keras's ``AveragePooling1D``. See also `AvgPool2D`.

    Examples
    --------
    >>> from convnet.layers import AvgPool1D
    >>> AvgPool1D(3, stride=2, padding="same").output_shape((9, 4))
    (5, 4)
    """

    kind = "avg"
