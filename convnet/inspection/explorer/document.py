"""The document of the page: the net, its weights and the samples, within the size limits."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Any

from convnet.inspection.explorer.net import describe_net

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from convnet.graph.plan import Plan
    from convnet.inspection.explorer.explanations import Explanations
    from convnet.inspection.explorer.lesson import Lesson
    from convnet.inspection.explorer.samples import FinalFunction, Samples


FORMAT = 1  # of the document; the page refuses others
MAX_BYTES = 25_000_000  # of the file
MAX_IMAGE_BYTES = 5_000_000  # of all images together, in base64
RESERVED_BYTES = 1_000_000  # for the template, the layers and the predictions


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
    lesson : Lesson, default=None
        A guided tour, and the panels that the page has. None: the page has the usual panels and no tour.

    Returns
    -------
    document : dict
        What can be written as JSON. ``left_out`` counts the images that did not fit and names the parameters.
    """
    shown, n_left_out = samples.to_json(MAX_IMAGE_BYTES)
    for row, sample in enumerate(shown["samples"]):
        sample["explanation"] = explanations.of_image(row)
    used = RESERVED_BYTES + sum(map(image_bytes, shown["samples"]))
    max_floats = max(0, MAX_BYTES - used) * 3 // 4 // 4  # base64 of 4 bytes per value
    described = describe_net(plan, weights, max_floats)
    return {
        "format": FORMAT,
        "version": version,
        "title": title,
        "estimator": estimator,
        "net": described.net,
        "final": final.to_json(),
        "explanations": explanations.to_json(),
        **shown,
        "left_out": {"images": n_left_out, "parameters": described.left_out},
        **({} if lesson is None else {"lesson": lesson.to_json()}),
        "weights": b64encode(described.weights.astype("<f4").tobytes()).decode("ascii"),
    }


def image_bytes(sample: Mapping[str, Any]) -> int:
    """Return the size of the images of a sample: its own and its explanations."""
    return len(sample["data"]) + sum(
        len(found["data"]) for found in sample["explanation"]["maps"].values()
    )
