"""RandomFlip: random flips."""

from convnet.augment.base import Augmentation, Transform, register
from convnet.values.constraints import choice, parameter

MODES = {"horizontal": (0.0, 0.5), "vertical": (0.5, 0.0), "both": (0.5, 0.5)}


@register
class RandomFlip(Augmentation):
    """Flips images at random, each with probability 1/2.

    Parameters
    ----------
    mode : "horizontal", "vertical" or "both", default="horizontal"
        "horizontal" swaps left and right, "vertical" swaps top and bottom. "both" decides the two independently.

    Notes
    -----
    In an image of h × w, pixel (i, j) becomes (i, w - 1 - j), (h - 1 - i, j) or both. Values are copied.

    References
    ----------
    .. [1] F. Chollet et al., Keras, ``keras.layers.RandomFlip``, https://keras.io/api/layers/preprocessing_layers

    Examples
    --------
    >>> from convnet.augment import RandomFlip
    >>> RandomFlip("both").to_dict()
    {'type': 'RandomFlip', 'mode': 'both'}
    """

    mode: str = parameter(choice(*MODES), default="horizontal", positional=True)

    def transform(self, shape: tuple[int, ...], unit: float) -> Transform:
        return ("flip", *MODES[self.mode])
