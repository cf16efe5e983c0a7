"""Values times a constant."""

from convnet.layers import fields
from convnet.layers.base import Layer
from convnet.layers.builder import Builder
from convnet.layers.fields import parameter
from convnet.layers.registry import register

LARGEST = 1e9  # of either constant


@register
class Rescale(Layer):
    """Each value times `scale`, plus `offset`: pixels of 0 to 255 become 0 to 1, so that a saved net takes raw images.

    In a net with this layer ``rescale="auto"`` leaves X as it is; otherwise uint8 would be divided twice.

    Parameters
    ----------
    scale : float, default=0.00392156862745098
        Factor, from -1e9 to 1e9 and not 0; by default 1/255.
    offset : float, default=0.0
        Summand, from -1e9 to 1e9. ``Rescale(1 / 127.5, offset=-1)`` makes -1 to 1 of 0 to 255.
    name : str, default=None
        See `Layer`.

    Raises
    ------
    ValueError
        When it is built: `scale` is 0, or one of the two is out of its range.

    Notes
    -----
    Shapes stay. No parameters. y = scale · x + offset. As the first layer it costs next to nothing: it is computed
    while the values of X are converted.

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

    scale: float = parameter(fields.real(-LARGEST, LARGEST), default=1 / 255, positional=True)
    offset: float = parameter(fields.real(-LARGEST, LARGEST), default=0.0)

    def check(self) -> None:
        if self.scale == 0:
            raise ValueError("Rescale: scale must not be 0: nothing would be left of X")

    def lower(self, builder: Builder) -> None:
        builder.rescale(self.scale, self.offset)
