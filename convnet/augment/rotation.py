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
        What lies outside of the image: see `Augmentation`.

    Notes
    -----
    A positive angle turns counter-clockwise as seen, so that the value of output point (i, j), in pixels down and
    right from the centre ((h - 1) / 2, (w - 1) / 2), is that of input point
    (i cos a + j sin a, -i sin a + j cos a).

    References
    ----------
    .. [1] F. Chollet et al., Keras, ``keras.layers.RandomRotation``, https://keras.io/api/layers/preprocessing_layers

    Examples
    --------
    >>> from convnet.augment import RandomRotation
    >>> RandomRotation(15).replace(fill_mode="reflect")
    RandomRotation(15.0, fill_mode='reflect')
    """

    degrees: float = parameter(fields.real(0, 180))

    def transform(self, shape: tuple[int, ...], unit: float) -> tuple[str, float, float]:
        return ("rotation", math.radians(self.degrees), 0.0)
