"""Depthwise 2-D convolution."""

from convnet.layers.base import Builder, register
from convnet.layers.convolution import DepthwiseKernel
from convnet.layers.geometry import require_input
from convnet.layers.weighted import WeightedLayer


@register
class DepthwiseConv2D(WeightedLayer, DepthwiseKernel):
    """Convolves each channel of a map with its own kernels, then applies an activation.

    Notes
    -----
    Shapes: (h, w, c) → (⌊(h + padding - span) / stride⌋ + 1, the same for w, c · depth_multiplier), with the span as
    for `Conv2D`. Parameters: weights (kernel height, kernel width, 1, c · depth_multiplier) and bias
    (c · depth_multiplier,). The kernels of a channel are adjacent.

    References
    ----------
    .. [1] L. Sifre, "Rigid-Motion Scattering for Image Classification", PhD thesis, Ecole Polytechnique, 2014.
           Parameters follow Keras's ``DepthwiseConv2D``.

    Examples
    --------
    >>> from convnet.layers import DepthwiseConv2D
    >>> DepthwiseConv2D(3, stride=2, padding="same").output_shape((28, 28, 16))
    (14, 14, 16)
    """

    stem = "depthwise"

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        require_input(self.takes, input_shape)
        size = self._window(input_shape).output_shape("kernel", input_shape)
        return (*size, input_shape[2] * self.depth_multiplier)

    def lower(self, builder: Builder) -> None:
        channels = builder.shape[2]
        self._convolve(builder, channels * self.depth_multiplier, channels)
        builder.activation(self.activation)
