"""Explanations: which pixels an output of the net for an image hangs on.

    Subject (images, and of each an output)  →  a method (gradcam.py, saliency.py, ...)  →  a map of the image's size

`maximal_patches` asks the other way round what excites a channel: receptive.py works out which pixels it sees.

Everything is computed from the plan by the engine; images are taken in parts of bounded memory, and the map of an image
depends on that image alone, to the bit.
"""

from convnet.inspection.explain.base import Subject
from convnet.inspection.explain.confusion import mean_by_cell
from convnet.inspection.explain.maximal_patches import maximal_patches
from convnet.inspection.explain.methods import METHODS, check_options, explain

__all__ = ["METHODS", "Subject", "check_options", "explain", "maximal_patches", "mean_by_cell"]
