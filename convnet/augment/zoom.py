"""Zoom."""

from convnet.augment import fields
from convnet.augment.base import Moving
from convnet.augment.fields import parameter
from convnet.augment.registry import register


@register
class RandomZoom(Moving):
    """Zoom about the image's centre: what is shown is 1 ± factor of the image, uniformly.

    Parameters
    ----------
    factor : float or (vertical, horizontal)
        0.2 shows from 80 % of the sides (zoomed in) to 120 % (zoomed out), from 0 to 0.9. A number keeps the
        proportions; a pair draws one zoom for each axis.
    fill_mode : "nearest", "constant", "reflect" or "wrap", default="nearest"
        What lies outside of the image: see `Augmentation`.

    Notes
    -----
    Output point (i, j), in pixels from the centre, is input point (z i, z' j), z and z' uniform in 1 ± factor.

    References
    ----------
    .. [1] F. Chollet et al., Keras, ``keras.layers.RandomZoom``, https://keras.io/api/layers/preprocessing_layers

    Examples
    --------
    >>> from convnet.augment import RandomZoom
    >>> RandomZoom(0.2), RandomZoom((0.2, 0.2))
    (RandomZoom(0.2), RandomZoom((0.2, 0.2)))
    """

    factor: float | tuple[float, float] = parameter(fields.real_pair(0, 0.9, merge=False))

    def transform(self, shape: tuple[int, ...], unit: float) -> tuple[str, float, float]:
        if isinstance(self.factor, tuple):
            return ("stretch", *self.factor)
        return ("zoom", self.factor, 0.0)
