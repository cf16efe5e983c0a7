"""UpSample2D and UpSample1D: maps and signals enlarged by whole factors."""

from convnet.layers.base import Builder, Layer, register
from convnet.layers.geometry import require_input
from convnet.values.constraints import both, choice, integer, pair, parameter


@register
class UpSample2D(Layer):
    """Enlarges a map by whole factors, such as between the convolutions of a decoder.

    Parameters
    ----------
    size : int or (vertical, horizontal), default=2
        Factors of height and width.
    interpolation : {"nearest", "bilinear"}, default="nearest"
        "nearest" repeats each pixel. "bilinear" interpolates between the two pixels of each axis around the center of
        an output pixel.

    Raises
    ------
    LayerShapeError
        In ``fit``, with the position in the spec: the input is not a map.

    Notes
    -----
    Shapes: (h, w, c) → (vertical · h, horizontal · w, c). No parameters. The pixels are those of `Resize`, with
    half-pixel centers: PyTorch's ``Upsample`` with ``align_corners=False``.

    References
    ----------
    .. [1] Keras's ``UpSampling2D``: https://keras.io/api/layers/reshaping_layers/up_sampling2d

    Examples
    --------
    >>> from convnet.layers import UpSample2D
    >>> UpSample2D((2, 3)).output_shape((5, 4, 16))
    (10, 12, 16)
    """

    stem = "upsample"
    takes = "map"
    smaller_output = "Set a smaller size."

    size: int | tuple[int, int] = parameter(pair(integer(1)), default=2, positional=True)
    interpolation: str = parameter(choice("nearest", "bilinear"), default="nearest")

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        require_input(self.takes, input_shape)
        (h, w, c), (vertical, horizontal) = input_shape, both(self.size)
        return (vertical * h, horizontal * w, c)

    def lower(self, builder: Builder) -> None:
        shape = self.output_shape(builder.shape)
        if shape != builder.shape:
            builder.emit("ResizeOp", shape, methods=(self.interpolation, self.interpolation))


@register
class UpSample1D(Layer):
    """Enlarges a signal by a whole factor.

    Parameters
    ----------
    size : int, default=2
        Factor of the length.
    interpolation : {"nearest", "linear"}, default="nearest"
        "nearest" repeats each position. "linear" interpolates between the two positions around the center of an output
        position.

    Raises
    ------
    LayerShapeError
        In ``fit``, with the position in the spec: the input is not a signal.

    Notes
    -----
    Shapes: (length, c) → (size · length, c). No parameters. See also `UpSample2D`.

    References
    ----------
    .. [1] Keras's ``UpSampling1D``: https://keras.io/api/layers/reshaping_layers/up_sampling1d

    Examples
    --------
    >>> from convnet.layers import UpSample1D
    >>> UpSample1D(3).output_shape((5, 4))
    (15, 4)
    """

    stem = "upsample"
    takes = "signal"
    smaller_output = "Set a smaller size."

    size: int = parameter(integer(1), default=2, positional=True)
    interpolation: str = parameter(choice("nearest", "linear"), default="nearest")

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        require_input(self.takes, input_shape)
        return (self.size * input_shape[0], input_shape[1])

    def lower(self, builder: Builder) -> None:
        shape = self.output_shape(builder.shape)
        if shape != builder.shape:
            method = "nearest" if self.interpolation == "nearest" else "bilinear"
            builder.emit("ResizeOp", shape, methods=("nearest", method))
