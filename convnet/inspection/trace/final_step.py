"""The final step of a prediction: from the outputs of the net to the predicted label or value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from convnet.inspection.trace.activations import sigmoid
from convnet.inspection.trace.text import labeled_values, number, table
from convnet.values.messages import printable

if TYPE_CHECKING:
    from numpy.typing import NDArray


MAX_CLASSES = 20  # classes to list; the most likely ones, if there are more


@dataclass(frozen=True, eq=False)
class FinalStep:
    """The outputs of a net for one image, and what is predicted from them. Print it to see the calculation.

    Parameters
    ----------
    outputs : ndarray of float64, shape (n_outputs,)
        Logits, or a regressor's values, as the engine computed them in float32.
    prediction : object
        A label, a multilabel indicator (n_classes,), a number or several numbers.
    probabilities : ndarray of float64, shape (n_classes,), default=None
        As ``predict_proba`` returns them; None for a regressor.
    classes : ndarray of shape (n_classes,), default=None
        Class labels.
    mean, scale : ndarray of shape (n_outputs,), default=None
        Of a regressor's targets. The prediction is mean + scale · output.
    """

    outputs: np.ndarray
    prediction: Any
    probabilities: np.ndarray | None = None
    classes: np.ndarray | None = None
    mean: np.ndarray | None = None
    scale: np.ndarray | None = None

    @property
    def function(self) -> str | None:
        """What turns the outputs into probabilities: "softmax", "sigmoid" (of each output) or None."""
        if self.probabilities is None:
            return None
        one, several = len(self.outputs) == 1, np.ndim(self.prediction) == 1
        return "sigmoid" if one or several else "softmax"

    @property
    def unit(self) -> int:
        """Index of the output to trace: that of the predicted class, else the output with the largest magnitude."""
        values = self.outputs if self.function == "softmax" else np.abs(self.outputs)
        return int(values.argmax())

    @property
    def sign(self) -> int | None:
        """1 to trace what raises the output; None to trace what contributes to its own sign."""
        return 1 if self.function == "softmax" else None

    @property
    def exponentials(self) -> NDArray[np.float64]:
        """Numerators of the softmax: exp(z - max z), (n_classes,)."""
        return np.exp(self.outputs - self.outputs.max())

    @property
    def computed(self) -> NDArray[np.float64]:
        """The probabilities by their definition; for a regressor mean + scale · outputs."""
        if self.function is None:
            return self._mean + self._scale * self.outputs
        if self.function == "softmax":
            return self.exponentials / self.exponentials.sum()
        p = np.array([sigmoid(z) for z in self.outputs])
        return p if np.ndim(self.prediction) == 1 else np.array([sigmoid(-self.outputs[0]), p[0]])

    def __str__(self) -> str:
        text = {None: self._values, "softmax": self._softmax, "sigmoid": self._sigmoid}
        head, lines = text[self.function]()
        return "\n".join([head, *(f"    {line}".rstrip() for line in lines)])

    __repr__ = __str__

    def _values(self) -> tuple[str, list[str]]:
        names = list(map(str, range(len(self.outputs))))[:MAX_CLASSES]
        if (self._scale == 1).all() and (self._mean == 0).all():
            lines = table(("output", "value"), names, self.outputs[:MAX_CLASSES])
            return "the prediction is the output of the net", lines
        header = "output", "value z", "scale", "mean", "mean + scale · z = prediction"
        columns = (self.outputs, self._scale, self._mean, self.computed)
        lines = table(header, names, *(column[:MAX_CLASSES] for column in columns))
        return "the prediction is the output of the net in the units of y", lines

    @property
    def _mean(self) -> np.ndarray:
        return np.zeros(len(self.outputs)) if self.mean is None else self.mean

    @property
    def _scale(self) -> np.ndarray:
        return np.ones(len(self.outputs)) if self.scale is None else self.scale

    def _softmax(self) -> tuple[str, list[str]]:
        e, (p, classes) = self.exponentials, self._known()
        likely = sorted(np.argsort(-p, kind="stable")[:MAX_CLASSES])
        header = "class", "logit z", "exp(z - max z)", "/ sum = probability"
        columns = (a[likely] for a in (self.outputs, e, p))
        lines = table(header, list(map(str, classes[likely])), *columns)
        if len(p) > MAX_CLASSES:
            rest = np.delete(p, likely)
            lines.append(f"{len(rest):,} more classes: {number(rest.sum())} in total")
        k = int(self.outputs.argmax())
        lines += ["", *labeled_values(("sum of exp(z - max z)", e.sum()))]
        return self._answer("softmax", p[k]), lines

    def _sigmoid(self) -> tuple[str, list[str]]:
        p, classes = self._known()
        if np.ndim(self.prediction) == 1:
            header = "label", "logit z", "1 / (1 + exp(-z))", "predicted"
            columns = (self.outputs, p, self.prediction)
            names = list(map(str, classes))
            lines = table(
                header, names[:MAX_CLASSES], *(column[:MAX_CLASSES] for column in columns)
            )
            return "sigmoid of each logit; a label is predicted above 0.5", lines
        lines = labeled_values(
            ("logit z", self.outputs[0]),
            (f"p({classes[1]}) = 1 / (1 + exp(-z))", p[1]),
            (f"p({classes[0]}) = 1 - p({classes[1]})", p[0]),
        )
        return self._answer("sigmoid", p.max()), lines

    def _known(self) -> tuple[np.ndarray, np.ndarray]:
        """Return probabilities and the names of classes, which every classifier has."""
        assert self.probabilities is not None and self.classes is not None
        return self.probabilities, np.array([printable(name) for name in self.classes], object)

    def _answer(self, function: str, p: float) -> str:
        return f"{function}: the prediction is {printable(self.prediction)}, with probability {number(p)}"
