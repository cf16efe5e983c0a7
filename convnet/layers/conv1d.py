"""1-D convolution."""

from convnet.layers.base import register
from convnet.layers.convolution import Convolution, Kernel1D


@register
class Conv1D(Convolution, Kernel1D):
    """Convolves a signal with learned kernels (cross-correlation), then applies an activation.

    Raises
    ------
    ValueError
        When the layer is built: `filters` is not divisible by `groups`.
    LayerShapeError
        In ``fit``, with the position in the spec: the input is not a signal, is shorter than the kernel, or its
        channels are not divisible by `groups`.

    Notes
    -----
    Shapes: (length, c) → (⌊(length + padding - span) / stride⌋ + 1, filters). A kernel of size k has the span
    dilation · (k - 1) + 1. Parameters: weights (kernel_size, c / groups, filters) and bias (filters,). The kernel is
    not flipped.

    References
    ----------
    .. [1] A. Waibel, T. Hanazawa, G. Hinton, K. Shikano and K. Lang, "Phoneme Recognition Using Time-Delay Neural
           Networks", IEEE Transactions on Acoustics, Speech and Signal Processing 37, 1989. Parameters follow
           Keras's ``Conv1D``.

    Examples
    --------
    >>> from convnet.layers import Conv1D
    >>> Conv1D(16, 5, stride=2, padding="same").output_shape((101, 3))
    (51, 16)
    """
