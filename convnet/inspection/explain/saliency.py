"""Saliency: how much the output changes with each pixel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from convnet.inspection.explain.base import Method

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from convnet.inspection.explain.base import ExplainInput


class Saliency(Method):
    """max over channels of |∂f/∂x| (Simonyan, Vedaldi and Zisserman, 2014); |∂f/∂x| for flat rows.

    The derivative is with respect to X in its own units: for uint8 images it is 1/255 of that for the same images from
    0 to 1.
    """

    def __call__(self, batch: ExplainInput) -> NDArray[np.float32]:
        size = np.abs(batch.gradients(batch.images, np.arange(len(batch))))
        return size if size.ndim == 2 else size.max(axis=-1)
