"""Explanations: the pixels that an output of the net depends on.

    ExplainInput (images, and an output for each)  →  a method (gradcam.py, saliency.py, ...)  →  maps of the image size

`maximal_patches` answers the opposite question: which parts of which images activate a channel most? receptive_field.py
finds the pixels that a value of a layer depends on.

The engine computes all outputs and gradients, in batches of bounded memory. The map of an image depends on that image
alone, so it is bit-identical in any batch.
"""

from convnet.inspection.explain.base import ExplainInput
from convnet.inspection.explain.gradcam import gradcam_layer
from convnet.inspection.explain.maximal_patches import maximal_patches
from convnet.inspection.explain.methods import (
    METHODS,
    check_options,
    explain,
    first_by_cell,
    mean_by_cell,
)
from convnet.inspection.explain.targets import TargetOutputs

__all__ = [
    "METHODS",
    "ExplainInput",
    "TargetOutputs",
    "check_options",
    "explain",
    "first_by_cell",
    "gradcam_layer",
    "maximal_patches",
    "mean_by_cell",
]
