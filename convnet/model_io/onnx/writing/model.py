"""to_model: a fitted estimator as an ONNX model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from convnet.graph import Plan
from convnet.inputs.target_scaling import TargetScaling
from convnet.inputs.tasks.multilabel import MultilabelClassification
from convnet.model_io.onnx.digest import graph_digest
from convnet.model_io.onnx.writing import heads
from convnet.model_io.onnx.writing.graph import OnnxGraph
from convnet.model_io.onnx.writing.metadata import metadata
from convnet.model_io.onnx.writing.model_input import write_input
from convnet.model_io.onnx.writing.net import NetWriter
from convnet.model_io.onnx.writing.operations import write_operations

if TYPE_CHECKING:
    from collections.abc import Collection
    from types import ModuleType

    from convnet.model_io.onnx.writing.graph import Tensor


X = "X"
MIN_OPSET = 13
FORMS = ("tensor", "zipmap", "columns")
ML_OPSET = 1  # of the domain ai.onnx.ml, which has ZipMap


@dataclass(frozen=True)
class ClassifierOutputs:
    """The outputs of a classifier's model.

    Parameters
    ----------
    proba : {"tensor", "zipmap", "columns"}
        The form of the probabilities.
    labels : bool
        Whether there is an output for labels.
    """

    proba: str
    labels: bool


def to_model(
    onnx: ModuleType,
    estimator: Any,
    net: Any,
    *,
    opset: int,
    layer: str | None = None,
    outputs: ClassifierOutputs | None = None,
) -> Any:
    """Return the ModelProto of a fitted net.

    Parameters
    ----------
    onnx : module
        The library.
    estimator : BaseConvNet or ConvNetTransformer
        Fitted estimator.
    net : BaseConvNet
        Its net.
    opset : int
        Version of the operators.
    layer : str, default=None
        Name of the layer whose outputs the model returns. None returns predictions.
    outputs : ClassifierOutputs, default=None
        Outputs of a classifier. None for other estimators.
    """
    given, classes = net._input_format, getattr(net, "classes_", None)
    reserved = [X, *_output_names(classes if layer is None else None, outputs, layer)]
    graph = OnnxGraph(onnx, opset, reserved)
    sample_shape = given.shape_in_fit
    dtype = np.dtype(given.dtype)
    result = write_net(graph, net, X, sample_shape, dtype, layer)
    infos = _Infos(onnx)
    if layer is not None:
        heads.embeddings(graph, result, heads.EMBEDDINGS)
        infos.tensor(heads.EMBEDDINGS, np.float32, [int(np.prod(result.shape))])
    elif classes is None:
        scaling = TargetScaling.of(vars(net))
        n_outputs = len(scaling.mean)
        name = heads.values(graph, result.name, scaling)
        heads.as_predicted(graph, name, n_outputs, heads.PREDICTION)
        infos.tensor(heads.PREDICTION, np.float64, [] if n_outputs == 1 else [n_outputs])
    else:
        assert outputs is not None
        _classifier(graph, net, result.name, outputs, infos)
    graph.prune(info.name for info in infos.infos)
    properties = metadata(estimator, net, layer)
    return _model(graph, sample_shape, dtype, infos, properties, net.weights_)


def write_net(
    graph: OnnxGraph,
    net: Any,
    x: str,
    sample_shape: tuple[int, ...],
    dtype: np.dtype,
    layer: str | None = None,
) -> Tensor:
    """Add the nodes of a fitted net and return its outputs, or those of a layer.

    Parameters
    ----------
    graph : OnnxGraph
    net : BaseConvNet
    x : str
        Name of X in the graph.
    sample_shape, dtype : tuple of int, dtype
        Of X.
    layer : str, default=None
        Name of the layer.
    """
    cache = net._network_cache
    plan = Plan(cache.layers, cache.input_shape, cache.n_outputs)
    source = write_input(graph, x, sample_shape, dtype, net._input_format)
    return write_operations(NetWriter(graph, plan, net.weights_, source), layer)


def _output_names(
    classes: np.ndarray | None, outputs: ClassifierOutputs | None, layer: str | None
) -> list[str]:
    if layer is not None:
        return [heads.EMBEDDINGS]
    if outputs is None or classes is None:
        return [heads.PREDICTION]
    if outputs.proba == "columns":
        return [heads.LABEL, *_column_names(classes)]
    return [heads.LABEL, heads.PROBABILITIES]


def _column_names(classes: np.ndarray) -> list[str]:
    return [f"probability_{label}" for label in heads.as_labels(classes)]


class _Infos:
    """The outputs of a model with their types."""

    def __init__(self, onnx: ModuleType) -> None:
        self.onnx, self.infos = onnx, list[Any]()

    def tensor(self, name: str, dtype: Any, shape: list[int]) -> None:
        """Add a tensor; `shape` is that of a sample."""
        kind = self.onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
        self.infos.append(self.onnx.helper.make_tensor_value_info(name, kind, ["n", *shape]))

    def dictionaries(self, name: str, key: Any) -> None:
        """Add a list of dicts from classes to float32."""
        helper, kinds = self.onnx.helper, self.onnx.TensorProto
        value = helper.make_tensor_type_proto(kinds.FLOAT, [])
        key_kind = kinds.INT64 if key == np.int64 else kinds.STRING
        kind = helper.make_sequence_type_proto(helper.make_map_type_proto(key_kind, value))
        self.infos.append(helper.make_value_info(name, kind))


def _classifier(
    graph: OnnxGraph, net: Any, logits: str, outputs: ClassifierOutputs, infos: _Infos
) -> None:
    """Add the outputs of a classifier."""
    classes = net.classes_
    several = isinstance(net._fitted_task(vars(net)), MultilabelClassification)
    is_tensor = outputs.proba == "tensor"
    output = heads.PROBABILITIES if is_tensor else None
    if several:
        scores = heads.several_scores(graph, logits, output)
    else:
        scores = heads.class_scores(graph, logits, len(classes), output)
    if outputs.labels:
        if several:
            heads.several_labels(graph, logits, heads.LABEL)
        else:
            heads.class_labels(graph, scores.raw, classes, heads.LABEL)
        dtype = heads.as_labels(classes).dtype
        infos.tensor(heads.LABEL, dtype, [len(classes)] if several else [])
    if is_tensor:
        infos.tensor(heads.PROBABILITIES, np.float32, [len(classes)])
    elif outputs.proba == "zipmap":
        heads.dictionaries(graph, scores.probabilities, classes, heads.PROBABILITIES)
        infos.dictionaries(heads.PROBABILITIES, heads.as_labels(classes).dtype)
    else:
        names = _column_names(classes)
        heads.columns(graph, scores.probabilities, names)
        for name in names:
            infos.tensor(name, np.float32, [])


def _model(
    graph: OnnxGraph,
    sample_shape: tuple[int, ...],
    dtype: np.dtype,
    infos: _Infos,
    properties: dict[str, str],
    parameters: Collection[str],
) -> Any:
    helper = graph.onnx.helper
    kind = helper.np_dtype_to_tensor_dtype(dtype)
    source = helper.make_tensor_value_info(X, kind, ["n", *sample_shape])
    made = helper.make_graph(
        graph.nodes, "convnet", [source], infos.infos, initializer=graph.initializers
    )
    opsets = [helper.make_opsetid("", graph.opset)]
    if any(node.domain for node in graph.nodes):
        opsets.append(helper.make_opsetid("ai.onnx.ml", ML_OPSET))
    model = helper.make_model(
        made,
        opset_imports=opsets,
        ir_version=helper.find_min_ir_version_for(opsets),  # which older runtimes read
        producer_name="convnet",
        producer_version=properties["convnet.version"],
    )
    digest = graph_digest(made, parameters)
    helper.set_model_props(model, {**properties, "convnet.graph": digest})
    return model
