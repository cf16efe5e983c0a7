"""Zeros around a map."""

from convnet.layers import fields
from convnet.layers.base import Layer
from convnet.layers.builder import Builder
from convnet.layers.fields import Padding, parameter
from convnet.layers.geometry import need_map, pads2d
from convnet.layers.registry import register


@register
class ZeroPad2D(Layer):
    """The map with zeros around it.

    Convolutions and pools have a `padding` of their own, which costs nothing; this layer is for zeros that a padding
    cannot make, as before a max-pool, whose padding never wins.

    Parameters
    ----------
    padding : int, (vertical, horizontal) or ((top, bottom), (left, right)), default=1
        Rows and columns of zeros.
    name : str, default=None
        See `Layer`.

    Raises
    ------
    LayerShapeError
        In ``fit``, with the position in the spec: the input is flat.

    Notes
    -----
    Shapes: (h, w, c) → (top + h + bottom, left + w + right, c). No parameters.

    References
    ----------
    .. [1] Keras's ``ZeroPadding2D``: https://keras.io/api/layers/reshaping_layers/zero_padding2d

    Examples
    --------
    >>> from convnet.layers import ZeroPad2D
    >>> ZeroPad2D(((0, 1), (2, 2))).output_shape((5, 4, 3))
    (6, 8, 3)
    """

    stem = "zeropad"
    takes = "map"

    padding: Padding = parameter(fields.zeros, default=1, positional=True)

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        need_map(input_shape)
        h, w, c = input_shape
        (top, bottom), (left, right) = self._pads()
        return (top + h + bottom, left + w + right, c)

    def lower(self, builder: Builder) -> None:
        builder.zero_pad2d(self._pads())

    def _pads(self) -> tuple[tuple[int, int], tuple[int, int]]:
        return pads2d(self.padding, (1, 1), (1, 1), (1, 1))
