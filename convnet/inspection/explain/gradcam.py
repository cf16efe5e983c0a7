"""Grad-CAM: where the maps of a layer raise the output."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from convnet.inspection.explain.base import Method
from convnet.values.messages import listed, show

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from convnet.graph import Plan
    from convnet.inspection.explain.base import ExplainInput


class GradCAM(Method):
    """ReLU(Σ_k α_k A_k), resized to the image, where α_k is the mean of ∂f/∂A_k over the map (Selvaraju et al., 2017).

    A_k are the channels of a layer's output, after its activation. Nothing is normalized: values are in units of f.

    Parameters
    ----------
    explained : ExplainInput
        The images.
    layer : str, default=None
        Name of a layer whose output is a map; None is the last one that is not nested in another layer.
    """

    parameters = ("layer",)

    def __init__(self, explained: ExplainInput, layer: str | None = None) -> None:
        self.layer = gradcam_layer(explained.network.plan, layer)

    def __call__(self, batch: ExplainInput) -> NDArray[np.float32]:
        maps = batch.features(self.layer)
        gradients = batch.gradients(batch.images, np.arange(len(batch)), self.layer)
        spatial = tuple(range(1, maps.ndim - 1))
        weights = gradients.mean(axis=spatial, keepdims=True, dtype=np.float64)
        weighted = np.maximum((maps * weights).sum(axis=-1), 0)
        return _resized(weighted, batch.images.shape[1:-1])


def gradcam_layer(plan: Plan, name: str | None = None) -> str:
    """Return the name of the layer to use; ValueError if its output is not a map."""
    having = [info.name for info in plan.named.values() if len(info.output_shape) > 1]
    if not having:
        raise ValueError(
            "gradcam needs a layer that returns maps, but this net has none. Use saliency, integrated_gradients or "
            "occlusion."
        )
    if name is None:
        return [info.name for info in plan.layers if len(info.output_shape) > 1][-1]
    if name not in plan.named:
        raise ValueError(
            f"no layer is called {show(name)}; the layers that return maps are {listed(having)}"
        )
    if name not in having:
        raise ValueError(
            f"layer {show(name)} returns flat data; the layers that return maps are {listed(having)}"
        )
    return name


def _resized(maps: np.ndarray, shape: Sequence[int]) -> NDArray[np.float32]:
    """Return maps resized by bilinear interpolation.

    Old and new pixels cover the same area. Along an axis with n old and m new pixels, the center of new pixel i lies at
    (i + 1/2) · n / m - 1/2 in old pixels. Values are constant beyond the centers of the outermost pixels.

    Parameters
    ----------
    maps : ndarray of shape (n, h, w) or (n, length)
        The maps.
    shape : tuple of int
        New (height, width) or (length,).

    Returns
    -------
    resized : ndarray of float32, shape (n, *shape)
    """
    for axis, size in enumerate(shape, start=1):
        old = maps.shape[axis]
        place = np.clip((np.arange(size) + 0.5) * (old / size) - 0.5, 0, old - 1)
        below = place.astype(np.intp)
        above = np.minimum(below + 1, old - 1)
        share = (place - below).reshape(-1, *[1] * (maps.ndim - axis - 1))
        maps = maps.take(below, axis) * (1 - share) + maps.take(above, axis) * share
    return maps.astype(np.float32)
