"""Random crops."""

from convnet.augment import fields
from convnet.augment.base import Moving
from convnet.augment.fields import parameter
from convnet.augment.registry import register
from convnet.values.fields import both


@register
class RandomCrop(Moving):
    """The image is padded and a window of its own size cut out anywhere: a shift by whole pixels.

    Parameters
    ----------
    padding : int or (vertical, horizontal)
        Pixels on each side, fewer than the side has; every shift up to that is as likely as every other.
    fill_mode : "nearest", "constant", "reflect" or "wrap", default="nearest"
        What lies outside of the image: see `Augmentation`.

    Notes
    -----
    Output pixel (i, j) is input pixel (i + k, j + l), k and l whole and each uniform in ±padding. Values are copied.

    References
    ----------
    .. [1] K. He, X. Zhang, S. Ren and J. Sun, "Deep Residual Learning for Image Recognition", CVPR 2016, section 4.2.

    Examples
    --------
    >>> from convnet.augment import RandomCrop
    >>> RandomCrop(4, fill_mode="constant")
    RandomCrop(4, fill_mode='constant')
    """

    padding: int | tuple[int, int] = parameter(fields.pair(0))

    def transform(self, shape: tuple[int, ...], unit: float) -> tuple[str, float, float]:
        for padding, side, name in zip(
            both(self.padding), shape, ("height", "width"), strict=False
        ):
            if padding >= side:
                raise ValueError(
                    f"padding {padding} could shift the whole image out of its {name} of {side}. "
                    f"Use at most {side - 1}."
                )
        down, right = both(self.padding)
        return ("crop", float(down), float(right))
