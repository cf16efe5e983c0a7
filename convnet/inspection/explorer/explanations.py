"""Explanations of the images, for the page to lay over them: maps of 8 bits, each with its scale."""

from __future__ import annotations

import warnings
from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from convnet.inspection.explain import METHODS, explain, gradcam_layer
from convnet.inspection.explorer.png import encode_png

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from convnet.inspection.explain import ExplainInput

    Json = dict[str, Any]


ZERO = 128  # the byte that stands for 0 in maps with negative values; 1 and 255 are the largest magnitude
COMPUTED = "gradcam", "saliency"  # by the page itself, where it has all weights


@dataclass(frozen=True, eq=False)
class Explanations:
    """Explanations of some images.

    Parameters
    ----------
    layer : str or None
        Name of the layer whose maps Grad-CAM reads. None if there is none.
    targets : sequence of int
        The class or the output that is explained for each image.
    maps : dict of ndarray of float32, shape (n, h, w), (n, length) or (n, features)
        The maps of each method that was computed.
    reasons : dict of str
        Why a method has no maps.
    notes : dict of str
        What a method warns of.
    """

    layer: str | None
    targets: Sequence[int]
    maps: dict[str, NDArray[np.float32]]
    reasons: dict[str, str]
    notes: dict[str, str]

    def to_json(self) -> Json:
        """Return what holds for all images as JSON."""
        methods = {
            name: {
                "signed": cls.signed,
                "reason": self.reasons.get(name),
                "note": self.notes.get(name),
            }
            for name, cls in METHODS.items()
        }
        return {"layer": self.layer, "methods": methods}

    def of_image(self, row: int) -> Json:
        """Return the maps of an image as JSON."""
        maps = {name: _encoded(maps[row], METHODS[name].signed) for name, maps in self.maps.items()}
        return {"target": int(self.targets[row]), "maps": maps}


def explain_images(
    explained: ExplainInput, targets: Sequence[int], *, all_methods: bool
) -> Explanations:
    """Return explanations of images.

    Parameters
    ----------
    explained : ExplainInput
        The images, with the output to explain for each.
    targets : sequence of int
        The classes, or the outputs of a regressor, that these outputs stand for.
    all_methods : bool
        Whether to compute all methods. If False, only those that take one gradient for each image.

    Returns
    -------
    explanations : Explanations
        A method that raises ValueError has its message as the reason.
    """
    maps, reasons, notes = {}, {}, {}
    layer = None
    for method in METHODS:
        if not (all_methods or method in COMPUTED):
            continue
        try:
            if method == "gradcam":
                layer = gradcam_layer(explained.network.plan)
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                maps[method] = explain(explained, method, {})
        except ValueError as error:
            reasons[method] = str(error)
        else:
            if caught:
                notes[method] = " ".join(str(warning.message) for warning in caught)
    return Explanations(layer, targets, maps, reasons, notes)


def _encoded(values: np.ndarray, signed: bool) -> Json:
    """Return a map as its largest magnitude and a PNG file of one channel."""
    largest = float(np.abs(values).max()) or 1.0
    shares = values.astype(np.float64) / largest
    levels = np.rint(ZERO + (ZERO - 1) * shares) if signed else np.rint(255 * shares)
    image = levels.astype(np.uint8).reshape(-1, values.shape[-1], 1)
    return {"largest": largest, "data": b64encode(encode_png(image)).decode("ascii")}
