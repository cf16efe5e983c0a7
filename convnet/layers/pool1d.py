"""Max and average pooling of signals: over windows, and over the whole length."""

from typing import ClassVar

from convnet.layers import fields
from convnet.layers.base import Layer
from convnet.layers.builder import Builder
from convnet.layers.fields import parameter
from convnet.layers.geometry import need_signal, pads, slide1d
from convnet.layers.registry import register
from convnet.values.fields import both
from convnet.values.value import immutable


@immutable
class _Pool1D(Layer):
    stem = "pool"
    takes = "signal"
    kind: ClassVar[str]

    pool_size: int = parameter(fields.integer(1), default=2, positional=True)
    stride: int | None = parameter(fields.optional(fields.integer(1)), default=None)
    padding: str | int | tuple[int, int] = parameter(fields.padding1d, default="valid")

    def check(self) -> None:
        if not isinstance(self.padding, str) and max(both(self.padding)) >= self.pool_size:
            raise ValueError(
                f"{type(self).__name__}: padding must be smaller than pool_size; "
                f"got {self.padding} and {self.pool_size}"
            )

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        need_signal(input_shape)
        length, channels = input_shape
        return (slide1d("window", length, self.pool_size, self._step(), self.padding), channels)

    def lower(self, builder: Builder) -> None:
        size, stride = self.pool_size, self._step()
        around = pads(self.padding, builder.shape[0], size, stride)
        builder.pool2d(self.kind, size=(1, size), stride=(1, stride), padding=((0, 0), around))

    def _step(self) -> int:
        return self.pool_size if self.stride is None else self.stride


@immutable
class _GlobalPool1D(Layer):
    stem = "globalpool"
    takes = "signal"
    kind: ClassVar[str]

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        need_signal(input_shape)
        return input_shape[1:]

    def lower(self, builder: Builder) -> None:
        builder.global_pool2d(self.kind)


@register
class MaxPool1D(_Pool1D):
    """Largest value of each window of a signal, channel by channel; padding never wins.

    Parameters
    ----------
    pool_size : int, default=2
        Length of the window.
    stride : int, default=None
        Step between windows; None is `pool_size`.
    padding : "valid", "same", int or (before, after), default="valid"
        Padding around the input, less than the window. Values that fill no window are dropped.
    name : str, default=None
        See `Layer`.

    Raises
    ------
    ValueError
        When it is built: a window could lie in the padding alone.
    LayerShapeError
        In ``fit``, with the position in the spec: the input is no signal, or shorter than the window.

    Notes
    -----
    Shapes: (length, c) → (⌊(length + padding - pool_size) / stride⌋ + 1, c). No parameters.

    References
    ----------
    .. [1] Names and sizes are those of Keras's ``MaxPooling1D``. Otherwise as `MaxPool2D`.

    Examples
    --------
    >>> from convnet.layers import MaxPool1D
    >>> MaxPool1D(3, stride=2, padding="same").output_shape((9, 4))
    (5, 4)
    """

    kind = "max"


@register
class AvgPool1D(_Pool1D):
    """Mean of each window of a signal, channel by channel; padding is left out of the mean.

    Parameters
    ----------
    pool_size : int, default=2
        Length of the window.
    stride : int, default=None
        Step between windows; None is `pool_size`.
    padding : "valid", "same", int or (before, after), default="valid"
        Padding around the input, less than the window. Values that fill no window are dropped.
    name : str, default=None
        See `Layer`.

    Raises
    ------
    ValueError
        When it is built: a window could lie in the padding alone.
    LayerShapeError
        In ``fit``, with the position in the spec: the input is no signal, or shorter than the window.

    Notes
    -----
    Shapes: (length, c) → (⌊(length + padding - pool_size) / stride⌋ + 1, c). No parameters.

    References
    ----------
    .. [1] Names and sizes are those of Keras's ``AveragePooling1D``. Otherwise as `AvgPool2D`.

    Examples
    --------
    >>> from convnet.layers import AvgPool1D
    >>> AvgPool1D(3, stride=2, padding="same").output_shape((9, 4))
    (5, 4)
    """

    kind = "avg"


@register
class GlobalAvgPool1D(_GlobalPool1D):
    """Mean of each channel of a signal.

    Parameters
    ----------
    name : str, default=None
        See `Layer`.

    Raises
    ------
    LayerShapeError
        In ``fit``, with the position in the spec: the input is no signal.

    Notes
    -----
    Shapes: (length, c) → (c,). No parameters.

    References
    ----------
    .. [1] Keras's ``GlobalAveragePooling1D``. Otherwise as `GlobalAvgPool2D`.

    Examples
    --------
    >>> from convnet.layers import GlobalAvgPool1D
    >>> GlobalAvgPool1D().output_shape((9, 64))
    (64,)
    """

    kind = "avg"


@register
class GlobalMaxPool1D(_GlobalPool1D):
    """Largest value of each channel of a signal.

    Parameters
    ----------
    name : str, default=None
        See `Layer`.

    Raises
    ------
    LayerShapeError
        In ``fit``, with the position in the spec: the input is no signal.

    Notes
    -----
    Shapes: (length, c) → (c,). No parameters.

    References
    ----------
    .. [1] Keras's ``GlobalMaxPooling1D``. Otherwise as `GlobalMaxPool2D`.

    Examples
    --------
    >>> from convnet.layers import GlobalMaxPool1D
    >>> GlobalMaxPool1D().output_shape((9, 64))
    (64,)
    """

    kind = "max"
