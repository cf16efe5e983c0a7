"""RandomRotation: random rotations."""

import math

from convnet.augment.base import Moving, Transform, register
from convnet.values.constraints import number, parameter


@register
class RandomRotation(Moving):
    """Rotates the image about its center by a random angle, uniform in ±degrees.

    Parameters
    ----------
    degrees : float
        Largest angle in either direction, from 0 to 180.

    Notes
    -----
    A positive angle a rotates counterclockwise. With points given in pixels down and right from the center
    ((h - 1) / 2, (w - 1) / 2), output point (i, j) takes the value of input point
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

    degrees: float = parameter(number(0, 180))

    def transform(self, shape: tuple[int, ...], unit: float) -> Transform:
        return ("rotation", math.radians(self.degrees), 0.0)
