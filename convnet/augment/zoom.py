"""RandomZoom: random zooms."""

from convnet.augment.base import Moving, Transform, register
from convnet.values.constraints import number, pair, parameter


@register
class RandomZoom(Moving):
    """Zooms about the center of the image, so that a random share of it is visible, uniform in 1 ± factor.

    Parameters
    ----------
    factor : float or (vertical, horizontal)
        Largest change, from 0 to 0.9: 0.2 shows from 80 % (zoomed in) to 120 % (zoomed out) of each side. A number
        keeps the proportions; a pair draws a zoom for each axis.

    Notes
    -----
    With points given in pixels from the center, output point (i, j) takes the value of input point (z i, z' j), where z
    and z' are uniform in 1 ± factor.

    References
    ----------
    .. [1] F. Chollet et al., Keras, ``keras.layers.RandomZoom``, https://keras.io/api/layers/preprocessing_layers

    Examples
    --------
    >>> from convnet.augment import RandomZoom
    >>> RandomZoom(0.2), RandomZoom((0.2, 0.2))
    (RandomZoom(0.2), RandomZoom((0.2, 0.2)))
    """

    factor: float | tuple[float, float] = parameter(pair(number(0, 0.9), merge=False))

    def transform(self, shape: tuple[int, ...], unit: float) -> Transform:
        if isinstance(self.factor, tuple):
            return ("stretch", *self.factor)
        return ("zoom", self.factor, 0.0)
