"""RandomBrightness: random changes of brightness."""

from convnet.augment.base import Augmentation, Transform, register
from convnet.values.constraints import number, parameter


@register
class RandomBrightness(Augmentation):
    """Adds one random number to all values of the image, uniform in ±factor of their range.

    Parameters
    ----------
    factor : float
        Largest change as a share of the range, from 0 to 1. The range is 255 for uint8. For other dtypes it is
        the largest magnitude in the X of the first fit.

    Notes
    -----
    Values are not clipped, so X may have any range.

    References
    ----------
    .. [1] F. Chollet et al., Keras, ``keras.layers.RandomBrightness``, https://keras.io/api/layers/preprocessing_layers

    Examples
    --------
    >>> from convnet.augment import RandomBrightness
    >>> RandomBrightness(0.2)
    RandomBrightness(0.2)
    """

    factor: float = parameter(number(0, 1))

    def transform(self, shape: tuple[int, ...], unit: float) -> Transform:
        return ("brightness", self.factor * unit, 0.0)
