"""CutMix: a rectangle of another image."""

from convnet.augment.base import Augmentation, Transform, register
from convnet.values.constraints import number, parameter


@register
class CutMix(Augmentation):
    """Replaces a rectangle of each image by that of another sample of the batch, and mixes the targets by area.

    Parameters
    ----------
    alpha : float, default=1.0
        Both parameters of the beta distribution of the share that stays, above 0: 1 draws all shares with equal
        probability, small values mostly replace nearly nothing or nearly everything, large values half of the image.

    Notes
    -----
    In an image of h × w pixels, the rectangle has ⌊h √(1 - a)⌋ × ⌊w √(1 - a)⌋ pixels, where a is drawn from
    Beta(alpha, alpha) for each sample. It lies around a random pixel, like that of `Cutout`, and is cut at the edges of
    the image. The share λ of the sample in its target is the share of its pixels that stay. Partners are drawn, and
    targets and weights mixed, as in `MixUp`.

    References
    ----------
    .. [1] S. Yun, D. Han, S. J. Oh, S. Chun, J. Choe and Y. Yoo, "CutMix: Regularization Strategy to Train Strong
           Classifiers with Localizable Features", ICCV 2019, https://arxiv.org/abs/1905.04899

    Examples
    --------
    >>> from convnet.augment import CutMix
    >>> CutMix(0.5)
    CutMix(0.5)
    """

    alpha: float = parameter(number(0, closed="neither"), default=1.0, positional=True)

    def transform(self, shape: tuple[int, ...], unit: float) -> Transform:
        return ("cutmix", self.alpha, float(shape[0]), float(shape[1]))
