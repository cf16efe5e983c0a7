"""Global max and average pooling: a map or a signal becomes one value per channel."""

from convnet.layers.base import register
from convnet.layers.pool import GlobalPool
from convnet.values.value import immutable


@immutable
class GlobalPool1D(GlobalPool):
    """A layer that pools each channel of a signal over its whole length.

    Notes
    -----
    Shapes: (length, c) → (c,). No parameters.
    """

    takes = "signal"


@immutable
class GlobalPool2D(GlobalPool):
    """A layer that pools each channel of a map over all its pixels.

    Notes
    -----
    Shapes: (h, w, c) → (c,). No parameters.
    """

    takes = "map"


@register
class GlobalAvgPool1D(GlobalPool1D):
    """Takes the mean of each channel of a signal.

    References
    ----------
    .. [1] Keras's ``GlobalAveragePooling1D``. See also `GlobalAvgPool2D`.

    Examples
    --------
    >>> from convnet.layers import GlobalAvgPool1D
    >>> GlobalAvgPool1D().output_shape((9, 64))
    (64,)
    """

    kind = "avg"


@register
class GlobalMaxPool1D(GlobalPool1D):
    """Takes the largest value of each channel of a signal.

    References
    ----------
    .. [1] Keras's ``GlobalMaxPooling1D``. See also `GlobalMaxPool2D`.

    Examples
    --------
    >>> from convnet.layers import GlobalMaxPool1D
    >>> GlobalMaxPool1D().output_shape((9, 64))
    (64,)
    """

    kind = "max"


@register
class GlobalAvgPool2D(GlobalPool2D):
    """Takes the mean of each channel over the whole map.

    References
    ----------
    .. [1] M. Lin, Q. Chen and S. Yan, "Network In Network", ICLR 2014, https://arxiv.org/abs/1312.4400

    Examples
    --------
    >>> from convnet.layers import GlobalAvgPool2D
    >>> GlobalAvgPool2D().output_shape((7, 7, 64))
    (64,)
    """

    kind = "avg"


@register
class GlobalMaxPool2D(GlobalPool2D):
    """Takes the largest value of each channel over the whole map.

    References
    ----------
    .. [1] M. Oquab, L. Bottou, I. Laptev and J. Sivic, "Is Object Localization for Free?", CVPR 2015. Keras's
           ``GlobalMaxPooling2D``.

    Examples
    --------
    >>> from convnet.layers import GlobalMaxPool2D
    >>> GlobalMaxPool2D().output_shape((7, 7, 64))
    (64,)
    """

    kind = "max"
