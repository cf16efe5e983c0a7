"""Flips."""

from convnet.augment import fields
from convnet.augment.base import Augmentation
from convnet.augment.fields import parameter
from convnet.augment.registry import register

MODES = {"horizontal": (0.0, 0.5), "vertical": (0.5, 0.0), "both": (0.5, 0.5)}


@register
class RandomFlip(Augmentation):
    """Every other image is flipped.

    Parameters
    ----------
    mode : "horizontal", "vertical" or "both", default="horizontal"
        Left becomes right, top becomes bottom, or each with probability 1/2 of its own.

    Notes
    -----
    Pixel (i, j) of h × w becomes (i, w - 1 - j), (h - 1 - i, j) or both. Values are copied.

    References
    ----------
    .. [1] F. Chollet et al., Keras, ``keras.layers.RandomFlip``, https://keras.io/api/layers/preprocessing_layers

    Examples
    --------
    >>> from convnet.augment import RandomFlip
    >>> RandomFlip("both").to_dict()
    {'type': 'RandomFlip', 'mode': 'both'}
    """

    mode: str = parameter(fields.choice(*MODES), default="horizontal", positional=True)

    def transform(self, shape: tuple[int, ...], unit: float) -> tuple[str, float, float]:
        return ("flip", *MODES[self.mode])
