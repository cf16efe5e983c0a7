"""2-D convolution."""

from convnet.layers import fields
from convnet.layers.base import Layer
from convnet.layers.fields import parameter
from convnet.layers.geometry import LayerShapeError, both, need_map, pads2d, slide
from convnet.layers.registry import register


@register
class Conv2D(Layer):
    """Convolution of a map with learned kernels (cross-correlation), then an activation.

    Parameters
    ----------
    filters : int
        Number of kernels, the channels of the output. Must be divisible by `groups`.
    kernel_size : int or (height, width)
        Size of the kernels.
    stride : int or (vertical, horizontal), default=1
        Step between windows.
    padding : "valid", "same", int, (vertical, horizontal) or ((top, bottom), (left, right)), default="valid"
        Zeros around the input. "same" gives ceil(size / stride) outputs, the odd zero last.
    dilation : int or (vertical, horizontal), default=1
        Distance between the taps of a kernel.
    groups : int, default=1
        The channels are cut into so many groups that do not see one another; as many as there are
        channels makes it depthwise.
    activation : str, default=None
        "relu", "leaky_relu", "elu", "gelu", "silu", "sigmoid", "tanh" or None.
    use_bias : bool, default=True
        Whether each filter adds a learned constant.
    name : str, default=None
        See `Layer`.
    """

    stem = "conv"
    takes = "map"

    filters: int = parameter(fields.integer(1))
    kernel_size: int | tuple = parameter(fields.pair(1))
    stride: int | tuple = parameter(fields.pair(1), 1)
    padding: str | int | tuple = parameter(fields.padding, "valid")
    dilation: int | tuple = parameter(fields.pair(1), 1)
    groups: int = parameter(fields.integer(1), 1)
    activation: str | None = parameter(fields.activation, None)
    use_bias: bool = parameter(fields.boolean, True)

    def check(self):
        if self.filters % self.groups:
            raise ValueError(
                f"Conv2D: filters must be divisible by groups; got {self.filters} and {self.groups}"
            )

    def output_shape(self, input_shape):
        need_map(input_shape)
        channels = input_shape[2]
        if channels % self.groups:
            raise LayerShapeError(
                f"its {channels} input channels cannot be cut into {self.groups} groups",
                f"Set groups to a divisor of {channels}.",
            )
        kernel, stride, dilation = map(both, (self.kernel_size, self.stride, self.dilation))
        size = slide("kernel", input_shape, kernel, stride, self.padding, dilation)
        return (*size, self.filters)

    def lower(self, builder):
        kernel, stride, dilation = map(both, (self.kernel_size, self.stride, self.dilation))
        builder.conv2d(
            self.filters,
            kernel=kernel,
            stride=stride,
            padding=pads2d(self.padding, builder.shape, kernel, stride, dilation),
            dilation=dilation,
            groups=self.groups,
            activation=self.activation or "linear",
            use_bias=self.use_bias,
        )
