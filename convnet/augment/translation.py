"""RandomTranslation: random shifts."""

from convnet.augment.base import Moving, Transform, register
from convnet.values.constraints import both, number, pair, parameter


@register
class RandomTranslation(Moving):
    """Shifts the image vertically and horizontally by random distances, uniform in ±factor of the side.

    Parameters
    ----------
    factor : float or (vertical, horizontal)
        Largest shift as a share of the height and the width of the image, from 0 to 1.

    Notes
    -----
    In an image of h × w with factors (v, u), output pixel (i, j) takes the value of input point
    (i - r v h, j - r' u w), where r and r' are uniform in (-1, 1).

    References
    ----------
    .. [1] F. Chollet et al., Keras, ``keras.layers.RandomTranslation``, https://keras.io/api/layers/preprocessing_layers

    Examples
    --------
    >>> from convnet.augment import RandomTranslation
    >>> RandomTranslation((0.1, 0.2))
    RandomTranslation((0.1, 0.2))
    """

    factor: float | tuple[float, float] = parameter(pair(number(0, 1)))

    def transform(self, shape: tuple[int, ...], unit: float) -> Transform:
        down, right = both(self.factor)
        return ("shift", down * shape[0], right * shape[1])
