"""Contrast."""

from convnet.augment import fields
from convnet.augment.base import Augmentation
from convnet.augment.fields import parameter
from convnet.augment.registry import register


@register
class RandomContrast(Augmentation):
    """Each value's distance from its channel's mean over the image is multiplied by 1 ± factor, uniformly.

    Parameters
    ----------
    factor : float
        Largest change, from 0 to 1.

    Notes
    -----
    x + r · factor · (x - mean) with r uniform in (-1, 1). Nothing is clipped, so that X may be in any unit.

    References
    ----------
    .. [1] F. Chollet et al., Keras, ``keras.layers.RandomContrast``, https://keras.io/api/layers/preprocessing_layers

    Examples
    --------
    >>> from convnet.augment import RandomContrast
    >>> RandomContrast(0.2)
    RandomContrast(0.2)
    """

    factor: float = parameter(fields.real(0, 1))

    def transform(self, shape: tuple[int, ...], unit: float) -> tuple[str, float, float]:
        return ("contrast", self.factor, 0.0)
