"""What an exported net returns: probabilities, values in the units of y, or the output of a layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from convnet.inputs.tasks.classification import Classification
from convnet.inputs.tasks.multilabel import MultilabelClassification
from convnet.inputs.tasks.regression import Regression

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from convnet.inputs.tasks.base import Task


@dataclass(frozen=True, eq=False)
class Outputs:
    """The last step of a prediction in C.

    Parameters
    ----------
    size : int
        Values of y.
    c_type : {"double", "float"}
        Type of y.
    meaning : str
        What y holds, for comments.
    code : sequence of str
        Statements that compute y from `out`, the outputs of the net. Empty if the net writes y itself.
    classes : sequence of str or None
        The labels as strings, in the order of y, for a classifier.
    constants : dict of str to ndarray of float64
        Arrays that the statements read.
    """

    size: int
    c_type: str
    meaning: str
    code: Sequence[str]
    classes: Sequence[str] | None
    constants: dict[str, NDArray[np.float64]]

    @property
    def best(self) -> bool:
        """Whether the class with the highest probability is the predicted one."""
        return self.classes is not None and "sigmoid" not in self.code[0]


def outputs_of(task: Task, n_outputs: int) -> Outputs:
    """Return the last step of a classifier or a regressor whose net has `n_outputs` outputs."""
    if isinstance(task, MultilabelClassification):
        code = [f"cn_sigmoid_probabilities(out, {n_outputs}, y);"]
        labels = task.classes
    elif isinstance(task, Classification):
        labels = task.classes
        code = (
            ["cn_binary_probabilities(out, y);"]
            if n_outputs == 1
            else [f"cn_softmax_probabilities(out, {n_outputs}, y);"]
        )
    else:
        return _values(task, n_outputs)
    assert labels is not None
    names = [str(label) for label in labels]
    meaning = "the probability of each class"
    if isinstance(task, MultilabelClassification):
        meaning = "the probability of each label; they do not exclude each other"
    return Outputs(len(names), "double", meaning, code, names, {})


def outputs_of_layer(layer: str, size: int) -> Outputs:
    """Return the last step of a transformer, which passes the output of a layer on."""
    meaning = f"the output of layer {layer}: row by row, channels last"
    return Outputs(size, "float", meaning, (), None, {})


def _values(task: Task, n_outputs: int) -> Outputs:
    assert isinstance(task, Regression)
    scaling = task.fitted_scaling
    assert scaling is not None
    constants = {"y_scale": scaling.scale, "y_mean": scaling.mean}
    code = [
        f"for (int k = 0; k < {n_outputs}; k++) {{",
        "    const double scaled = (double)out[k] * y_scale[k];",
        "    y[k] = scaled + y_mean[k];",
        "}",
    ]
    return Outputs(
        n_outputs, "double", "the predicted values, in the units of y in fit", code, None, constants
    )
