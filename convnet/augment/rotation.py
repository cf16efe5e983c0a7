"""Rotation."""

import math

from convnet.augment import fields
from convnet.augment.base import Moving
from convnet.augment.fields import parameter
from convnet.augment.registry import register


@register
class RandomRotation(Moving):
    """Rotation about the image's centre by an angle uniform in ±degrees.

    Parameters
    ----------
    degrees : float
        Largest angle either way, from 0 to 180.
    fill_mode : "nearest", "constant", "reflect" or "wrap", default="nearest"
        See `Moving`.
    """

    degrees: float = parameter(fields.real(0, 180))

    def transform(self, shape, unit):
        return ("rotation", math.radians(self.degrees), 0.0)
