"""The explorer: a fitted net and some images as one HTML page that computes the net itself.

    net.py       plan and weights  →  the operations as JSON, the weights as one float32 block
    samples.py   images, names, labels and predictions  →  JSON, images as PNG where their dtype is uint8
    explanations.py  maps of `convnet.inspection.explain`  →  PNG of 8 bits with a scale
    losses.py    how wrong each prediction is
    earlier_states.py  weights after earlier epochs, from checkpoints or other estimators
    epochs.py    these weights as JSON, as many as fit
    lesson.py    a guided tour of the page, as JSON
    document.py  all of it, within the size limits; what does not fit is left out and named
    page.py      the document in the built template, page.html, as one file

The template is built from ``explorer/`` at the root of the sources. It recomputes each value by the definitions of
`convnet.inspection.trace`.
"""

from convnet.inspection.explorer.document import make_document
from convnet.inspection.explorer.earlier_states import earlier_states
from convnet.inspection.explorer.epochs import EpochWeights
from convnet.inspection.explorer.explanations import Explanations, explain_images
from convnet.inspection.explorer.lesson import PANELS, Lesson, TourStep
from convnet.inspection.explorer.losses import sample_losses
from convnet.inspection.explorer.page import ExplorerPage, write_page
from convnet.inspection.explorer.samples import DoesNotFitError, FinalFunction, Samples

__all__ = [
    "PANELS",
    "DoesNotFitError",
    "EpochWeights",
    "Explanations",
    "ExplorerPage",
    "FinalFunction",
    "Lesson",
    "Samples",
    "TourStep",
    "earlier_states",
    "explain_images",
    "make_document",
    "sample_losses",
    "write_page",
]
