"""The explorer: a fitted net and some images as one HTML page that computes the net itself.

    net.py       plan and weights  →  the operations as JSON, the weights as one float32 block
    samples.py   images, names, labels and predictions  →  JSON, images as PNG where their dtype is uint8
    lesson.py    a guided tour of the page, as JSON
    explanations.py  maps of `convnet.inspection.explain`  →  PNG of 8 bits with a scale
    document.py  all of it, within the size limits; what does not fit is left out and named
    page.py      the document in the built template, page.html, as one file

The template is built from ``explorer/`` at the root of the sources. It recomputes each value by the definitions of
`convnet.inspection.trace`.
"""

from convnet.inspection.explorer.document import make_document
from convnet.inspection.explorer.explanations import Explanations, explain_images
from convnet.inspection.explorer.lesson import PANELS, Lesson, TourStep
from convnet.inspection.explorer.page import ExplorerPage, write_page
from convnet.inspection.explorer.samples import FinalFunction, Samples

__all__ = [
    "PANELS",
    "Explanations",
    "ExplorerPage",
    "FinalFunction",
    "Lesson",
    "Samples",
    "TourStep",
    "explain_images",
    "make_document",
    "write_page",
]
