"""The explorer: a fitted net and some images as one HTML page that computes the net itself.

    net.py       plan and weights  →  the operations as JSON, the weights as one float32 block
    samples.py   images, names, labels and predictions  →  JSON, images as PNG where their dtype is uint8
    losses.py    how wrong each prediction is
    earlier_states.py  weights after earlier epochs, from checkpoints or other estimators
    epochs.py    these weights as JSON, as many as fit
    document.py  all of it, within the size limits; what does not fit is left out and named
    page.py      the document in the built template, page.html, as one file

The template is built from ``explorer/`` at the root of the sources. It recomputes each value by the definitions of
`convnet.inspection.trace`.
"""

from convnet.inspection.explorer.document import make_document
from convnet.inspection.explorer.earlier_states import earlier_states
from convnet.inspection.explorer.epochs import EpochWeights
from convnet.inspection.explorer.losses import sample_losses
from convnet.inspection.explorer.page import ExplorerPage, write_page
from convnet.inspection.explorer.samples import DoesNotFitError, FinalFunction, Samples

__all__ = [
    "DoesNotFitError",
    "EpochWeights",
    "ExplorerPage",
    "FinalFunction",
    "Samples",
    "earlier_states",
    "make_document",
    "sample_losses",
    "write_page",
]
