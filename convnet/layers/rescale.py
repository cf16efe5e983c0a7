"""Rescale: each value times a constant, plus a constant."""

from convnet.layers.base import Builder, Layer, register
from convnet.values.constraints import number, parameter

MAX_CONSTANT = 1e9  # of either constant, in magnitude


@register
class Rescale(Layer):
    """Multiplies each value by `scale` and adds `offset`. By default, pixels of 0 to 255 become 0 to 1.

    A saved net with this layer takes raw images. In such a net, ``rescale="auto"`` does not change X, because uint8
    would otherwise be divided twice.

    Parameters
    ----------
    scale : float, default=0.00392156862745098
        Factor, from -1e9 to 1e9 and not 0. The default is 1/255.
    offset : float, default=0.0
        Constant added after the multiplication, from -1e9 to 1e9. ``Rescale(1 / 127.5, offset=-1)`` maps 0 to 255 to
        -1 to 1.

    Raises
    ------
    ValueError
        When the layer is built: `scale` is 0, or one of the two is out of its range.

    Notes
    -----
    The shape does not change. No parameters. y = scale · x + offset. As the first layer it costs almost nothing,
    because it is computed while X is converted to float32.

    References
    ----------
    .. [1] Keras's ``Rescaling``: https://keras.io/api/layers/preprocessing_layers/image_preprocessing/rescaling

    Examples
    --------
    >>> from convnet.layers import Rescale
    >>> Rescale().output_shape((28, 28, 1))
    (28, 28, 1)
    """

    stem = "rescale"

    scale: float = parameter(number(-MAX_CONSTANT, MAX_CONSTANT), default=1 / 255, positional=True)
    offset: float = parameter(number(-MAX_CONSTANT, MAX_CONSTANT), default=0.0)

    def check(self) -> None:
        if self.scale == 0:
            raise ValueError("Rescale: scale must not be 0, which would make all values equal")

    def lower(self, builder: Builder) -> None:
        if (self.scale, self.offset) != (1.0, 0.0):
            builder.emit("AffineOp", scale=self.scale, offset=self.offset)
