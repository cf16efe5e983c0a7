"""Cutout."""

from convnet.augment import fields
from convnet.augment.base import Augmentation
from convnet.augment.fields import parameter
from convnet.augment.registry import register
from convnet.values.fields import both


@register
class Cutout(Augmentation):
    """A rectangle of zeros around a pixel drawn from all, cut off at the image's edge (DeVries and Taylor, 2017).

    Parameters
    ----------
    size : int or (height, width)
        Pixels of the rectangle's sides, at most the image's. Zero is what the net sees.
    """

    size: int | tuple = parameter(fields.pair(1))

    def transform(self, shape, unit):
        size = both(self.size)
        for pixels, side, name in zip(size, shape, ("height", "width"), strict=False):
            if pixels > side:
                raise ValueError(
                    f"size {pixels} is more than the image's {name} of {side}. Use at most {side}."
                )
        return ("cutout", *map(float, size))
