"""Base classes of convolutions. Each adds fields; all fields are documented here, once.

Dataclasses order the fields of several base classes from the last one to the first, so
``Conv2D(Convolution, Kernel2D)`` has the fields of `Filters`, `Kernel2D`, `Groups` and `WeightedLayer`.
"""

from math import prod
from typing import Any

from convnet.layers.base import Builder, Layer
from convnet.layers.geometry import (
    Padding,
    Window,
    map_size,
    map_window,
    padding1d,
    padding2d,
    require_groups,
    require_input,
    signal_window,
)
from convnet.layers.weighted import WeightedLayer
from convnet.values.constraints import integer, is_integer, pair, parameter
from convnet.values.foreign_names import as_code
from convnet.values.value import immutable


@immutable
class Filters(Layer):
    """A layer that has kernels for each output channel.

    Parameters
    ----------
    filters : int
        Number of output channels.
    """

    filters: int = parameter(integer(1))


@immutable
class Kernel(Layer):
    """A layer with kernels that slide over its input. Parameters after `kernel_size` are given by name."""

    @classmethod
    def _max_positional(cls) -> int:
        return cls.parameter_names().index("kernel_size") + 1

    @classmethod
    def _positional_hint(cls, args: tuple[Any, ...]) -> str:
        first, second, third = map(as_code, (*args, ...)[:3])
        if cls._max_positional() == 1 or not is_integer(args[2]):
            return super()._positional_hint(args)
        name = cls.__name__
        return (
            f" If these are PyTorch's (input channels, output channels, kernel size), write {name}({second}, {third}). "
            f"If {third} is a stride, write {name}({first}, {second}, stride={third})."
        )

    def _window(self, shape: tuple[int, ...]) -> Window:
        raise NotImplementedError

    def _convolve(self, builder: Builder, filters: int, groups: int) -> None:
        """Emit the convolution, without the activation."""
        window, channels = self._window(builder.shape), builder.shape[-1]
        (top, bottom), (left, right) = window.padding
        height, width = map_size(builder.shape)
        padded = (height + top + bottom) * (width + left + right)
        builder.check_size("padded input", padded * channels)
        kernel = window.size[3 - len(builder.shape) :]  # one axis for signals
        taps = prod(kernel)
        parameters = builder.weights(
            self,
            (*kernel, channels // groups, filters),
            fans=(taps * channels // groups, taps * filters // groups),
        )
        builder.emit(
            "Conv2DOp",
            self.output_shape(builder.shape),
            parameters,
            kernel=window.size,
            stride=window.stride,
            padding=window.padding,
            dilation=window.dilation,
            groups=groups,
            allow_winograd=builder.winograd,
        )


@immutable
class Kernel1D(Kernel):
    """A layer with kernels that slide along a signal.

    Parameters
    ----------
    kernel_size : int
        Length of the kernels.
    stride : int, default=1
        Step between windows.
    padding : "valid", "same", int or (before, after), default="valid"
        Zeros around the input. "same" gives ceil(length / stride) outputs; an odd zero goes last. For a causal
        convolution, whose outputs depend on earlier inputs alone, use ``(dilation * (kernel_size - 1), 0)``.
    dilation : int, default=1
        Distance between the inputs that neighboring weights of a kernel multiply.
    """

    takes = "signal"

    kernel_size: int = parameter(integer(1))
    stride: int = parameter(integer(1), default=1)
    padding: str | int | tuple[int, int] = parameter(padding1d, default="valid")
    dilation: int = parameter(integer(1), default=1)

    def _window(self, shape: tuple[int, ...]) -> Window:
        return signal_window(shape, self.kernel_size, self.stride, self.padding, self.dilation)


@immutable
class Kernel2D(Kernel):
    """A layer with kernels that slide over a map.

    Parameters
    ----------
    kernel_size : int or (height, width)
        Size of the kernels.
    stride : int or (vertical, horizontal), default=1
        Step between windows.
    padding : "valid", "same", int, (vertical, horizontal) or ((top, bottom), (left, right)), default="valid"
        Zeros around the input. "same" gives ceil(size / stride) outputs; an odd zero goes last.
    dilation : int or (vertical, horizontal), default=1
        Distance between the pixels that neighboring weights of a kernel multiply.
    """

    takes = "map"

    kernel_size: int | tuple[int, int] = parameter(pair(integer(1)))
    stride: int | tuple[int, int] = parameter(pair(integer(1)), default=1)
    padding: str | Padding = parameter(padding2d, default="valid")
    dilation: int | tuple[int, int] = parameter(pair(integer(1)), default=1)

    def _window(self, shape: tuple[int, ...]) -> Window:
        return map_window(shape, self.kernel_size, self.stride, self.padding, self.dilation)


@immutable
class Groups(Layer):
    """A layer whose channels can be divided into groups.

    Parameters
    ----------
    groups : int, default=1
        Number of groups that the input channels and the filters are divided into. Each filter sees the channels of
        its own group. As many groups as input channels make the convolution depthwise.
    """

    groups: int = parameter(integer(1), default=1)


@immutable
class Convolution(WeightedLayer, Groups, Kernel, Filters):
    """A convolution with kernels that see all channels of their group.

    Parameters
    ----------
    filters : int
        Number of kernels, which is the number of output channels. Must be divisible by `groups`.
    """

    stem = "conv"

    def check(self) -> None:
        if self.filters % self.groups:
            raise ValueError(
                f"{type(self).__name__}: filters must be divisible by groups; "
                f"got {self.filters} and {self.groups}"
            )

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        require_input(self.takes, input_shape)
        require_groups(input_shape[-1], self.groups)
        return (*self._window(input_shape).output_shape("kernel", input_shape), self.filters)

    def lower(self, builder: Builder) -> None:
        self._convolve(builder, self.filters, self.groups)
        builder.activation(self.activation)


@immutable
class DepthwiseKernel(Kernel2D):
    """A layer that convolves each channel on its own.

    Parameters
    ----------
    depth_multiplier : int, default=1
        Number of depthwise kernels, and so of outputs, per input channel.

    Raises
    ------
    LayerShapeError
        In ``fit``, with the position in the spec: the input is not a map or is smaller than the kernel.
    """

    depth_multiplier: int = parameter(integer(1), default=1)
