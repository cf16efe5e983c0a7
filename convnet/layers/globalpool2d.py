"""Global max and average pooling: a map to one value a channel."""

from typing import ClassVar

from convnet.layers.base import Layer
from convnet.layers.builder import Builder
from convnet.layers.geometry import need_map
from convnet.layers.registry import register
from convnet.values.value import immutable


@immutable
class _GlobalPool2D(Layer):
    stem = "globalpool"
    takes = "map"
    kind: ClassVar[str]

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        need_map(input_shape)
        return (input_shape[2],)

    def lower(self, builder: Builder) -> None:
        builder.global_pool2d(self.kind)


@register
class GlobalAvgPool2D(_GlobalPool2D):
    """Mean of each channel over the whole map.

    Parameters
    ----------
    name : str, default=None
        See `Layer`.

    Raises
    ------
    LayerShapeError
        In ``fit``, with the position in the spec: the input is flat.

    Notes
    -----
    Shapes: (h, w, c) → (c,). No parameters.

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
class GlobalMaxPool2D(_GlobalPool2D):
    """Largest value of each channel over the whole map.

    Parameters
    ----------
    name : str, default=None
        See `Layer`.

    Raises
    ------
    LayerShapeError
        In ``fit``, with the position in the spec: the input is flat.

    Notes
    -----
    Shapes: (h, w, c) → (c,). No parameters.

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
