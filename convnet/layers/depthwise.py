"""Depthwise and depthwise separable 2-D convolution."""

from typing import Any

from convnet.layers import fields
from convnet.layers.base import Layer
from convnet.layers.builder import Builder
from convnet.layers.conv2d import Conv2D
from convnet.layers.fields import Padding, parameter
from convnet.layers.geometry import need_map, pads2d, slide
from convnet.layers.registry import register
from convnet.layers.weighting import weighting
from convnet.values.fields import both


@register
class DepthwiseConv2D(Layer):
    """Convolution of each channel by itself with kernels of its own, then an activation.

    Parameters
    ----------
    kernel_size : int or (height, width)
        Size of the kernels.
    stride : int or (vertical, horizontal), default=1
        Step between windows.
    padding : "valid", "same", int, (vertical, horizontal) or ((top, bottom), (left, right)), default="valid"
        Zeros around the input. "same" gives ceil(size / stride) outputs, the odd zero last.
    dilation : int or (vertical, horizontal), default=1
        Distance between the taps of a kernel.
    depth_multiplier : int, default=1
        Kernels of each channel.
    activation : str, default=None
        "relu", "leaky_relu", "elu", "gelu", "silu", "sigmoid", "tanh" or None.
    use_bias : bool, default=True
        Whether each output channel adds a learned constant.
    kernel_initializer : str, default=None
        How the weights start: "he_normal", "he_uniform", "glorot_normal", "glorot_uniform" or "orthogonal". None is
        "he_uniform" before a rectifier ("relu", "leaky_relu", "elu", "gelu", "silu"), else "glorot_uniform".
    l2 : float, default=None
        Penalty of the squared weights in place of the estimator's `alpha`, from 0 to 1000.
    max_norm : float, default=None
        The most that the 2-norm of an output channel's weights may be, from 1e-6 to 1e6; None is no bound [2]_.
    name : str, default=None
        See `Layer`.

    Raises
    ------
    LayerShapeError
        In ``fit``, with the position in the spec: the input is flat or smaller than the kernel.

    Notes
    -----
    Shapes: (h, w, c) → (⌊(h + padding - span) / stride⌋ + 1, the same of w, c · depth_multiplier), the span as of
    `Conv2D`. Parameters: weights (kernel height, kernel width, 1, c · depth_multiplier) and bias
    (c · depth_multiplier,); the kernels of a channel lie side by side.

    References
    ----------
    .. [1] L. Sifre, "Rigid-Motion Scattering for Image Classification", PhD thesis, Ecole Polytechnique, 2014. Names
           and meanings are those of Keras's ``DepthwiseConv2D``.
    .. [2] How weights start: X. Glorot and Y. Bengio, AISTATS 2010; K. He, X. Zhang, S. Ren and J. Sun, "Delving Deep
           into Rectifiers", ICCV 2015; A. Saxe, J. McClelland and S. Ganguli, ICLR 2014 (orthogonal). Bounds of norms:
           N. Srivastava et al., "Dropout", JMLR 15, 2014.

    Examples
    --------
    >>> from convnet.layers import DepthwiseConv2D
    >>> DepthwiseConv2D(3, stride=2, padding="same").output_shape((28, 28, 16))
    (14, 14, 16)
    """

    stem = "depthwise"
    takes = "map"

    kernel_size: int | tuple[int, int] = parameter(fields.pair(1))
    stride: int | tuple[int, int] = parameter(fields.pair(1), default=1)
    padding: str | Padding = parameter(fields.padding, default="valid")
    dilation: int | tuple[int, int] = parameter(fields.pair(1), default=1)
    depth_multiplier: int = parameter(fields.integer(1), default=1)
    activation: str | None = parameter(fields.activation, default=None)
    use_bias: bool = parameter(fields.boolean, default=True)
    kernel_initializer: str | None = parameter(fields.initializer, default=None)
    l2: float | None = parameter(fields.l2, default=None)
    max_norm: float | None = parameter(fields.max_norm, default=None)

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        need_map(input_shape)
        kernel, stride, dilation = map(both, (self.kernel_size, self.stride, self.dilation))
        size = slide("kernel", input_shape, kernel, stride, self.padding, dilation)
        return (*size, input_shape[2] * self.depth_multiplier)

    def lower(self, builder: Builder) -> None:
        kernel, stride, dilation = map(both, (self.kernel_size, self.stride, self.dilation))
        channels = builder.shape[2]
        builder.conv2d(
            channels * self.depth_multiplier,
            kernel=kernel,
            stride=stride,
            padding=pads2d(self.padding, builder.shape, kernel, stride, dilation),
            dilation=dilation,
            groups=channels,
            **weighting(self),
        )


