"""Maps of another size."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


def resize(maps: np.ndarray, shape: Sequence[int]) -> NDArray[np.float32]:
    """Return maps made larger or smaller by bilinear interpolation.

    The pixels of both cover the same area, so that the middle of pixel i of m lies at (i + 1/2) · n / m - 1/2 of n;
    beyond the middle of the outermost pixel its value goes on.

    Parameters
    ----------
    maps : ndarray of shape (n, h, w) or (n, length)
    shape : tuple of int
        (height, width) or (length,) wanted.

    Returns
    -------
    resized : ndarray of float32, shape (n, *shape)
    """
    for axis, size in enumerate(shape, start=1):
        had = maps.shape[axis]
        place = np.clip((np.arange(size) + 0.5) * (had / size) - 0.5, 0, had - 1)
        below = place.astype(np.intp)
        above = np.minimum(below + 1, had - 1)
        share = (place - below).reshape(-1, *[1] * (maps.ndim - axis - 1))
        maps = maps.take(below, axis) * (1 - share) + maps.take(above, axis) * share
    return maps.astype(np.float32)
