"""Brightness."""

from convnet.augment import fields
from convnet.augment.base import Augmentation
from convnet.augment.fields import parameter
from convnet.augment.registry import register


@register
class RandomBrightness(Augmentation):
    """One number is added to all values of the image, uniform in ±factor of their range.

    Parameters
    ----------
    factor : float
        Largest change as a share of the range, from 0 to 1. The range is 255 for uint8; for other dtypes it is
        the largest magnitude in the X that the net is first fitted on.

    Notes
    -----
    Nothing is clipped, so that X may be in any unit.

    References
    ----------
    .. [1] F. Chollet et al., Keras, ``keras.layers.RandomBrightness``, https://keras.io/api/layers/preprocessing_layers

    Examples
    --------
    >>> from convnet.augment import RandomBrightness
    >>> RandomBrightness(0.2)
    RandomBrightness(0.2)
    """

    factor: float = parameter(fields.real(0, 1))

    def transform(self, shape: tuple[int, ...], unit: float) -> tuple[str, float, float]:
        return ("brightness", self.factor * unit, 0.0)
