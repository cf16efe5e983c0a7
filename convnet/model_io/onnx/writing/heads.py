"""The outputs of a net as labels, probabilities, values or embeddings."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from convnet.model_io.onnx.writing.graph import Tensor

if TYPE_CHECKING:
    from convnet.inputs.target_scaling import TargetScaling
    from convnet.model_io.onnx.writing.graph import OnnxGraph


LABEL, PROBABILITIES, PREDICTION, EMBEDDINGS = "label", "probabilities", "prediction", "embeddings"


class Scores(NamedTuple):
    """Names of values that a classifier's outputs are made of.

    Parameters
    ----------
    raw : str
        float32 (n, n_classes): logits, for two classes (-z, z), whose largest one is the predicted class.
    probabilities : str
        float32 (n, n_classes).
    """

    raw: str
    probabilities: str


def class_scores(
    graph: OnnxGraph, logits: str, n_classes: int, output: str | None = None
) -> Scores:
    """Add the probabilities of classes of which a sample has one. `output` is their name, if it is reserved."""
    if n_classes > 2:
        return Scores(logits, graph.node("Softmax", [logits], PROBABILITIES, output=output, axis=1))
    signs = graph.constant(np.array([-1, 1], np.float32), "logits/signs")
    pair = graph.node("Mul", [logits, signs], "logits")
    return Scores(pair, graph.node("Sigmoid", [pair], PROBABILITIES, output=output))


def class_labels(graph: OnnxGraph, raw: str, classes: np.ndarray, output: str | None = None) -> str:
    """Add the labels of the classes with the largest scores: int64 or strings, shape (n,)."""
    labels = as_labels(classes)
    numbered = labels.dtype == np.int64 and np.array_equal(labels, np.arange(len(labels)))
    last = output if numbered else None
    code = graph.node("ArgMax", [raw], LABEL, output=last, axis=1, keepdims=0)
    if numbered:
        return code
    names = graph.constant(labels, "classes")
    return graph.node("Gather", [names, code], LABEL, output=output, axis=0)


def as_labels(classes: np.ndarray) -> np.ndarray:
    """Return classes as ONNX has them: an array of int64 or of strings.

    Raises
    ------
    ValueError
        If they are neither strings nor integers of 64 bits.
    """
    labels = classes.tolist()
    if classes.dtype.kind in "biuf" and all(-(2**63) <= label < 2**63 for label in labels):
        return classes.astype(np.int64)
    if all(isinstance(label, str) for label in labels):
        return classes.astype(object)
    raise ValueError(
        "to_onnx: labels in ONNX are strings or integers from -2⁶³ to 2⁶³ - 1, but classes_ holds others. Fit the net "
        "to such labels."
    )


def several_labels(graph: OnnxGraph, logits: str, output: str | None = None) -> str:
    """Add whether each label is predicted: int64, shape (n, n_labels)."""
    zero = graph.constant(np.float32(0), "label/threshold")
    above = graph.node("Greater", [logits, zero], LABEL)
    return graph.node("Cast", [above], LABEL, output=output, to=graph.onnx.TensorProto.INT64)


def several_scores(graph: OnnxGraph, logits: str, output: str | None = None) -> Scores:
    """Add the probability of each label of several."""
    return Scores(logits, graph.node("Sigmoid", [logits], PROBABILITIES, output=output))


def dictionaries(graph: OnnxGraph, probabilities: str, classes: np.ndarray, output: str) -> None:
    """Add a list of dicts from class to probability, one for each sample."""
    labels = as_labels(classes)
    kind = "classlabels_int64s" if labels.dtype == np.int64 else "classlabels_strings"
    graph.node(
        "ZipMap",
        [probabilities],
        PROBABILITIES,
        output=output,
        domain="ai.onnx.ml",
        **{kind: labels.tolist()},
    )


def columns(graph: OnnxGraph, probabilities: str, outputs: list[str]) -> None:
    """Add the probability of each class as an output of its own, shape (n,)."""
    for i, output in enumerate(outputs):
        index = graph.constant(np.int64(i), f"{output}/index")
        graph.node("Gather", [probabilities, index], output, output=output, axis=1)


def values(graph: OnnxGraph, outputs: str, scaling: TargetScaling) -> str:
    """Add the outputs of a regression in the units of y: float64, shape (n, n_outputs).

    They are computed in float64, because the mean may be much larger than the scale.
    """
    name = graph.node("Cast", [outputs], PREDICTION, to=graph.onnx.TensorProto.DOUBLE)
    name = graph.node("Mul", [name, graph.constant(scaling.scale, "y_scale")], PREDICTION)
    return graph.node("Add", [name, graph.constant(scaling.mean, "y_mean")], PREDICTION)


def as_predicted(graph: OnnxGraph, name: str, n_outputs: int, output: str) -> None:
    """Add the shape of ``predict`` of a regressor: (n,) for one output."""
    if n_outputs > 1:
        graph.node("Identity", [name], PREDICTION, output=output)
        return
    axes = graph.constant(np.array([1], np.int64), f"{PREDICTION}/axes")
    graph.node("Squeeze", [name, axes], PREDICTION, output=output)


def embeddings(graph: OnnxGraph, features: Tensor, output: str | None = None) -> str:
    """Add the output of a layer as flat features in convnet's order."""
    if not features.is_flat:
        axes = len(features.shape)
        order = [0, *range(2, axes + 1), 1]
        name = features.name
        if features.shape[0] > 1:
            name = graph.node("Transpose", [name], EMBEDDINGS, perm=order)
        return graph.node("Flatten", [name], EMBEDDINGS, output=output, axis=1)
    if features.order is not None:
        indices = graph.constant(np.argsort(features.order), f"{EMBEDDINGS}/order")
        return graph.node("Gather", [features.name, indices], EMBEDDINGS, output=output, axis=1)
    return graph.node("Identity", [features.name], EMBEDDINGS, output=output)
