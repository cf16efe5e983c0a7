"""The nodes of a graph as vertices, one after the other. What has no counterpart is collected, for one message."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from convnet.model_io.onnx.reading.budget import Budget
from convnet.model_io.onnx.reading.context import Elementwise, GraphContext
from convnet.model_io.onnx.reading.errors import (
    UnsupportedNodeError,
    reason_of,
    unsupported_graph,
)
from convnet.model_io.onnx.reading.folding import FOLDERS, fold
from convnet.model_io.onnx.reading.inputs import GraphInput, read_input
from convnet.model_io.onnx.reading.operators import OPERATORS
from convnet.model_io.onnx.reading.vertices import Feature
from convnet.values.messages import quoted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from convnet.model_io.onnx.reading.context import Value
    from convnet.model_io.onnx.reading.protobuf.loading import LoadedModel, Node
    from convnet.model_io.onnx.reading.vertices import Vertex


@dataclass(eq=False)
class Translation:
    """A graph as vertices.

    Attributes
    ----------
    input : GraphInput
    output : Feature
    vertices : list of Vertex
        Each after those that it reads.
    """

    input: GraphInput
    output: Feature
    vertices: list[Vertex]


def needed_nodes(model: LoadedModel, tensor: str) -> list[Node]:
    """Return the nodes that a tensor depends on, in order."""
    wanted, found = {tensor}, []
    for node in reversed(model.nodes):
        if not wanted.isdisjoint(node.outputs):
            found.append(node)
            wanted.update(node.inputs)
    return found[::-1]


def translate(model: LoadedModel, tensor: str, input_shape: tuple[int, ...] | None) -> Translation:
    """Return the vertices that compute a tensor.

    Parameters
    ----------
    model : LoadedModel
    tensor : str
        Name of the tensor.
    input_shape : tuple of int or None
        Shape of a sample, channels last, where the graph does not fix it.

    Raises
    ------
    ModelFileError
        If the layers of convnet cannot express the graph. The message lists all operators and nodes.
    InputShapeError, ValueError
        See `read_input`.
    """
    nodes = needed_nodes(model, tensor)
    _require_known(nodes)
    given = read_input(model, nodes, input_shape)
    used = {name for node in nodes for name in node.inputs} | {tensor}
    values: dict[str, Value] = {name: model.initializer(name) for name in used if model.holds(name)}
    values[given.tensor] = given.feature
    ctx = GraphContext(model, given.batch, Budget(model.size), values, [given.feature.vertex])
    unused = {name: node for node in nodes for name in node.outputs[1:] if name}
    for node in nodes:
        if node.outputs[0] == given.tensor:
            continue
        ctx.problems += [
            (str(unused[name]), f"no layer computes its output {quoted(name)}, which {node} reads")
            for name in node.inputs
            if name in unused
        ]
        if any(name and name not in ctx.values for name in node.inputs):
            continue  # it depends on a node that is already in the list
        try:
            ctx.values[node.outputs[0]] = _value(node, ctx)
        except (UnsupportedNodeError, ValueError, TypeError, IndexError, OverflowError) as error:
            ctx.problems.append((str(node), reason_of(error)))
    value = ctx.values.get(tensor)
    output = ctx.settle(value) if isinstance(value, Elementwise) else value
    if ctx.problems:
        raise unsupported_graph({}, ctx.problems)
    if tensor not in ctx.values:
        raise ValueError(f"its output {tensor[:60]!r} is not the first output of its node")
    if not isinstance(output, Feature):
        raise ValueError("its output does not depend on its input, or is not one row per sample")
    return Translation(given, output, ctx.vertices)


def _value(node: Node, ctx: GraphContext) -> Value:
    values = [ctx.values[name] if name else None for name in node.inputs]
    constants = [value for value in values if value is None or isinstance(value, np.ndarray)]
    if len(constants) == len(values) and node.operator in FOLDERS:
        return fold(node, constants, ctx.model, ctx.budget)
    if node.operator not in OPERATORS:
        raise UnsupportedNodeError(f"{node.operator} is supported for constants only")
    value = OPERATORS[node.operator](node, ctx)
    return replace(value, name=node.name) if isinstance(value, Elementwise) else value


def _require_known(nodes: Sequence[Node]) -> None:
    """Raise ModelFileError if there are nodes with operators that are never supported. It lists all of them."""
    unknown: dict[str, list[str]] = {}
    for node in nodes:
        if node.operator not in OPERATORS and node.operator not in FOLDERS:
            unknown.setdefault(node.operator, []).append(node.name)
    if unknown:
        raise unsupported_graph(unknown, [])
