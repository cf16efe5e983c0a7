"""Base classes of pooling layers: over windows, and over the whole input."""

from dataclasses import replace
from typing import ClassVar

from convnet.layers.base import Builder, Layer
from convnet.layers.geometry import (
    Padding,
    Window,
    map_size,
    map_window,
    padding1d,
    padding2d,
    require_input,
    signal_window,
)
from convnet.values.constraints import boolean, integer, optional, pair, parameter
from convnet.values.value import immutable


@immutable
class Pool(Layer):
    """A layer that pools each channel over windows.

    Raises
    ------
    ValueError
        When the layer is built: the padding is not smaller than the window.
    LayerShapeError
        In ``fit``, with the position in the spec: the input has the wrong number of axes or is smaller than the
        window.
    """

    stem = "pool"
    kind: ClassVar[str]  # "max" or "avg"

    def check(self) -> None:
        window = self._window((1, 1, 1))
        if any(max(pad) >= size for size, pad in zip(window.size, window.padding, strict=True)):
            params = self.get_params()  # a window could see padding only
            raise ValueError(
                f"{type(self).__name__}: padding must be smaller than pool_size; "
                f"got {params['padding']} and {params['pool_size']}"
            )

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        require_input(self.takes, input_shape)
        window = self._window(input_shape)
        return (*window.output_shape("window", input_shape), input_shape[-1])

    def lower(self, builder: Builder) -> None:
        window = self._window(builder.shape)
        builder.emit(
            "Pool2DOp",
            self.output_shape(builder.shape),
            pooling=self.kind,
            size=window.size,
            stride=window.stride,
            padding=window.padding,
            count_include_pad=self._counts_padding(),
        )

    def _window(self, shape: tuple[int, ...]) -> Window:
        raise NotImplementedError

    def _counts_padding(self) -> bool:
        """Return whether padding counts as zeros in an average."""
        return False


@immutable
class PaddedAverage(Layer):
    """A layer that averages windows.

    Parameters
    ----------
    count_include_pad : bool, default=False
        Whether the padding counts as zeros in the average. False divides by the number of values in the window, as
        Keras does; True is the default of PyTorch. What `ceil_mode` cuts off never counts.
    """

    count_include_pad: bool = parameter(boolean, default=False)

    def _counts_padding(self) -> bool:
        return self.count_include_pad


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
    ceil_mode : bool, default=False
        Whether to keep them: the last window is cut at the end of the padded input. It has to begin in the input or in
        the padding before it, as in PyTorch.

    Notes
    -----
    Shapes: (length, c) → (⌊(length + padding - pool_size) / stride⌋ + 1, c); ⌈ ⌉ with `ceil_mode`. No parameters.
    """

    takes = "signal"

    pool_size: int = parameter(integer(1), default=2, positional=True)
    stride: int | None = parameter(optional(integer(1)), default=None)
    padding: str | int | tuple[int, int] = parameter(padding1d, default="valid")
    ceil_mode: bool = parameter(boolean, default=False)

    def _window(self, shape: tuple[int, ...]) -> Window:
        stride = self.pool_size if self.stride is None else self.stride
        window = signal_window(shape, self.pool_size, stride, self.padding)
        return replace(window, ceil_mode=self.ceil_mode)


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
    ceil_mode : bool, default=False
        Whether to keep them: windows are cut at the edges of the padded input. Each has to begin in the input or in
        the padding before it, as in PyTorch.

    Notes
    -----
    Shapes: (h, w, c) → (⌊(h + padding - size) / stride⌋ + 1, the same for w, c); ⌈ ⌉ with `ceil_mode`. No parameters.
    """

    takes = "map"

    pool_size: int | tuple[int, int] = parameter(pair(integer(1)), default=2, positional=True)
    stride: int | tuple[int, int] | None = parameter(optional(pair(integer(1))), default=None)
    padding: str | Padding = parameter(padding2d, default="valid")
    ceil_mode: bool = parameter(boolean, default=False)

    def _window(self, shape: tuple[int, ...]) -> Window:
        stride = self.pool_size if self.stride is None else self.stride
        window = map_window(shape, self.pool_size, stride, self.padding)
        return replace(window, ceil_mode=self.ceil_mode)


@immutable
class GlobalPool(Layer):
    """A layer that pools each channel over the whole input.

    Raises
    ------
    LayerShapeError
        In ``fit``, with the position in the spec: the input has the wrong number of axes.
    """

    stem = "globalpool"
    kind: ClassVar[str]  # "max" or "avg"

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        require_input(self.takes, input_shape)
        return input_shape[-1:]

    def lower(self, builder: Builder) -> None:
        size = map_size(builder.shape)
        builder.emit(
            "Pool2DOp",
            self.output_shape(builder.shape),
            pooling=self.kind,
            size=size,
            stride=size,
            padding=((0, 0), (0, 0)),
        )
