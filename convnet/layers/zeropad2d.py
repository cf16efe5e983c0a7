"""ZeroPad2D: zeros around a map."""

from convnet.layers.base import Builder, Layer, Pair, register
from convnet.layers.geometry import Padding, require_input, zeros2d
from convnet.values.constraints import both, parameter


@register
class ZeroPad2D(Layer):
    """Adds zeros around a map.

    Convolutions and pools have their own `padding`, which costs nothing. Use this layer where that is not enough, for
    example before a max-pool, whose padding is never the largest value.

    Parameters
    ----------
    padding : int, (vertical, horizontal) or ((top, bottom), (left, right)), default=1
        Number of rows and columns of zeros.

    Raises
    ------
    LayerShapeError
        In ``fit``, with the position in the spec: the input is not a map.

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
    smaller_output = "Set a smaller padding."

    padding: Padding = parameter(zeros2d, default=1, positional=True)

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        require_input(self.takes, input_shape)
        h, w, c = input_shape
        (top, bottom), (left, right) = self._pads()
        return (top + h + bottom, left + w + right, c)

    def lower(self, builder: Builder) -> None:
        shape = self.output_shape(builder.shape)
        if shape != builder.shape:
            builder.emit("ZeroPad2DOp", shape, padding=self._pads())

    def _pads(self) -> tuple[Pair, Pair]:
        axes: tuple[int | Pair, int | Pair] = both(self.padding)
        return both(axes[0]), both(axes[1])
