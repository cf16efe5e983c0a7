"""2-D convolution."""

from convnet.layers.base import register
from convnet.layers.convolution import Convolution, Kernel2D


@register
class Conv2D(Convolution, Kernel2D):
    """Convolves a map with learned kernels (cross-correlation), then applies an activation.

    Raises
    ------
    ValueError
        When the layer is built: `filters` is not divisible by `groups`.
    LayerShapeError
        In ``fit``, with the position in the spec: the input is not a map, is smaller than the kernel, or its channels
        are not divisible by `groups`.

    Notes
    -----
    Shapes: (h, w, c) → (⌊(h + padding - span) / stride⌋ + 1, the same for w, filters). A kernel of size k has the span
    dilation · (k - 1) + 1. Parameters: weights (kernel height, kernel width, c / groups, filters) and bias
    (filters,). The kernel is not flipped.

    References
    ----------
    .. [1] Y. LeCun, L. Bottou, Y. Bengio and P. Haffner, "Gradient-Based Learning Applied to Document Recognition",
           Proceedings of the IEEE 86, 1998. Parameters follow Keras's ``Conv2D``.
    .. [2] A. Lavin and S. Gray, "Fast Algorithms for Convolutional Neural Networks", CVPR 2016,
           https://arxiv.org/abs/1509.09308: the algorithm for 3×3 kernels of stride 1, where it is faster.

    Examples
    --------
    >>> from convnet.layers import Conv2D
    >>> Conv2D(16, 3).output_shape((28, 28, 1))
    (26, 26, 16)
    >>> Conv2D(16, 3, stride=2, padding="same").output_shape((27, 28, 1))
    (14, 14, 16)
    """
