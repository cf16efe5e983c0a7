"""Converters for skl2onnx: fitted nets inside the pipelines and searches that it converts.

Of each estimator, one function sets the types and shapes of the outputs, and one adds the nodes. skl2onnx calls them
with its scope, which makes names unique, its operator, which has inputs, outputs and the estimator, and its container,
which collects nodes and constants.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from convnet.inputs.images import accepted_shapes
from convnet.inputs.target_scaling import TargetScaling
from convnet.inputs.tasks.multilabel import MultilabelClassification
from convnet.model_io.onnx.library import onnx_library
from convnet.model_io.onnx.writing import heads
from convnet.model_io.onnx.writing.graph import OnnxGraph
from convnet.model_io.onnx.writing.model import MIN_OPSET, write_net

if TYPE_CHECKING:
    from convnet.inputs.scaling import InputFormat
    from convnet.model_io.onnx.writing.graph import Tensor


CLASSIFIER_OPTIONS = {
    "zipmap": [True, False, "columns"],
    "nocl": [True, False],
    "raw_scores": [True, False],
    "output_class_labels": [True, False],
}


def classifier_types(operator: Any) -> None:
    """Set the types of labels and probabilities."""
    from skl2onnx.common.data_types import Int64TensorType, StringTensorType

    clf, n = operator.raw_operator, operator.inputs[0].get_first_dimension()
    classes = _classes(operator.scope_inst, clf)
    kind = Int64TensorType if classes.dtype == np.int64 else StringTensorType
    operator.outputs[0].set_type(kind([n, len(classes)] if _has_several(clf) else [n]))
    operator.outputs[1].type.shape = [n, len(classes)]


def regressor_types(operator: Any) -> None:
    """Set the type of the predictions, shape (n, n_outputs)."""
    _set_shape(operator, operator.raw_operator.n_outputs_)


def transformer_types(operator: Any) -> None:
    """Set the type of the embeddings, shape (n, n_features_out)."""
    _set_shape(operator, len(operator.raw_operator.get_feature_names_out()))


def convert_classifier(scope: Any, operator: Any, container: Any) -> None:
    """Add a classifier."""
    clf = operator.raw_operator
    options = container.get_options(clf, dict(raw_scores=False))
    graph, outputs = _write(operator, container)
    if _has_several(clf):
        scores = heads.several_scores(graph, outputs.name)
        label = heads.several_labels(graph, outputs.name)
    else:
        classes = _classes(scope, clf)
        scores = heads.class_scores(graph, outputs.name, len(classes))
        label = heads.class_labels(graph, scores.raw, classes)
    result = scores.raw if options["raw_scores"] else scores.probabilities
    _add(graph, scope, operator, container, [label, result])


def convert_regressor(scope: Any, operator: Any, container: Any) -> None:
    """Add a regressor."""
    graph, outputs = _write(operator, container)
    scaling = TargetScaling.of(vars(operator.raw_operator))
    _add(graph, scope, operator, container, [heads.values(graph, outputs.name, scaling)])


def convert_transformer(scope: Any, operator: Any, container: Any) -> None:
    """Add a transformer."""
    graph, features = _write(operator, container)
    _add(graph, scope, operator, container, [heads.embeddings(graph, features)])


def _has_several(clf: Any) -> bool:
    return isinstance(clf._fitted_task(vars(clf)), MultilabelClassification)


def _classes(scope: Any, clf: Any) -> np.ndarray:
    """Return the classes as labels, or their numbers with the option `nocl`."""
    nocl = scope.get_options(clf, dict(nocl=False))["nocl"]
    return np.arange(len(clf.classes_)) if nocl else heads.as_labels(clf.classes_)


def _set_shape(operator: Any, n_columns: int) -> None:
    from skl2onnx.common.data_types import guess_tensor_type

    source = operator.inputs[0]
    kind = type(guess_tensor_type(source.type))
    operator.outputs[0].set_type(kind([source.get_first_dimension(), n_columns]))


def _write(operator: Any, container: Any) -> tuple[OnnxGraph, Tensor]:
    """Return a graph with the net of an operator, and the outputs of the net or of a transformer's layer."""
    onnx, estimator = onnx_library("convnet.onnx"), operator.raw_operator
    net, layer = estimator._exported()
    opset = container.target_opset_any_domain("")
    if opset < MIN_OPSET:
        raise ValueError(
            f"{type(estimator).__name__}: target_opset must be {MIN_OPSET} or more; got {opset}."
        )
    source = operator.inputs[0]
    graph = OnnxGraph(onnx, opset, [source.full_name])
    dtype = onnx.helper.tensor_dtype_to_np_dtype(source.type._get_element_onnx_type())
    shape = _sample_shape(source.type.shape, net._input_format, type(estimator).__name__)
    return graph, write_net(graph, net, source.full_name, shape, dtype, layer)


def _sample_shape(shape: list[Any], given: InputFormat, name: str) -> tuple[int, ...]:
    """Return the shape of a sample that the net accepts and that a type allows, in which sizes may be unknown."""
    accepted = accepted_shapes(given.shape, given.data_format)
    for found in accepted:
        sizes = shape[1:]
        if len(found) == len(sizes) and all(
            not isinstance(size, int) or size == n for size, n in zip(sizes, found, strict=True)
        ):
            return found
    forms = " or ".join(str([None, *one]) for one in dict.fromkeys(accepted))
    raise ValueError(
        f"{name}: the net takes X of shape {forms}; got {shape}. Pass such a shape in initial_types."
    )


def _add(graph: OnnxGraph, scope: Any, operator: Any, container: Any, results: list[str]) -> None:
    """Add a graph to the container, with names that are unique there, and connect its results with the outputs."""
    onnx = graph.onnx
    graph.prune(results)
    own = [*(t.name for t in graph.initializers), *(o for n in graph.nodes for o in n.output)]
    names = {name: scope.get_unique_variable_name(name) for name in own}
    for tensor in graph.initializers:
        content = tensor
        if tensor.data_type == onnx.TensorProto.STRING:
            content = list(tensor.string_data)
        container.add_initializer(names[tensor.name], tensor.data_type, list(tensor.dims), content)
    for node in graph.nodes:
        container.add_node(
            node.op_type,
            [names.get(name, name) for name in node.input],
            [names[name] for name in node.output],
            op_domain=node.domain,
            op_version=graph.opset,
            name=scope.get_unique_operator_name(node.name),
            **{a.name: onnx.helper.get_attribute_value(a) for a in node.attribute},
        )
    for result, output in zip(results, operator.outputs, strict=True):
        kind = output.type._get_element_onnx_type()
        container.add_node(  # labels keep their type; others become that of the pipeline
            "Cast" if kind != onnx.TensorProto.STRING else "Identity",
            [names[result]],
            [output.full_name],
            op_version=graph.opset,
            name=scope.get_unique_operator_name(f"{operator.full_name}/{output.raw_name}"),
            **({} if kind == onnx.TensorProto.STRING else {"to": kind}),
        )
