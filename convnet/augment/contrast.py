"""Contrast."""

from convnet.augment import fields
from convnet.augment.base import Augmentation
from convnet.augment.fields import parameter
from convnet.augment.registry import register


@register
class RandomContrast(Augmentation):
    """Each channel's distance from its mean over the image is multiplied by 1 ± factor, uniformly.

    Values are not clipped: the net sees what a larger range would have held.

    Parameters
    ----------
    factor : float
        Largest change, from 0 to 1.
    """

    factor: float = parameter(fields.real(0, 1))

    def transform(self, shape, unit):
        return ("contrast", self.factor, 0.0)
