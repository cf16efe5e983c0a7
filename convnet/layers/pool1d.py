"""Max and average pooling of signals."""

from convnet.layers.base import register
from convnet.layers.geometry import Window, padding1d, signal_window
from convnet.layers.pool import Pool
from convnet.values.constraints import integer, optional, parameter
from convnet.values.value import immutable


@immutable
class Pool1D(Pool):
    """A layer that pools each channel of a signal over windows.

    Parameters
    ----------
    pool_size : int, default=2
        Length of the window.
    stride : int, default=None
        Step between windows. None means `pool_size`.
    padding : "valid", "same", int or (before, after), default="valid"
        Padding around the input, smaller than the window. Values at the end that do not fill a window are dropped.

    Notes
    -----
    Shapes: (length, c) → (⌊(length + padding - pool_size) / stride⌋ + 1, c). No parameters.
    """

    takes = "signal"

    pool_size: int = parameter(integer(1), default=2, positional=True)
    stride: int | None = parameter(optional(integer(1)), default=None)
    padding: str | int | tuple[int, int] = parameter(padding1d, default="valid")

    def _window(self, shape: tuple[int, ...]) -> Window:
        stride = self.pool_size if self.stride is None else self.stride
        return signal_window(shape, self.pool_size, stride, self.padding)


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
class AvgPool1D(Pool1D):
    """Takes the mean of each window of a signal, channel by channel. Padding is not part of the mean.

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
