"""Local response normalization."""

from convnet.layers.base import Builder, Layer, register
from convnet.values.constraints import integer, number, parameter


@register
class LRN(Layer):
    """Divides each value by a power of the mean square of the channels around it, as AlexNet and GoogLeNet do.

    Parameters
    ----------
    size : int, default=5
        Number of adjacent channels in a window. An even window reaches one channel further back than forward.
    alpha : float, default=1e-4
        Factor of the mean square, from 0 to 1e6.
    beta : float, default=0.75
        Exponent, from 0 to 10.
    k : float, default=1.0
        Constant added to the mean square, from 1e-6 to 1e6.

    Notes
    -----
    The shape does not change. No parameters. The last axis holds the channels.
    y = x / (k + alpha / size · Σ x²)^beta, the sum being over the channels of the window at the same pixel. Channels
    that do not exist count as 0. The formula of [1]_ and TensorFlow's ``local_response_normalization`` do not divide
    alpha: multiply theirs by `size`.

    References
    ----------
    .. [1] A. Krizhevsky, I. Sutskever and G. Hinton, "ImageNet Classification with Deep Convolutional Neural Networks",
           NeurIPS 2012. Parameters follow PyTorch's ``LocalResponseNorm``.

    Examples
    --------
    >>> from convnet.layers import LRN
    >>> LRN(5).output_shape((27, 27, 96))
    (27, 27, 96)
    """

    stem = "lrn"

    size: int = parameter(integer(1), default=5, positional=True)
    alpha: float = parameter(number(0, 1e6), default=1e-4)
    beta: float = parameter(number(0, 10), default=0.75)
    k: float = parameter(number(1e-6, 1e6), default=1.0)

    def lower(self, builder: Builder) -> None:
        builder.emit("LRNOp", size=self.size, alpha=self.alpha, beta=self.beta, k=self.k)
