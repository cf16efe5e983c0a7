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
        What lies outside of the image: see `Augmentation`.

    Notes
    -----
    Output pixel (i, j) is input point (i - r v h, j - r' u w) with r and r' uniform in (-1, 1), factors v and u and an
    image of h × w.

    References
    ----------
    .. [1] F. Chollet et al., Keras, ``keras.layers.RandomTranslation``, https://keras.io/api/layers/preprocessing_layers

    Examples
    --------
    >>> from convnet.augment import RandomTranslation
    >>> RandomTranslation((0.1, 0.2))
    RandomTranslation((0.1, 0.2))
    """

    factor: float | tuple[float, float] = parameter(fields.real_pair(0, 1))

    def transform(self, shape: tuple[int, ...], unit: float) -> tuple[str, float, float]:
        down, right = both(self.factor)
        return ("shift", down * shape[0], right * shape[1])
