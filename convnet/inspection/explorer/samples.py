"""Images with their names, labels and predictions as JSON."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from convnet.inspection.explorer.page import to_text
from convnet.inspection.explorer.png import COLOR_TYPES, encode_png

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from convnet.inspection.explorer.explanations import Explanations

    Json = dict[str, Any]


class DoesNotFitError(ValueError):
    """One image is too large for the page."""


@dataclass(frozen=True, eq=False)
class FinalFunction:
    """How the predictions follow from the outputs of the net.

    Parameters
    ----------
    name : {"softmax", "sigmoid", "multilabel", "identity"}
        "sigmoid": one logit for the second of two classes. "multilabel": a sigmoid of each logit. "identity": a
        regressor, whose predictions are mean + scale · output.
    classes : sequence of str
        Names of the classes; of the outputs of a regressor.
    mean, scale : ndarray of shape (n_outputs,), default=None
        Of a regressor's targets.
    """

    name: str
    classes: Sequence[str]
    mean: np.ndarray | None = None
    scale: np.ndarray | None = None

    def to_json(self) -> Json:
        """Return the function as JSON."""
        mean, scale = (
            None if array is None else np.asarray(array, np.float64).tolist()
            for array in (self.mean, self.scale)
        )
        return {"function": self.name, "classes": list(self.classes), "mean": mean, "scale": scale}


@dataclass(frozen=True, eq=False)
class Samples:
    """Images with what is known about them.

    Parameters
    ----------
    images : ndarray of shape (n, h, w, c), (n, length, c) or (n, features)
        As the net takes them, before scaling.
    scale : float
        Factor that images are multiplied by.
    largest : float
        Largest magnitude of the training images, which scales the controls of the page.
    names, predictions : sequence of n str
        What to show.
    labels : sequence of n (str or None)
        True labels or values; None where they are not known.
    correct : sequence of n (bool or None)
        Whether the prediction is the label; None where labels are not known, or are numbers.
    losses : sequence of n (float or None)
        How wrong each prediction is, see `sample_losses`; None where labels are not known.
    outputs : ndarray of float32, shape (n, n_outputs)
        Logits, or a regressor's values before `FinalFunction`.
    values : ndarray of float64, shape (n, n_classes) or (n, n_outputs)
        As ``predict_proba`` returns them; those of ``predict`` for a regressor.
    fit : {"crop", "pad", "stretch"} or None
        How photographs were fitted into the form of the images; None if they were not.
    """

    images: np.ndarray
    scale: float
    largest: float
    names: Sequence[str]
    predictions: Sequence[str]
    labels: Sequence[str | None]
    correct: Sequence[bool | None]
    losses: Sequence[float | None]
    outputs: NDArray[np.float32]
    values: NDArray[np.float64]
    fit: str | None = None

    def to_json(
        self, explanations: Explanations, max_bytes: int, max_first: int
    ) -> tuple[Json, int]:
        """Return the samples as JSON, and how many were left out.

        Parameters
        ----------
        explanations : Explanations
            Of the images.
        max_bytes : int
            Largest number of bytes of all samples together, with their explanations.
        max_first : int
            Largest number of bytes of the first one, which is kept even if it exceeds `max_bytes`.

        Raises
        ------
        DoesNotFitError
            If the first sample does not fit.
        """
        encoding, n_bytes = self.encoding, 0
        samples: list[Json] = []
        for i, image in enumerate(self.images):
            data = b64encode(_encoded(image, encoding)).decode("ascii")
            sample = {**self._entry(i, data), "explanation": explanations.of_image(i)}
            size = len(to_text(sample))
            if not samples and size > max_first:
                raise DoesNotFitError(
                    f"one image of shape {self.images.shape[1:]} and dtype {self.images.dtype} with its "
                    f"{self.values.shape[1]} outputs and explanations takes {size / 1e6:.1f} MB on the page, which has "
                    f"room for {max_first / 1e6:.1f} MB. Fit a net on smaller images."
                )
            n_bytes += size
            if samples and n_bytes > max_bytes:
                break
            samples.append(sample)
        form = {
            "shape": self.images.shape[1:],
            "dtype": self.images.dtype.name,
            "scale": float(np.float32(self.scale)),
            "largest": self.largest,
            "encoding": encoding,
            "fit": self.fit,
        }
        return {"input": form, "samples": samples}, len(self.images) - len(samples)

    def _entry(self, i: int, data: str) -> Json:
        loss, correct = self.losses[i], self.correct[i]
        return {
            "name": self.names[i],
            "prediction": self.predictions[i],
            "label": self.labels[i],
            "correct": None if correct is None else bool(correct),
            "loss": None if loss is None else float(f"{loss:.7g}"),
            "outputs": _short(self.outputs[i]),
            "values": _short(self.values[i]),
            "data": data,
        }

    @property
    def encoding(self) -> str:
        """How images are written: "png" for uint8 images with 1 to 4 channels, else "float32"."""
        is_picture = self.images.ndim == 4 and self.images.shape[3] in COLOR_TYPES
        return "png" if is_picture and self.images.dtype == np.uint8 else "float32"


def _short(values: np.ndarray) -> list[float]:
    """Return numbers with as many digits as a float32 needs, so that many classes take less space."""
    return [float(f"{value:.9g}") for value in values.tolist()]


def _encoded(image: np.ndarray, encoding: str) -> bytes:
    return encode_png(image) if encoding == "png" else image.astype("<f4").tobytes()
