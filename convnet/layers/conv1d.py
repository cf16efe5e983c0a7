"""1-D convolution."""

from convnet.layers import fields
from convnet.layers.base import Layer
from convnet.layers.builder import Builder
from convnet.layers.fields import parameter
from convnet.layers.geometry import need_groups, need_signal, pads, slide1d
from convnet.layers.registry import register
from convnet.layers.weighting import weighting


@register
class Conv1D(Layer):
    """Convolution of a signal with learned kernels (cross-correlation), then an activation.

    Parameters
    ----------
    filters : int
        Number of kernels, the channels of the output. Must be divisible by `groups`.
    kernel_size : int
        Length of the kernels.
    stride : int, default=1
        Step between windows.
    padding : "valid", "same", int or (before, after), default="valid"
        Zeros around the input. "same" gives ceil(length / stride) outputs, the odd zero last;
        ``(dilation * (kernel_size - 1), 0)`` lets no output see what comes after it.
    dilation : int, default=1
        Distance between the taps of a kernel.
    groups : int, default=1
        The channels are cut into so many groups that do not see one another.
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
        The most that the 2-norm of a filter's weights may be, from 1e-6 to 1e6; None is no bound [2]_.
    name : str, default=None
        See `Layer`.

    Raises
    ------
    ValueError
        When it is built: `filters` is not divisible by `groups`.
    LayerShapeError
        In ``fit``, with the position in the spec: the input is no signal, shorter than the kernel, or its channels are
        not divisible by `groups`.

    Notes
    -----
    Shapes: (length, c) → (⌊(length + padding - span) / stride⌋ + 1, filters), where the span of a kernel of k taps is
    dilation · (k - 1) + 1. Parameters: weights (kernel_size, c / groups, filters) and bias (filters,). The kernel is
    not flipped.

    References
    ----------
    .. [1] A. Waibel, T. Hanazawa, G. Hinton, K. Shikano and K. Lang, "Phoneme Recognition Using Time-Delay Neural
           Networks", IEEE Transactions on Acoustics, Speech and Signal Processing 37, 1989. Names and meanings are
           those of Keras's ``Conv1D``.
    .. [2] How weights start: X. Glorot and Y. Bengio, AISTATS 2010; K. He, X. Zhang, S. Ren and J. Sun, "Delving Deep
           into Rectifiers", ICCV 2015; A. Saxe, J. McClelland and S. Ganguli, ICLR 2014 (orthogonal). Bounds of norms:
           N. Srivastava et al., "Dropout", JMLR 15, 2014.

    Examples
    --------
    >>> from convnet.layers import Conv1D
    >>> Conv1D(16, 5, stride=2, padding="same").output_shape((101, 3))
    (51, 16)
    """

    stem = "conv"
    takes = "signal"

    filters: int = parameter(fields.integer(1))
    kernel_size: int = parameter(fields.integer(1))
    stride: int = parameter(fields.integer(1), default=1)
    padding: str | int | tuple[int, int] = parameter(fields.padding1d, default="valid")
    dilation: int = parameter(fields.integer(1), default=1)
    groups: int = parameter(fields.integer(1), default=1)
    activation: str | None = parameter(fields.activation, default=None)
    use_bias: bool = parameter(fields.boolean, default=True)
    kernel_initializer: str | None = parameter(fields.initializer, default=None)
    l2: float | None = parameter(fields.l2, default=None)
    max_norm: float | None = parameter(fields.max_norm, default=None)

    def check(self) -> None:
        fields.check_groups(self, self.filters, self.groups)

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        need_signal(input_shape)
        length, channels = input_shape
        need_groups(channels, self.groups)
        window = (self.kernel_size, self.stride, self.padding, self.dilation)
        return (slide1d("kernel", length, *window), self.filters)

    def lower(self, builder: Builder) -> None:
        kernel, stride, dilation = self.kernel_size, self.stride, self.dilation
        around = pads(self.padding, builder.shape[0], kernel, stride, dilation)
        builder.conv2d(
            self.filters,
            kernel=(1, kernel),
            stride=(1, stride),
            padding=((0, 0), around),
            dilation=(1, dilation),
            groups=self.groups,
            **weighting(self),
        )
