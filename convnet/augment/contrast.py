"""RandomContrast: random changes of contrast."""

from convnet.augment.base import Augmentation, Transform, register
from convnet.values.constraints import number, parameter


@register
class RandomContrast(Augmentation):
    """Multiplies each value's distance from the mean of its channel by a random number, uniform in 1 ± factor.

    Parameters
    ----------
    factor : float
        Largest change, from 0 to 1.

    Notes
    -----
    x + r · factor · (x - mean) with r uniform in (-1, 1). Values are not clipped, so X may have
    any range.

    References
    ----------
    .. [1] F. Chollet et al., Keras, ``keras.layers.RandomContrast``, https://keras.io/api/layers/preprocessing_layers

    Examples
    --------
    >>> from convnet.augment import RandomContrast
    >>> RandomContrast(0.2)
    RandomContrast(0.2)
    """

    factor: float = parameter(number(0, 1))

    def transform(self, shape: tuple[int, ...], unit: float) -> Transform:
        return ("contrast", self.factor, 0.0)
