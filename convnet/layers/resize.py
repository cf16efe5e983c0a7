"""Resize: maps resized to a fixed size."""

from convnet.engine import RESIZING
from convnet.layers.base import Builder, Layer, register
from convnet.layers.geometry import require_input
from convnet.values.constraints import both, choice, integer, is_integer, pair, parameter

_method = choice("auto", *RESIZING).with_hint(
    lambda value: " Write Resize((height, width))." * is_integer(value)
)


@register
class Resize(Layer):
    """Resizes a map, so that a net takes images larger or smaller than those it computes on.

    Parameters
    ----------
    size : int or (height, width)
        Size of the output, in pixels.
    method : {"auto", "area", "bilinear", "nearest"}, default="auto"
        How an output pixel is computed along each axis: "area" takes the mean of the input that it covers, "bilinear"
        interpolates between the two pixels around its center, "nearest" takes the pixel that its center lies in.
        "auto" is "area" along an axis that shrinks and "bilinear" along an axis that grows.

    Raises
    ------
    LayerShapeError
        In ``fit``, with the position in the spec: the input is not a map.

    Notes
    -----
    Shapes: (h, w, c) → (height, width, c). No parameters. When an axis of n pixels becomes one of m, output pixel i
    covers the input from i n / m to (i + 1) n / m. Its center is (i + 1/2) n / m - 1/2, clipped to the first and the
    last pixel (half-pixel centers). The axes are independent. An axis that keeps its size keeps its values. "bilinear"
    skips pixels along an axis that shrinks, as Keras's ``Resizing`` does.

    As the first layer it reads X row by row, and a batch is stored in its new size only. So put it before `Rescale`
    and `Normalize`. The random changes of `augment` come before all layers: `RandomCrop` and `Cutout` count the pixels
    of X.

    References
    ----------
    .. [1] G. Wolberg, "Digital Image Warping", IEEE Computer Society Press, 1990, on area sampling. Centers follow
           Keras's ``Resizing``.

    Examples
    --------
    >>> from convnet.layers import Resize
    >>> Resize(150).output_shape((500, 375, 3))
    (150, 150, 3)
    """

    stem = "resize"
    takes = "map"
    smaller_output = "Set a smaller size."

    size: int | tuple[int, int] = parameter(pair(integer(1)))
    method: str = parameter(_method, default="auto")

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        require_input(self.takes, input_shape)
        return (*both(self.size), input_shape[2])

    def lower(self, builder: Builder) -> None:
        sizes = zip(builder.shape, both(self.size), strict=False)
        auto = ("area" if old > new else "bilinear" for old, new in sizes)
        rows, columns = auto if self.method == "auto" else both(self.method)
        shape = self.output_shape(builder.shape)
        if shape != builder.shape:
            builder.emit("ResizeOp", shape, methods=(rows, columns))
