"""The document of the page: the net, its weights and the samples, within the size limits."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Any

from convnet.inspection.explorer.epochs import describe_epochs
from convnet.inspection.explorer.net import describe_net
from convnet.inspection.explorer.page import TEMPLATE, to_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from convnet.graph.plan import Plan
    from convnet.inspection.explorer.epochs import EpochWeights
    from convnet.inspection.explorer.explanations import Explanations
    from convnet.inspection.explorer.lesson import Lesson
    from convnet.inspection.explorer.samples import FinalFunction, Samples


FORMAT = 1  # of the document; the page refuses others
MAX_BYTES = 25_000_000  # of the file
MAX_IMAGE_BYTES = (
    5_000_000  # of all images with their predictions and explanations; one image may take more
)
OVERHEAD_BYTES = 1000  # names of the entries
OFFSET_BYTES = 10  # digits of the offset of a parameter, instead of "null"


def make_document(
    plan: Plan,
    weights: Mapping[str, NDArray[np.float32]],
    samples: Samples,
    final: FinalFunction,
    explanations: Explanations,
    *,
    title: str,
    estimator: str,
    version: str,
    epochs: Sequence[EpochWeights] = (),
    lesson: Lesson | None = None,
) -> dict[str, Any]:
    """Return the document of the page.

    Parameters
    ----------
    plan : Plan
        The net.
    weights : mapping of str to ndarray
        Its parameters by name.
    samples : Samples
        The images.
    final : FinalFunction
        From outputs to predictions.
    explanations : Explanations
        Of the images.
    title, estimator, version : str
        Title of the page, name of the estimator's class, and version of convnet.
    epochs : sequence of EpochWeights, default=()
        The weights after some epochs of the training.
    lesson : Lesson, default=None
        A guided tour, and the panels that the page has. None: the page has the usual panels and no tour.

    Returns
    -------
    document : dict
        What can be written as JSON. ``left_out`` counts the images that did not fit, and names the parameters and the
        epochs.

    Raises
    ------
    DoesNotFitError
        If the first image does not fit.
    """
    parts = {
        "net": describe_net(plan, weights, 0).net,
        "final": final.to_json(),
        "explanations": explanations.to_json(),
        **({} if lesson is None else {"lesson": lesson.to_json()}),
    }
    left_out = {"parameters": [p.name for p in plan.parameters], "epochs": [e.name for e in epochs]}
    about = {"version": version, "title": title, "estimator": estimator}
    used = TEMPLATE.stat().st_size + _size({**about, **parts, **left_out}) + OVERHEAD_BYTES
    used += OFFSET_BYTES * len(plan.parameters)
    shown, n_left_out = samples.to_json(explanations, MAX_IMAGE_BYTES, MAX_BYTES - used)
    used += _size(shown)
    max_floats = max(0, MAX_BYTES - used) * 3 // 4 // 4  # base64 of 4 bytes per value
    described = describe_net(plan, weights, max_floats)
    block = b64encode(described.weights.astype("<f4").tobytes()).decode("ascii")
    shown_epochs, lost = describe_epochs(epochs, described.net, MAX_BYTES - used - len(block))
    return {
        "format": FORMAT,
        **about,
        **parts,
        "net": described.net,
        **shown,
        "left_out": {"images": n_left_out, "parameters": described.left_out, "epochs": lost},
        "epochs": shown_epochs,
        "weights": block,
    }


def _size(values: dict[str, Any]) -> int:
    """Return the number of bytes of values on the page."""
    return len(to_text(values))
