"""RandomHue: random changes of hue."""

from convnet.augment.base import Augmentation, Transform, register, require_rgb
from convnet.values.constraints import number, parameter


@register
class RandomHue(Augmentation):
    """Turns the hue of all pixels by one random angle, uniform in ±factor of the color circle.

    Parameters
    ----------
    factor : float
        Largest turn as a share of the circle, from 0 to 0.5: 0.5 gives all hues, and 1/3 turns red into any color from
        blue to green.

    Raises
    ------
    ValueError
        In ``fit`` and ``preview_augment``: the images do not have 3 channels.

    Notes
    -----
    The channels are red, green and blue. A pixel with largest value V and smallest value V - C has the HSV hue
    H = (green - blue) / C if red is the largest, 2 + (blue - red) / C if green is, and 4 + (red - green) / C if blue
    is.

    With r uniform in (-1, 1) and k = (n + H + 6 · r · factor) mod 6, each channel becomes
    V - C · max(0, min(k, 4 - k, 1)), where n is 5 for red, 3 for green and 1 for blue. The largest and the smallest
    value of a pixel stay as they are, so gray pixels do not change, and X may have any range. This is the hue of
    torchvision's ``ColorJitter``.

    References
    ----------
    .. [1] torchvision, ``torchvision.transforms.v2.ColorJitter``,
           https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.v2.ColorJitter.html
    .. [2] A. R. Smith, "Color Gamut Transform Pairs", SIGGRAPH 1978.

    Examples
    --------
    >>> from convnet.augment import RandomHue
    >>> RandomHue(0.05)
    RandomHue(0.05)
    """

    factor: float = parameter(number(0, 0.5))

    def transform(self, shape: tuple[int, ...], unit: float) -> Transform:
        require_rgb(shape)
        return ("hue", self.factor, 0.0)
