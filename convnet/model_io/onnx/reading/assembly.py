"""The manifest of the estimator that a graph becomes; `convnet.model_io.files` builds an estimator from it."""

from __future__ import annotations

from dataclasses import fields
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from convnet.inputs.scaling import DIVISORS, InputFormat
from convnet.layers import Activation, to_dicts
from convnet.model_io.onnx.reading.branches import as_net
from convnet.model_io.onnx.reading.convnet_model import (
    OUTPUT,
    parameters_of,
    regression_attributes,
    untrained_attributes,
    written_by_convnet,
)
from convnet.model_io.onnx.reading.errors import (
    ClassesError,
    UnsupportedNodeError,
    unsupported_graph,
)
from convnet.model_io.onnx.reading.names import Names
from convnet.model_io.onnx.reading.outputs import (
    Head,
    choose_target,
    label_order,
    output_weights,
    split_head,
)
from convnet.model_io.onnx.reading.simplify import ancestors, simplify
from convnet.model_io.onnx.reading.translation import translate
from convnet.persistence.json_values import to_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from convnet.layers import Layer
    from convnet.model_io.onnx.reading.inputs import GraphInput
    from convnet.model_io.onnx.reading.protobuf.loading import LoadedModel

    Arrays = Mapping[str, np.ndarray]


def describe(
    model: LoadedModel, classes: np.ndarray | None, input_shape: tuple[int, ...] | None
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Return the manifest and the weights of the estimator that a graph stands for.

    Parameters
    ----------
    model : LoadedModel
    classes : ndarray or None
        Labels in the order of the outputs. None takes those of the graph, or numbers.
    input_shape : tuple of int or None
        Shape of a sample, channels last, where the graph does not fix it.
    """
    if classes is None and input_shape is None:
        own = written_by_convnet(model)
        if own is not None:
            return own
    target = choose_target(model)
    if classes is None:
        classes = target.classes
    translation = translate(model, target.tensor, input_shape)
    head = split_head(translation.output)
    problems: list[tuple[str, str]] = []
    source = head.feature.vertex
    vertices, last = simplify(
        ancestors(source, translation.vertices),
        source,
        lambda name, reason: problems.append((name, reason)),
    )
    if problems:
        raise unsupported_graph({}, problems)
    users = [one for vertex in vertices for one in vertex.inputs]
    weights, bias, replaces = output_weights(head.feature, last, users.__contains__)
    end = last.inputs[0] if replaces else last
    try:
        net = as_net(ancestors(end, vertices), end)
    except UnsupportedNodeError as error:
        raise unsupported_graph({}, [("the graph", str(error))]) from None
    if net.layers and getattr(net.layers[-1], "activation", None) == "softmax":
        # a softmax before the output layer counts as a mistake, unless a layer follows
        net.layers.append(Activation("linear", name=Names(net.layer_names).unique("linear")))
    name, fitted, weights, bias = _task(
        head, weights, bias, classes, is_classifier=target.is_classifier
    )
    arrays = {**net.arrays, f"{OUTPUT}/weights": weights, f"{OUTPUT}/bias": bias}
    manifest = _manifest(name, net.layers, translation.input, len(bias), fitted)
    return manifest, arrays


def _task(
    head: Head,
    weights: np.ndarray,
    bias: np.ndarray,
    classes: np.ndarray | None,
    *,
    is_classifier: bool,
) -> tuple[str, dict[str, Any], np.ndarray, np.ndarray]:
    """Return the name of the estimator, its fitted attributes about y, and the weights and bias of its output layer.

    A softmax, labels in the graph or `classes` make a classifier. A sigmoid makes one of two classes, or of several
    labels per sample. Anything else makes a regressor.
    """
    n = len(bias)
    if head.activation is None and classes is None and not is_classifier:
        return "ConvNetRegressor", regression_attributes(n), weights, bias
    is_pair = head.activation == "sigmoid" and n == 2
    if is_pair and np.array_equal(weights[:, 0], -weights[:, 1]) and bias[0] == -bias[1]:
        weights, bias, n = weights[:, 1:], bias[1:], 1  # sigmoids of -z and z are two classes
    if head.activation == "sigmoid" and n > 1:
        if classes is not None and not is_classifier:
            raise ClassesError(
                f"from_onnx: the graph ends with a sigmoid of {n} values: several labels per sample, whose classes are "
                "the numbers of the columns. Leave classes out."
            )
        fitted = {"classes_": np.arange(n), "_indicator_dtype": np.dtype(np.int64)}
        return "ConvNetClassifier", fitted, weights, bias
    if n == 1 and head.activation == "softmax":
        raise ValueError("it ends with a softmax of one value, which is always 1")
    wanted = max(n, 2)
    labels, order = label_order(np.arange(wanted) if classes is None else classes)
    if len(labels) != wanted or (classes is not None and len(classes) != wanted):
        raise ClassesError(
            f"from_onnx: the graph tells {wanted} classes apart, but there are {len(labels)} different classes"
            f"{'' if classes is None else f' in the {len(classes)} given'}. Pass one for each output, in their order."
        )
    if n == 1:
        sign = np.float32(1 if order[0] == 0 else -1)
        return "ConvNetClassifier", {"classes_": labels}, weights * sign, bias * sign
    weights, bias = weights[:, order], bias[order]
    if n == 2:  # softmax of two values is a sigmoid of their difference
        weights, bias = weights[:, 1:] - weights[:, :1], bias[1:] - bias[:1]
    return "ConvNetClassifier", {"classes_": labels}, weights, bias


def _manifest(
    estimator: str,
    layers: list[Layer],
    given: GraphInput,
    n_outputs: int,
    fitted: dict[str, Any],
) -> dict[str, Any]:
    shape = given.feature.shape
    input_format = InputFormat(
        shape=shape,
        data_format=given.data_format,
        dtype=given.dtype,
        scale=1.0,
        rescale=None,
        largest=float(DIVISORS.get(given.dtype, 1)),
        sample_shape=given.sample_shape,
    )
    fitted = {**fitted, "n_features_in_": prod(shape)}
    return {
        "estimator": estimator,
        "net": {"layers": to_dicts(layers), "input_shape": list(shape), "n_outputs": n_outputs},
        "input": {f.name: to_json(getattr(input_format, f.name)) for f in fields(InputFormat)},
        "parameters": parameters_of(layers, shape, given.data_format, None),
        "fitted": {
            **{name: to_json(value) for name, value in fitted.items()},
            **untrained_attributes(),
        },
    }


def reader_of(arrays: Arrays) -> Any:
    """Return a function that gives arrays by name as float32, and checks their shapes."""

    def read(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, np.ndarray]:
        found = {}
        for name, shape in shapes.items():
            array = arrays.get(name)
            if array is None or array.shape != tuple(shape):
                raise ValueError(
                    f"{name} has the shape {None if array is None else array.shape} instead of {tuple(shape)}"
                )
            with np.errstate(over="ignore"):  # what is too large for float32 is refused as infinite
                found[name] = np.array(array, dtype=np.float32, order="C")
        return found

    return read
