"""The outputs of a graph: which tensor the net computes, what its last activation means, and the classes."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from convnet.layers import Activation, Dense, Flatten
from convnet.model_io.onnx.reading.folding import constant
from convnet.model_io.onnx.reading.protobuf.tensors import FLOATS, text_array
from convnet.model_io.onnx.reading.vertices import AFFINE, LOG_SOFTMAX, Feature, Vertex
from convnet.values.messages import listed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from convnet.model_io.onnx.reading.protobuf.loading import LoadedModel, Node

MAX_IDENTITY = 4096  # outputs of a net that does not end with a dense layer
CHOOSING = (
    "ArrayFeatureExtractor",
    "Gather",
)  # read an array of labels at the positions of the largest scores
LABELLING = (*CHOOSING, "Cast", "Identity", "Reshape", "Squeeze", "LabelEncoder")


@dataclass(frozen=True, eq=False)
class TargetTensor:
    """The tensor that the net computes.

    Attributes
    ----------
    tensor : str
    classes : ndarray or None
        Labels that the graph gives to its values, in their order.
    is_classifier : bool
        Whether the graph turns it into labels or probabilities by class.
    """

    tensor: str
    classes: np.ndarray | None = None
    is_classifier: bool = False


def choose_target(model: LoadedModel) -> TargetTensor:
    """Return the tensor of scores or probabilities that the outputs of a graph are made of.

    Raises
    ------
    ValueError
        If there are several outputs of numbers, or none.
    """
    makers = {name: node for node in model.nodes for name in node.outputs}
    targets, plain = [], []
    for port in model.outputs:
        maker = makers.get(port.name)
        if maker is not None and maker.operator == "ZipMap":
            targets.append(TargetTensor(maker.inputs[0], _listed_classes(maker), True))
        elif port.type in FLOATS:
            plain.append(TargetTensor(port.name))
        elif maker is not None:
            target = _before_labels(port.name, makers, model)
            if target is not None:
                targets.append(target)
    labels = [target for target in targets if target.classes is not None]
    if len(plain) == 1:
        classes = labels[0].classes if labels else None
        return TargetTensor(plain[0].tensor, classes, bool(targets))
    if not plain and targets:
        return labels[0] if labels else targets[0]
    names = listed(port.name for port in model.outputs)
    raise ValueError(
        f"its graph has {len(plain)} outputs that a net could have ({names}). Cut it to one with "
        "onnx.utils.extract_model"
    )


def _before_labels(tensor: str, makers: dict[str, Node], model: LoadedModel) -> TargetTensor | None:
    """Return the scores that an ArgMax turns into a tensor of labels."""
    classes = None
    while tensor in makers:
        node = makers[tensor]
        if node.operator == "ArgMax":
            return TargetTensor(node.inputs[0], classes, True)
        if node.operator not in LABELLING:
            return None
        source = 0
        if node.operator in CHOOSING:
            source = 1
            classes = _array(node.inputs[0], makers, model)
        elif node.operator == "LabelEncoder":
            classes = _encoded_classes(node)
        tensor = node.inputs[source]
    return None


def _array(tensor: str, makers: dict[str, Node], model: LoadedModel) -> np.ndarray | None:
    if model.holds(tensor):
        return model.initializer(tensor).ravel()
    maker = makers.get(tensor)
    return constant(maker, model).ravel() if maker and maker.operator == "Constant" else None


def _listed_classes(node: Node) -> np.ndarray | None:
    names = node.attributes.get("classlabels_strings") or node.attributes.get("classlabels_int64s")
    if not names:
        return None
    return text_array(names) if isinstance(names[0], str) else np.array(names)


def _encoded_classes(node: Node) -> np.ndarray | None:
    keys = node.attributes.get("keys_int64s")
    values = next((v for k, v in node.attributes.items() if k.startswith("values_")), None)
    if not isinstance(values, list) or not values or keys != list(range(len(values))):
        return None
    return text_array(values) if isinstance(values[0], str) else np.array(values)


@dataclass(frozen=True, eq=False)
class Head:
    """The end of a net.

    Attributes
    ----------
    feature : Feature
        The scores, before the last activation.
    activation : str or None
        "softmax", "sigmoid" or None.
    """

    feature: Feature
    activation: str | None


def split_head(feature: Feature) -> Head:
    """Return the scores that the last activation of a net is applied to.

    A pair (1 - p, p) of a sigmoid p is what a net with one score has as probabilities of two classes.
    """
    vertex, flatten = feature.vertex, None
    if _is_layer(vertex, Flatten) and prod(vertex.inputs[0].shape[:-1]) == 1:
        flatten, vertex = vertex, vertex.inputs[0]
    if vertex.kind == "concat" and vertex.shape == (2,):
        first, second = vertex.inputs
        if _is_complement(first, second):
            vertex = second
    activation = None
    if vertex.kind == LOG_SOFTMAX:
        activation = "softmax"
    elif _is_layer(vertex, Activation):
        activation = vertex.layer.activation if vertex.layer else None  # type: ignore[attr-defined]
    if activation not in ("softmax", "sigmoid"):
        return Head(feature, None)
    scores = vertex.inputs[0]
    if flatten is not None:
        flatten.inputs[0] = scores
        scores = flatten
    return Head(feature.at(scores), activation)


def _is_complement(first: Vertex, second: Vertex) -> bool:
    """Return whether a vertex is 1 minus another one, or minus a copy of it."""
    if first.kind != AFFINE or any(np.ndim(a) for a in first.arrays.values()):
        return False
    if first.arrays["scale"] != -1 or first.arrays["offset"] != 1:
        return False
    source = first.inputs[0]
    is_copy = source.layer is not None and source.layer == second.layer
    return source is second or (is_copy and not second.arrays and source.inputs == second.inputs)


def _is_layer(vertex: Vertex, kind: type[Any]) -> bool:
    return isinstance(vertex.layer, kind)


def output_weights(
    scores: Feature, last: Vertex, is_shared: Callable[[Vertex], bool]
) -> tuple[np.ndarray, np.ndarray, bool]:
    """Return the weights (features, n_outputs) and the bias of the output layer, and whether it replaces `last`.

    Every net ends with a dense layer. If the graph does not, it is the identity.

    Raises
    ------
    ValueError
        If the output is a map, or has too many values for an identity.
    """
    n = prod(scores.shape)
    if prod(scores.shape[:-1]) != 1:
        raise ValueError(
            f"its output is a map of shape {scores.shape}. An estimator predicts a class, or a few numbers, per sample"
        )
    if _is_layer(last, Dense) and last.kind == "layer" and not is_shared(last):
        weights = last.arrays["weights"]
        return weights, last.arrays.get("bias", np.zeros(weights.shape[1], np.float32)), True
    if n > MAX_IDENTITY:
        raise ValueError(f"it has {n:,} outputs without a dense layer at the end")
    return scores.ordered(np.eye(n, dtype=np.float32)), np.zeros(n, np.float32), False


def label_order(classes: Sequence[Any] | np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the sorted labels, and the position in `classes` of each."""
    labels = np.asarray(classes)
    return np.unique(labels, return_index=True)
