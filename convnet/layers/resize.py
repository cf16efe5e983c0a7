"""Maps of another size."""

from convnet.engine import RESIZING
from convnet.layers import fields
from convnet.layers.base import Layer
from convnet.layers.builder import Builder
from convnet.layers.fields import parameter
from convnet.layers.geometry import need_map
from convnet.layers.registry import register
from convnet.values.fields import both


@register
class Resize(Layer):
    """The map in another size, so that a net takes images larger or smaller than those it computes on.

    Parameters
    ----------
    size : int or (height, width)
        Of the output, in pixels.
    method : {"auto", "area", "bilinear", "nearest"}, default="auto"
        What a pixel is made of, for each axis: "area", the mean of what it covers; "bilinear", the two pixels around
        its centre; "nearest", the pixel that its centre lies in. "auto" is "area" along an axis that shrinks
        and "bilinear" along one that grows.
    name : str, default=None
        See `Layer`.

    Raises
    ------
    LayerShapeError
        In ``fit``, with the position in the spec: the input is flat or a signal.

    Notes
    -----
    Shapes: (h, w, c) → (height, width, c). No parameters. Pixel i of m that n become covers n / m of them from i n / m
    on; its centre lies at (i + 1/2) n / m - 1/2, held within the first and the last pixel (half-pixel centres). The
    axes are independent, and one that stays as it is leaves the values as they are. "bilinear" along an axis that
    shrinks skips pixels, as Keras's ``Resizing`` does.

    As the first layer it reads X row by row: images of a net's whole batch are held in their new size alone, which
    is why it should stand before `Rescale` and `Normalize`. Random changes of `augment` come before all layers: they
    are made to images of X's size, by the pixels of which `RandomCrop` and `Cutout` count.

    References
    ----------
    .. [1] G. Wolberg, "Digital Image Warping", IEEE Computer Society Press, 1990, on area sampling. Centres are those
           of Keras's ``Resizing``.

    Examples
    --------
    >>> from convnet.layers import Resize
    >>> Resize(150).output_shape((500, 375, 3))
    (150, 150, 3)
    """

    stem = "resize"
    takes = "map"

    size: int | tuple[int, int] = parameter(fields.pair(1))
    method: str = parameter(fields.choice("auto", *RESIZING), default="auto")

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        need_map(input_shape)
        return (*both(self.size), input_shape[2])

    def lower(self, builder: Builder) -> None:
        sizes = zip(builder.shape, both(self.size), strict=False)
        auto = ("area" if old > new else "bilinear" for old, new in sizes)
        rows, columns = auto if self.method == "auto" else both(self.method)
        builder.resize(both(self.size), methods=(rows, columns))
