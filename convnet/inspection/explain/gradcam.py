"""Grad-CAM: where the maps of a layer are that raise the output."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from convnet.inspection.explain.method import Method
from convnet.inspection.explain.resize import resize

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from convnet.graph import Plan
    from convnet.inspection.explain.subject import Subject


class GradCAM(Method):
    """ReLU(Σ_k α_k A_k), α_k the mean over the map of ∂f/∂A_k, made as large as the image (Selvaraju et al., 2017).

    A_k are the channels of what a layer puts out, after its activation. Nothing is normalised: the values are in
    units of f.

    Parameters
    ----------
    subject : Subject
    layer : str, default=None
        Name of a layer that puts out maps; None is the last one, those inside others left out.
    """

    parameters = ("layer",)

    def __init__(self, subject: Subject, layer: str | None = None) -> None:
        self.layer = _layer(subject.network.plan, layer)

    def __call__(self, part: Subject) -> NDArray[np.float32]:
        maps = part.features(self.layer)
        gradients = part.gradients(part.images, np.arange(len(part)), self.layer)
        spatial = tuple(range(1, maps.ndim - 1))
        weights = gradients.mean(axis=spatial, keepdims=True, dtype=np.float64)
        weighted = np.maximum((maps * weights).sum(axis=-1), 0)
        return resize(weighted, part.images.shape[1:-1])


def _layer(plan: Plan, name: str | None) -> str:
    """Return the name of the layer; ValueError where it puts out no maps."""
    having = [info.name for info in plan.named.values() if len(info.output_shape) > 1]
    if not having:
        raise ValueError(
            "gradcam needs a layer that puts out maps; this net has none. Use saliency, "
            "integrated_gradients or occlusion."
        )
    if name is None:
        return [info.name for info in plan.layers if len(info.output_shape) > 1][-1]
    if name not in plan.named:
        raise ValueError(
            f"no layer is called {name!r}; those that put out maps are {', '.join(having)}"
        )
    if name not in having:
        raise ValueError(
            f"layer {name!r} puts out flat data; those that put out maps are {', '.join(having)}"
        )
    return name
