"""The pixels that convnet's `Resize` computes an output from, along an axis; see csrc/image/resize.inc.h."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def resampling_matrix(n: int, m: int) -> NDArray[np.float32]:
    """Return the weights of the n pixels in the m areas that an axis is divided into, shape (m, n).

    Area i covers the pixels from i n / m to (i + 1) n / m. Positions are integers, in units of 1/m of a pixel.
    """
    begin = np.arange(m)[:, None] * n
    pixel = np.arange(n) * m
    covered = np.minimum(begin + n, pixel + m) - np.maximum(begin, pixel)
    return (np.maximum(covered, 0) / n).astype(np.float32)


def sources(n: int, m: int) -> NDArray[np.int64]:
    """Return the pixel of n that the center of each of m outputs lies in: floor((i + 1/2) n / m)."""
    return (2 * np.arange(m, dtype=np.int64) + 1) * n // (2 * m)
