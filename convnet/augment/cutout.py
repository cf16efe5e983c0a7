"""Cutout."""

from convnet.augment import fields
from convnet.augment.base import Augmentation
from convnet.augment.fields import parameter
from convnet.augment.registry import register
from convnet.values.fields import both


@register
class Cutout(Augmentation):
    """A rectangle of zeros around a pixel drawn from all, cut off at the image's edge.

    Parameters
    ----------
    size : int or (height, width)
        Pixels of the rectangle's sides, at most the image's.

    Notes
    -----
    Around pixel (i, j) a size of h × w covers rows i - ⌊h / 2⌋ to i - ⌊h / 2⌋ + h - 1, and columns alike. Zero is
    what the net sees.

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

    size: int | tuple[int, int] = parameter(fields.pair(1))

    def transform(self, shape: tuple[int, ...], unit: float) -> tuple[str, float, float]:
        height, width = both(self.size)
        for pixels, side, name in zip((height, width), shape, ("height", "width"), strict=False):
            if pixels > side:
                raise ValueError(
                    f"size {pixels} is more than the image's {name} of {side}. Use at most {side}."
                )
        return ("cutout", float(height), float(width))
