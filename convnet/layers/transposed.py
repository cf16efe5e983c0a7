"""Transposed convolutions."""

from collections.abc import Sequence

from convnet.layers.base import Builder, Pair, register
from convnet.layers.convolution import Filters, Kernel, Kernel1D, Kernel2D
from convnet.layers.geometry import LayerShapeError, cross, require_input, span, transposed_crop
from convnet.layers.weighted import WeightedLayer
from convnet.values.constraints import both, integer, optional, pair, parameter
from convnet.values.value import immutable


@immutable
class Transposed(Kernel):
    """A layer with kernels that slide over its output."""

    def _windows(self) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
        """Return kernel size, stride and dilation of each axis."""
        raise NotImplementedError

    def _crops(self, shape: tuple[int, ...]) -> Sequence[tuple[int, int, int]]:
        """Return for each axis what is cut off before and after the output, and its size."""
        raise NotImplementedError


@immutable
class TransposedConvolution(WeightedLayer, Transposed, Filters):
    """A transposed convolution with kernels that see all channels.

    Raises
    ------
    ValueError
        When the layer is built: `output_padding` is not smaller than the stride or the dilation.
    LayerShapeError
        In ``fit``, with the position in the spec: the input has the wrong number of axes, or the padding leaves nothing
        of the output.
    """

    stem = "convtranspose"
    smaller_output = "Set a smaller stride, kernel_size or dilation, or fewer filters."

    def check(self) -> None:
        params = self.get_params()
        extra = params["output_padding"]
        limits = map(max, both(params["stride"]), both(params["dilation"]))
        if extra is not None and any(a >= b for a, b in zip(both(extra), limits, strict=True)):
            raise ValueError(
                f"{type(self).__name__}: output_padding must be smaller than stride or dilation; got "
                f"{extra}, {params['stride']} and {params['dilation']}"
            )

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        require_input(self.takes, input_shape)
        sizes = tuple(size for _, _, size in self._crops(input_shape))
        if min(sizes) < 1:
            raise LayerShapeError(
                f"its padding leaves nothing of the output of its {cross(input_shape[:-1])} input",
                "Set a smaller padding.",
            )
        return (*sizes, self.filters)

    def lower(self, builder: Builder) -> None:
        shape = self.output_shape(builder.shape)
        channels, kernel, stride, dilation = builder.shape[-1], *self._windows()
        one = 2 - len(kernel)  # axes of size 1 of a signal
        crops = ((0, 0), (0, 0))[:one] + tuple(crop[:2] for crop in self._crops(builder.shape))
        taps = kernel[-1] * (kernel[0] if len(kernel) == 2 else 1)
        steps = stride[-1] * (stride[0] if len(stride) == 2 else 1)
        padded = channels
        for n, k, s, d in zip(builder.shape, kernel, stride, dilation, strict=False):
            padded *= n + 2 * (span(k, d) // s + 1)
        builder.check_size("padded input", padded)
        parameters = builder.weights(
            self,
            (*kernel, self.filters, channels),
            fans=(max(1, taps * channels // steps), taps * self.filters),
            unit_axis=-2,
        )
        ones = (1,) * one
        builder.emit(
            "Conv2DTransposeOp",
            shape,
            parameters,
            kernel=(*ones, *kernel),
            stride=(*ones, *stride),
            padding=crops,
            dilation=(*ones, *dilation),
        )
        builder.activation(self.activation)


@immutable
class Transposed1D(Kernel1D, Transposed):
    """A layer with kernels that slide along its output, a signal.

    Parameters
    ----------
    stride : int, default=1
        Step between the windows of neighboring inputs: the factor by which the output is longer.
    padding : "valid", "same", int or (before, after), default="valid"
        What is cut off the output. "same" gives length · stride outputs; if an odd number is cut off, one more goes
        last. "valid" gives at least as many.
    dilation : int, default=1
        Distance between the outputs that neighboring weights of a kernel add to.
    output_padding : int, default=None
        Outputs added at the end, less than the stride or the dilation. None adds those that "valid" and "same" need,
        as in Keras, and none with a number as padding, as in PyTorch.
    """

    output_padding: int | None = parameter(optional(integer(0)), default=None)

    def _windows(self) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
        return (self.kernel_size,), (self.stride,), (self.dilation,)

    def _crops(self, shape: tuple[int, ...]) -> Sequence[tuple[int, int, int]]:
        window = self.kernel_size, self.stride, self.dilation
        return [transposed_crop(shape[0], *window, self.padding, self.output_padding)]


@immutable
class Transposed2D(Kernel2D, Transposed):
    """A layer with kernels that slide over its output, a map.

    Parameters
    ----------
    stride : int or (vertical, horizontal), default=1
        Step between the windows of neighboring inputs: the factor by which the output is larger.
    padding : "valid", "same", int, (vertical, horizontal) or ((top, bottom), (left, right)), default="valid"
        What is cut off the output. "same" gives size · stride pixels; if an odd number is cut off, one more goes last.
        "valid" gives at least as many.
    dilation : int or (vertical, horizontal), default=1
        Distance between the pixels that neighboring weights of a kernel add to.
    output_padding : int or (vertical, horizontal), default=None
        Rows and columns added at the end, fewer than the stride or the dilation. None adds those that "valid" and
        "same" need, as in Keras, and none with numbers as padding, as in PyTorch.
    """

    output_padding: int | tuple[int, int] | None = parameter(
        optional(pair(integer(0))), default=None
    )

    def _windows(self) -> tuple[Pair, Pair, Pair]:
        return both(self.kernel_size), both(self.stride), both(self.dilation)

    def _crops(self, shape: tuple[int, ...]) -> Sequence[tuple[int, int, int]]:
        padding = self.padding if isinstance(self.padding, tuple) else (self.padding, self.padding)
        extra = both(self.output_padding)
        return list(map(transposed_crop, shape[:2], *self._windows(), padding, extra))


@register
class Conv2DTranspose(TransposedConvolution, Transposed2D):
    """Spreads each pixel of a map over the output with learned kernels, then applies an activation.

    It is the adjoint of a convolution with the same kernel, stride and padding: it maps in the opposite direction. With
    a stride it enlarges maps, as in decoders and generators.

    Notes
    -----
    Shapes: (h, w, c) → ((h - 1) · stride + span - padding + output_padding, the same for w, filters); (h · stride,
    w · stride, filters) with "same". A kernel of size k has the span dilation · (k - 1) + 1. Parameters: weights
    (kernel height, kernel width, filters, c), as in Keras, and bias (filters,). Pixel i adds weights[r] times its
    values to pixel i · stride + r · dilation - padding of the output.

    References
    ----------
    .. [1] V. Dumoulin and F. Visin, "A Guide to Convolution Arithmetic for Deep Learning", 2016,
           https://arxiv.org/abs/1603.07285. Parameters follow Keras's ``Conv2DTranspose`` and PyTorch's
           ``ConvTranspose2d``.

    Examples
    --------
    >>> from convnet.layers import Conv2DTranspose
    >>> Conv2DTranspose(16, 3, stride=2, padding="same").output_shape((14, 14, 32))
    (28, 28, 16)
    >>> Conv2DTranspose(16, 4, stride=2, padding=1).output_shape((14, 14, 32))
    (28, 28, 16)
    """


@register
class Conv1DTranspose(TransposedConvolution, Transposed1D):
    """Spreads each position of a signal over the output with learned kernels, then applies an activation.

    Notes
    -----
    Shapes: (length, c) → ((length - 1) · stride + span - padding + output_padding, filters); (length · stride, filters)
    with "same". Parameters: weights (kernel_size, filters, c) and bias (filters,). See also `Conv2DTranspose`.

    References
    ----------
    .. [1] Parameters follow Keras's ``Conv1DTranspose`` and PyTorch's ``ConvTranspose1d``.

    Examples
    --------
    >>> from convnet.layers import Conv1DTranspose
    >>> Conv1DTranspose(16, 3, stride=2, padding="same").output_shape((50, 4))
    (100, 16)
    """
