"""RandomSaturation: random changes of saturation."""

from convnet.augment.base import Augmentation, Transform, register, require_rgb
from convnet.values.constraints import number, parameter


@register
class RandomSaturation(Augmentation):
    """Multiplies the difference of each pixel from its gray by a random number, uniform in 1 ± factor.

    Parameters
    ----------
    factor : float
        Largest change, from 0 to 1: 0.2 gives from 80 % to 120 % of the saturation, and 1 from gray to twice the
        saturation.

    Raises
    ------
    ValueError
        In ``fit`` and ``preview_augment``: the images do not have 3 channels.

    Notes
    -----
    The channels are red, green and blue. With r uniform in (-1, 1), each channel x of a pixel becomes
    gray + (1 + r · factor) · (x - gray), where gray = 0.299 · red + 0.587 · green + 0.114 · blue (ITU-R BT.601).
    This is the saturation of torchvision's ``ColorJitter``, but values are not clipped, so X may have any range.

    References
    ----------
    .. [1] torchvision, ``torchvision.transforms.v2.ColorJitter``,
           https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.v2.ColorJitter.html

    Examples
    --------
    >>> from convnet.augment import RandomSaturation
    >>> RandomSaturation(0.2)
    RandomSaturation(0.2)
    """

    factor: float = parameter(number(0, 1))

    def transform(self, shape: tuple[int, ...], unit: float) -> Transform:
        require_rgb(shape)
        return ("saturation", self.factor, 0.0)
