"""Depthwise separable 2-D convolution."""

from typing import Any

from convnet.layers.base import Builder, register
from convnet.layers.conv2d import Conv2D
from convnet.layers.convolution import DepthwiseKernel, Filters
from convnet.layers.depthwise import DepthwiseConv2D
from convnet.layers.weighted import WeightedLayer


@register
class SeparableConv2D(WeightedLayer, DepthwiseKernel, Filters):
    """Convolves each channel on its own, then combines the channels by a 1×1 convolution with an activation.

    It consists of a `DepthwiseConv2D` named "depthwise", without bias and activation, and a `Conv2D` named
    "pointwise". Compared with a `Conv2D`, it needs fewer weights and multiplications, by a factor of about the area
    of the kernel.

    Notes
    -----
    Shapes: (h, w, c) → (⌊(h + padding - span) / stride⌋ + 1, the same for w, filters), with the span as for `Conv2D`.
    Parameters of a layer named separable1: "separable1/depthwise/weights" (kernel height, kernel width, 1,
    c · depth_multiplier), "separable1/pointwise/weights" (1, 1, c · depth_multiplier, filters) and
    "separable1/pointwise/bias" (filters,). `kernel_initializer`, `l2` and `max_norm` apply to both weights.

    References
    ----------
    .. [1] F. Chollet, "Xception: Deep Learning with Depthwise Separable Convolutions", CVPR 2017,
           https://arxiv.org/abs/1610.02357. Parameters follow Keras's ``SeparableConv2D``.

    Examples
    --------
    >>> from convnet.layers import SeparableConv2D
    >>> SeparableConv2D(32, 3, padding="same").output_shape((28, 28, 16))
    (28, 28, 32)
    """

    stem = "separable"

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        depthwise, pointwise = self._convolutions()
        return pointwise.output_shape(depthwise.output_shape(input_shape))

    def lower(self, builder: Builder) -> None:
        depthwise, pointwise = self._convolutions()
        builder.lower("depthwise", depthwise)
        builder.lower("pointwise", pointwise)

    def _convolutions(self) -> tuple[DepthwiseConv2D, Conv2D]:
        shared: dict[str, Any] = dict(
            kernel_initializer=self.kernel_initializer, l2=self.l2, max_norm=self.max_norm
        )
        depthwise = DepthwiseConv2D(
            self.kernel_size,
            stride=self.stride,
            padding=self.padding,
            dilation=self.dilation,
            depth_multiplier=self.depth_multiplier,
            use_bias=False,
            **shared,
        )
        pointwise = Conv2D(
            self.filters, 1, activation=self.activation, use_bias=self.use_bias, **shared
        )
        return depthwise, pointwise
