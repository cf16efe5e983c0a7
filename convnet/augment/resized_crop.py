"""RandomResizedCrop: random crops, enlarged to the size of the image."""

import math
from collections.abc import Callable

from convnet.augment.base import Moving, Transform, register
from convnet.values.constraints import Constraint, number, parameter, several


def _is_size(value: object) -> bool:
    """Return whether a value is meant as a size in pixels, as in torchvision's RandomResizedCrop(224)."""
    parts = value if isinstance(value, list | tuple) else (value,)
    return all(isinstance(part, int) and part > 1 for part in parts)


def _range(bounds: Constraint[float]) -> Callable[[object], tuple[float, ...]]:
    """Constrain to a pair (low, high) of numbers that meet a constraint."""
    pair = several(bounds, 2)

    def convert(value: object) -> tuple[float, ...]:
        low, high = pair.convert(value)
        if low > high:
            raise ValueError
        return low, high

    return Constraint(
        f"a pair (low, high) with low <= high, each {bounds.phrase}",
        convert,
        lambda value: (
            " The crop has no size: it is resampled to that of the images."
            if _is_size(value)
            else " For windows of up to the whole image, write (low, 1)."
            if isinstance(value, float)
            else ""
        ),
    )


@register
class RandomResizedCrop(Moving):
    """Cuts out a window of random area, aspect ratio and place, and resamples it to the size of the image.

    Parameters
    ----------
    scale : (low, high), default=(0.08, 1.0)
        Area of the window as a share of that of the image, above 0 and at most 1.
    ratio : (low, high), default=(0.75, 1.3333333333333333)
        Width of the window divided by its height, from 0.01 to 100.

    Notes
    -----
    This is torchvision's ``RandomResizedCrop``. The area is uniform in `scale`, the logarithm of the ratio uniform in
    the logarithms of `ratio`, and all places inside the image are equally likely. Sides are rounded to whole pixels. A
    window that is larger than the image is drawn again. After ten tries, the window is the largest one in the middle
    whose ratio lies in `ratio`.

    For a window of h' × w' pixels at (top, left) of an image of h × w, output pixel (i, j) takes the value of input
    point (top + (i + 1/2) h'/h - 1/2, left + (j + 1/2) w'/w - 1/2), interpolated bilinearly. Points at the edge of the
    window are up to half a pixel outside of it; `fill_mode` matters where this is outside of the image. Other
    augmentations of the list that move pixels are part of the same resampling, so they can bring pixels from outside
    the window into view.

    The window is resampled to the size of the images in X, before all layers. If the first layer is a `Resize`, it
    resamples the result a second time. A small window keeps its details if the images in X are larger than the output
    of that layer: read photographs with ``ImageFolder("photos", size=256)`` for a net that begins with ``Resize(160)``.
    The smallest windows of the default `scale` have about a quarter of the height and width of the image.

    References
    ----------
    .. [1] C. Szegedy et al., "Going Deeper with Convolutions", CVPR 2015, section 6, https://arxiv.org/abs/1409.4842
    .. [2] torchvision, ``torchvision.transforms.v2.RandomResizedCrop``,
           https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.v2.RandomResizedCrop.html

    Examples
    --------
    >>> from convnet.augment import RandomResizedCrop
    >>> RandomResizedCrop(scale=(0.3, 1))
    RandomResizedCrop(scale=(0.3, 1.0))
    """

    scale: tuple[float, float] = parameter(
        _range(number(0, 1, closed="right")), default=(0.08, 1.0)
    )
    ratio: tuple[float, float] = parameter(_range(number(0.01, 100)), default=(3 / 4, 4 / 3))

    def transform(self, shape: tuple[int, ...], unit: float) -> Transform:
        low, high = map(math.log, self.ratio)
        return ("resized", *self.scale, low, high)
