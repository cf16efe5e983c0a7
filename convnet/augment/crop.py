"""RandomCrop: random crops."""

from convnet.augment.base import Moving, Transform, register
from convnet.values.constraints import both, integer, pair, parameter


@register
class RandomCrop(Moving):
    """Pads the image and cuts out a window of the original size at a random place: a shift by whole pixels.

    Parameters
    ----------
    padding : int or (vertical, horizontal)
        Pixels added on each side, fewer than the image has in that direction. All shifts up to that are equally likely.

    Notes
    -----
    Output pixel (i, j) is input pixel (i + k, j + l), where k and l are integers, each uniform in ±padding. Values are
    copied.

    References
    ----------
    .. [1] K. He, X. Zhang, S. Ren and J. Sun, "Deep Residual Learning for Image Recognition", CVPR 2016, section 4.2.

    Examples
    --------
    >>> from convnet.augment import RandomCrop
    >>> RandomCrop(4, fill_mode="constant")
    RandomCrop(4, fill_mode='constant')
    """

    padding: int | tuple[int, int] = parameter(pair(integer(0)))

    def transform(self, shape: tuple[int, ...], unit: float) -> Transform:
        for padding, side, name in zip(
            both(self.padding), shape, ("height", "width"), strict=False
        ):
            if padding >= side:
                raise ValueError(
                    f"padding {padding} could shift the image out of its {name} of {side} completely. "
                    f"Use at most {side - 1}."
                )
        down, right = both(self.padding)
        return ("crop", float(down), float(right))