@register
class SeparableConv2D(Layer):
    """Convolution of each channel by itself, then one of 1×1 across the channels, and an activation.

    It is a `DepthwiseConv2D` called "depthwise", without bias and activation, and a `Conv2D` called "pointwise": a
    factor of about the kernel's area fewer weights and products than a `Conv2D`.

    Parameters
    ----------
    filters : int
        Channels of the output.
    kernel_size : int or (height, width)
        Size of the depthwise kernels.
    stride : int or (vertical, horizontal), default=1
        Step between their windows.
    padding : "valid", "same", int, (vertical, horizontal) or ((top, bottom), (left, right)), default="valid"
        Zeros around the input. "same" gives ceil(size / stride) outputs, the odd zero last.
    dilation : int or (vertical, horizontal), default=1
        Distance between the taps of a depthwise kernel.
    depth_multiplier : int, default=1
        Depthwise kernels of each channel.
    activation : str, default=None
        "relu", "leaky_relu", "elu", "gelu", "silu", "sigmoid", "tanh" or None.
    use_bias : bool, default=True
        Whether each filter adds a learned constant.
    kernel_initializer : str, default=None
        How the weights start: "he_normal", "he_uniform", "glorot_normal", "glorot_uniform" or "orthogonal". None is
        "he_uniform" before a rectifier ("relu", "leaky_relu", "elu", "gelu", "silu"), else "glorot_uniform".
    l2 : float, default=None
        Penalty of the squared weights in place of the estimator's `alpha`, from 0 to 1000.
    max_norm : float, default=None
        The most that the 2-norm of an output channel's weights may be, from 1e-6 to 1e6; None is no bound [2]_.
    name : str, default=None
        See `Layer`.

    Raises
    ------
    LayerShapeError
        In ``fit``, with the position in the spec: the input is flat or smaller than the kernel.

    Notes
    -----
    Shapes: (h, w, c) → (⌊(h + padding - span) / stride⌋ + 1, the same of w, filters), the span as of `Conv2D`.
    Parameters, as of separable1: "separable1/depthwise/weights" (kernel height, kernel width, 1,
    c · depth_multiplier), "separable1/pointwise/weights" (1, 1, c · depth_multiplier, filters) and
    "separable1/pointwise/bias" (filters,). `kernel_initializer`, `l2` and `max_norm` are those of both weights.

    References
    ----------
    .. [1] F. Chollet, "Xception: Deep Learning with Depthwise Separable Convolutions", CVPR 2017,
           https://arxiv.org/abs/1610.02357. Names and meanings are those of Keras's ``SeparableConv2D``.
    .. [2] How weights start: X. Glorot and Y. Bengio, AISTATS 2010; K. He, X. Zhang, S. Ren and J. Sun, "Delving Deep
           into Rectifiers", ICCV 2015; A. Saxe, J. McClelland and S. Ganguli, ICLR 2014 (orthogonal). Bounds of norms:
           N. Srivastava et al., "Dropout", JMLR 15, 2014.

    Examples
    --------
    >>> from convnet.layers import SeparableConv2D
    >>> SeparableConv2D(32, 3, padding="same").output_shape((28, 28, 16))
    (28, 28, 32)
    """

    stem = "separable"
    takes = "map"

    filters: int = parameter(fields.integer(1))
    kernel_size: int | tuple[int, int] = parameter(fields.pair(1))
    stride: int | tuple[int, int] = parameter(fields.pair(1), default=1)
    padding: str | Padding = parameter(fields.padding, default="valid")
    dilation: int | tuple[int, int] = parameter(fields.pair(1), default=1)
    depth_multiplier: int = parameter(fields.integer(1), default=1)
    activation: str | None = parameter(fields.activation, default=None)
    use_bias: bool = parameter(fields.boolean, default=True)
    kernel_initializer: str | None = parameter(fields.initializer, default=None)
    l2: float | None = parameter(fields.l2, default=None)
    max_norm: float | None = parameter(fields.max_norm, default=None)

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        depthwise, pointwise = self._pair()
        return pointwise.output_shape(depthwise.output_shape(input_shape))

    def lower(self, builder: Builder) -> None:
        depthwise, pointwise = self._pair()
        builder.lower("depthwise", depthwise)
        builder.lower("pointwise", pointwise)

    def _pair(self) -> tuple[DepthwiseConv2D, Conv2D]:
        """Return the two convolutions."""
        learning: dict[str, Any] = dict(
            kernel_initializer=self.kernel_initializer, l2=self.l2, max_norm=self.max_norm
        )
        depthwise = DepthwiseConv2D(
            self.kernel_size,
            self.stride,
            self.padding,
            self.dilation,
            self.depth_multiplier,
            use_bias=False,
            **learning,
        )
        pointwise = Conv2D(
            self.filters, 1, activation=self.activation, use_bias=self.use_bias, **learning
        )
        return depthwise, pointwise
