"""Translation."""

from convnet.augment import fields
from convnet.augment.base import Moving
from convnet.augment.fields import parameter
from convnet.augment.registry import register
from convnet.values.fields import both


@register
class RandomTranslation(Moving):
    """Shift down and right, each by a distance of its own, uniform in ±factor of the side.

    Parameters
    ----------
    factor : float or (vertical, horizontal)
        Largest shift as a share of the image's height and width, from 0 to 1.
    fill_mode : "nearest", "constant", "reflect" or "wrap", default="nearest"
        See `Moving`.
    """

    factor: float | tuple = parameter(fields.real_pair(0, 1))

    def transform(self, shape, unit):
        down, right = both(self.factor)
        return ("shift", down * shape[0], right * shape[1])
