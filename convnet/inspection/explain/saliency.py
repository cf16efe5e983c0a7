"""Saliency: how fast the output changes with each pixel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from convnet.inspection.explain.method import Method

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from convnet.inspection.explain.base import Subject


class Saliency(Method):
    """max over channels of |∂f/∂x| (Simonyan, Vedaldi and Zisserman, 2014); of flat rows |∂f/∂x|.

    The derivative is by x in the units of X, not by what the net makes of it: of uint8 images it is 1/255 of that.
    """

    def __call__(self, part: Subject) -> NDArray[np.float32]:
        size = np.abs(part.gradients(part.images, np.arange(len(part))))
        return size if size.ndim == 2 else size.max(axis=-1)
