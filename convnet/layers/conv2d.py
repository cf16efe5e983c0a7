"""2-D convolution."""

from convnet.layers import fields
from convnet.layers.base import Layer
from convnet.layers.builder import Builder
from convnet.layers.fields import Padding, parameter
from convnet.layers.geometry import need_groups, need_map, pads2d, slide
from convnet.layers.registry import register
from convnet.layers.weighting import weighting
from convnet.values.fields import both


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
    kernel_initializer : str, default=None
        How the weights start: "he_normal", "he_uniform", "glorot_normal", "glorot_uniform" or "orthogonal". None is
        "he_uniform" before a rectifier ("relu", "leaky_relu", "elu", "gelu", "silu"), else "glorot_uniform".
    l2 : float, default=None
        Penalty of the squared weights in place of the estimator's `alpha`, from 0 to 1000.
    max_norm : float, default=None
        The most that the 2-norm of a filter's weights may be, from 1e-6 to 1e6; None is no bound [3]_.
    name : str, default=None
        See `Layer`.

    Raises
    ------
    ValueError
        When it is built: `filters` is not divisible by `groups`.
    LayerShapeError
        In ``fit``, with the position in the spec: the input is flat, smaller than the kernel, or its channels are not
        divisible by `groups`.

    Notes
    -----
    Shapes: (h, w, c) → (⌊(h + padding - span) / stride⌋ + 1, the same of w, filters), where the span of a kernel of k
    taps is dilation · (k - 1) + 1. Parameters: weights (kernel height, kernel width, c / groups, filters) and bias
    (filters,). The kernel is not flipped.

    References
    ----------
    .. [1] Y. LeCun, L. Bottou, Y. Bengio and P. Haffner, "Gradient-Based Learning Applied to Document Recognition",
           Proceedings of the IEEE 86, 1998. Names and meanings are those of Keras's ``Conv2D``.
    .. [2] A. Lavin and S. Gray, "Fast Algorithms for Convolutional Neural Networks", CVPR 2016,
           https://arxiv.org/abs/1509.09308: what 3×3 kernels of stride 1 run by where that is faster.
    .. [3] How weights start: X. Glorot and Y. Bengio, AISTATS 2010; K. He, X. Zhang, S. Ren and J. Sun, "Delving Deep
           into Rectifiers", ICCV 2015; A. Saxe, J. McClelland and S. Ganguli, ICLR 2014 (orthogonal). Bounds of norms:
           N. Srivastava et al., "Dropout", JMLR 15, 2014.

    Examples
    --------
    >>> from convnet.layers import Conv2D
    >>> Conv2D(16, 3).output_shape((28, 28, 1))
    (26, 26, 16)
    >>> Conv2D(16, 3, stride=2, padding="same").output_shape((27, 28, 1))
    (14, 14, 16)
    """

    stem = "conv"
    takes = "map"

    filters: int = parameter(fields.integer(1))
    kernel_size: int | tuple[int, int] = parameter(fields.pair(1))
    stride: int | tuple[int, int] = parameter(fields.pair(1), default=1)
    padding: str | Padding = parameter(fields.padding, default="valid")
    dilation: int | tuple[int, int] = parameter(fields.pair(1), default=1)
    groups: int = parameter(fields.integer(1), default=1)
    activation: str | None = parameter(fields.activation, default=None)
    use_bias: bool = parameter(fields.boolean, default=True)
    kernel_initializer: str | None = parameter(fields.initializer, default=None)
    l2: float | None = parameter(fields.l2, default=None)
    max_norm: float | None = parameter(fields.max_norm, default=None)

    def check(self) -> None:
        fields.check_groups(self, self.filters, self.groups)

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        need_map(input_shape)
        need_groups(input_shape[2], self.groups)
        kernel, stride, dilation = map(both, (self.kernel_size, self.stride, self.dilation))
        size = slide("kernel", input_shape, kernel, stride, self.padding, dilation)
        return (*size, self.filters)

    def lower(self, builder: Builder) -> None:
        kernel, stride, dilation = map(both, (self.kernel_size, self.stride, self.dilation))
        builder.conv2d(
            self.filters,
            kernel=kernel,
            stride=stride,
            padding=pads2d(self.padding, builder.shape, kernel, stride, dilation),
            dilation=dilation,
            groups=self.groups,
            **weighting(self),
        )
