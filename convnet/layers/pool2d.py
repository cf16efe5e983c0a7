"""Max and average pooling of maps."""

from convnet.layers.base import register
from convnet.layers.geometry import Padding, Window, map_window, padding2d
from convnet.layers.pool import Pool
from convnet.values.constraints import integer, optional, pair, parameter
from convnet.values.value import immutable


@immutable
class Pool2D(Pool):
    """A layer that pools each channel of a map over windows.

    Parameters
    ----------
    pool_size : int or (height, width), default=2
        Size of the window.
    stride : int or (vertical, horizontal), default=None
        Step between windows. None means `pool_size`.
    padding : "valid", "same", int, (vertical, horizontal) or ((top, bottom), (left, right)), default="valid"
        Padding around the input, smaller than the window. Pixels at the edge that do not fill a window are dropped.

    Notes
    -----
    Shapes: (h, w, c) → (⌊(h + padding - size) / stride⌋ + 1, the same for w, c). No parameters.
    """

    takes = "map"

    pool_size: int | tuple[int, int] = parameter(pair(integer(1)), default=2, positional=True)
    stride: int | tuple[int, int] | None = parameter(optional(pair(integer(1))), default=None)
    padding: str | Padding = parameter(padding2d, default="valid")

    def _window(self, shape: tuple[int, ...]) -> Window:
        stride = self.pool_size if self.stride is None else self.stride
        return map_window(shape, self.pool_size, stride, self.padding)


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
class AvgPool2D(Pool2D):
    """Takes the mean of each window, channel by channel. Padding is not part of the mean.

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
