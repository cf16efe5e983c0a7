"""Cutout: random rectangles of zeros."""

from convnet.augment.base import Augmentation, Transform, register
from convnet.values.constraints import both, integer, pair, parameter


@register
class Cutout(Augmentation):
    """Sets a rectangle around a random pixel to zero; the rectangle is clipped at the edges of the image.

    Parameters
    ----------
    size : int or (height, width)
        Size of the rectangle in pixels, at most that of the image.

    Notes
    -----
    Around pixel (i, j), a rectangle of h × w covers the rows from i - ⌊h / 2⌋ to i - ⌊h / 2⌋ + h - 1, and the columns
    in the same way. The zeros are those of the input of the net, after `rescale`.

    References
    ----------
    .. [1] T. DeVries and G. W. Taylor, "Improved Regularization of Convolutional Neural Networks with Cutout",
           arXiv:1708.04552, 2017.

    Examples
    --------
    >>> from convnet.augment import Cutout
    >>> Cutout((8, 8))
    Cutout(8)
    """

    size: int | tuple[int, int] = parameter(pair(integer(1)))

    def transform(self, shape: tuple[int, ...], unit: float) -> Transform:
        height, width = both(self.size)
        for pixels, side, name in zip((height, width), shape, ("height", "width"), strict=False):
            if pixels > side:
                raise ValueError(
                    f"size {pixels} is larger than the {name} of the image, {side}. Use at most {side}."
                )
        return ("cutout", float(height), float(width))
