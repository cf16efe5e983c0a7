"""GraphContext: the values of the tensors so far, and the vertices that operators add.

A value is an array, if it is constant; a `Feature`; a `Grouped`, a reshaped map that only normalization takes; or an
`Elementwise`, a function of the values of a feature. The latter becomes a vertex when an operator asks for its feature,
because the next node may be another part of an activation.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from convnet.layers import Activation, PReLU, ReLU
from convnet.model_io.onnx.reading.errors import UnsupportedNodeError, reason_of
from convnet.model_io.onnx.reading.expressions import (
    MAX_TREE,
    VARIABLE,
    Tree,
    affine,
    inner_function,
    matching_activation,
    peel,
)
from convnet.model_io.onnx.reading.protobuf.tensors import FLOATS
from convnet.model_io.onnx.reading.vertices import AFFINE, Feature, Vertex
from convnet.values.messages import quoted

if TYPE_CHECKING:
    from convnet.layers import Layer
    from convnet.model_io.onnx.reading.budget import Budget
    from convnet.model_io.onnx.reading.protobuf.loading import LoadedModel, Node


@dataclass(frozen=True, eq=False)
class Elementwise:
    """A tensor whose values are a function of the values of a feature at the same places.

    `name` is the name of the last node.
    """

    feature: Feature
    tree: Tree
    name: str = ""


@dataclass(frozen=True, eq=False)
class Grouped:
    """A map or a signal with channels first, reshaped to (n, groups, rest), as around an InstanceNormalization."""

    feature: Feature
    groups: int

    @property
    def dims(self) -> tuple[int, int]:
        """The sizes of the axes of the tensor, without the batch."""
        return self.groups, prod(self.feature.shape) // self.groups


Value: TypeAlias = np.ndarray | Feature | Elementwise | Grouped
MAX_SHIFT = 100.0  # of a bound that is subtracted and added again, which rounds all values like one of its magnitude
MERGED = {"Add": "add", "Mul": "multiply", "Max": "max"}


@dataclass(eq=False)
class GraphContext:
    """What operators may use.

    Attributes
    ----------
    model : LoadedModel
    batch : int
        Size of the first axis of the input; a number that no other axis has if it is not fixed.
    budget : Budget
    values : dict of str to Value
        By the name of the tensor.
    vertices : list of Vertex
        In the order of the graph.
    problems : list of (str, str)
        Nodes that no layer computes, and why.
    """

    model: LoadedModel
    batch: int
    budget: Budget
    values: dict[str, Value] = field(default_factory=dict)
    vertices: list[Vertex] = field(default_factory=list)
    problems: list[tuple[str, str]] = field(default_factory=list)
    _readers: dict[str, Node] = field(default_factory=dict)  # first reader of each constant

    @property
    def has_integers(self) -> bool:
        """Whether the inputs of the graph hold integers or booleans."""
        return all(port.type not in FLOATS for port in self.model.inputs)

    def value(self, node: Node, i: int) -> Value | None:
        """Return an input of a node; None if it is left out."""
        if i >= len(node.inputs) or not node.inputs[i]:
            return None
        return self.values[node.inputs[i]]

    def constant(self, node: Node, i: int) -> np.ndarray | None:
        """Return an input of a node that has to be constant; None if it is left out."""
        value = self.value(node, i)
        if value is None:
            return None
        if isinstance(value, np.ndarray):
            name = node.inputs[i]
            if self._readers.setdefault(name, node) is not node:  # each layer has a copy of its own
                self.budget.spend(value.size, f"the copy of {quoted(name)} for {node}")
            return value
        raise UnsupportedNodeError(f"its input {i} depends on X, but has to be constant here")

    def required(self, node: Node, i: int) -> np.ndarray:
        """Return an input of a node that has to be constant and cannot be left out."""
        array = self.constant(node, i)
        if array is None:
            raise UnsupportedNodeError(f"its input {i} is missing")
        return array

    def feature(self, node: Node, i: int = 0) -> Feature:
        """Return an input of a node that depends on X."""
        value = self.value(node, i)
        if value is None or isinstance(value, np.ndarray):
            raise UnsupportedNodeError(f"its input {i} does not depend on X")
        if isinstance(value, Feature):
            return value
        if isinstance(value, Grouped):
            raise UnsupportedNodeError(
                f"no layer takes the reshaped tensor (n, {value.dims[0]}, {value.dims[1]})"
            )
        found = self.settle(value)
        self.values[node.inputs[i]] = found
        return found

    def settle(self, value: Elementwise) -> Feature:
        """Return the feature that an elementwise function computes. If none does, note it and return its operand.

        Its operand has the same shape, so that what is wrong with later nodes is found too.
        """
        try:
            return self.materialize(value)
        except (UnsupportedNodeError, ValueError) as error:
            self.problems.append((quoted(value.name), reason_of(error)))
            return value.feature

    def add(self, vertex: Vertex) -> Vertex:
        """Add a vertex and return it."""
        self.vertices.append(vertex)
        return vertex

    def layer(
        self,
        name: str,
        layer: Layer,
        source: Vertex,
        arrays: dict[str, np.ndarray] | None = None,
    ) -> Vertex:
        """Add a layer that reads one vertex."""
        shape = tuple(layer.output_shape(source.shape))
        return self.add(Vertex("layer", name, [source], shape, layer, arrays or {}))

    def merge(self, kind: str, name: str, features: list[Feature]) -> Feature:
        """Add a merge of features that have the same layout; for "multiply", some may have one value per channel."""
        largest = max(features, key=lambda feature: len(feature.shape))
        for one in features:
            if not one.has_layout(largest) and not (
                kind == "multiply" and _is_factor(one, largest)
            ):
                raise UnsupportedNodeError(
                    f"its inputs of shapes {largest.dims} and {one.dims} have different layouts"
                )
        return largest.at(
            self.add(Vertex(kind, name, [one.vertex for one in features], largest.shape))
        )

    def affine(self, name: str, feature: Feature, scale: Any, offset: Any) -> Feature:
        """Return scale · feature + offset, with numbers or one value per channel."""
        scale, offset = (np.asarray(value, dtype=np.float64) for value in (scale, offset))
        if (scale == 1).all() and (offset == 0).all():
            return feature
        arrays = {"scale": scale, "offset": offset}
        if not all(np.isfinite(array).all() for array in arrays.values()):
            raise UnsupportedNodeError("it multiplies by, or adds, a value that is not finite")
        return feature.at(
            self.add(Vertex(AFFINE, name, [feature.vertex], feature.shape, arrays=arrays))
        )

    def materialize(self, value: Elementwise) -> Feature:
        """Return the feature that an elementwise function computes."""
        feature, tree, name = value.feature, value.tree, value.name
        if tree is VARIABLE:
            return feature
        line = affine(tree)
        if line is not None:
            return self.affine(name, feature, *line)
        activation = matching_activation(tree)
        if activation is not None:
            return self._activation(name, feature, activation)
        scale, offset, inner = peel(tree)
        if inner is not tree:
            part = self.materialize(Elementwise(feature, inner, name))
            return self.affine(name, part, scale, offset)
        operands = [one for one in tree.operands if isinstance(one, Tree)]
        parts = inner_function(tree) if len(operands) == 2 else None
        if parts is not None:
            part = self.materialize(Elementwise(feature, parts[1], name))
            return self._activation(name, part, parts[0])
        if len(operands) == 2:
            return self._combined(name, feature, tree)
        return self._function(name, feature, tree, operands[0])

    def _activation(self, name: str, feature: Feature, activation: str) -> Feature:
        if activation == "linear":
            return feature
        layer = ReLU() if activation == "relu" else Activation(activation)
        return feature.at(self.layer(name, layer, feature.vertex))

    def _combined(self, name: str, feature: Feature, tree: Tree) -> Feature:
        """Return the merge of two functions of the same feature."""
        parts = [
            self.materialize(Elementwise(feature, one, name))
            for one in tree.operands
            if isinstance(one, Tree)
        ]
        if tree.operator == "Sub":
            parts[1] = self.affine(name, parts[1], -1.0, 0.0)
        kind = MERGED.get("Add" if tree.operator == "Sub" else tree.operator)
        if kind is None:
            raise UnsupportedNodeError(f"no layer computes the {tree.operator} of two tensors")
        return self.merge(kind, name, parts)

    def _function(self, name: str, feature: Feature, tree: Tree, operand: Tree) -> Feature:
        """Return a function of an inner function that is an activation, or bounds, or slopes, by itself."""
        if tree.operator == "Clip":
            return self._clip(
                name, feature, operand, float(tree.operands[1]), float(tree.operands[2])
            )
        if operand is not VARIABLE:
            inner = self.materialize(Elementwise(feature, operand, name))
            outer = Tree(tree.operator, (VARIABLE, *tree.operands[1:]))
            return self.materialize(Elementwise(inner, outer, name))
        if tree.operator == "LeakyRelu":
            slopes = np.asarray(tree.operands[1], dtype=np.float32)
            if slopes.shape != (feature.channels,):
                self.budget.spend(feature.channels, f"the slopes of {name}")
                slopes = np.full(feature.channels, slopes.reshape(()))
            return feature.at(self.layer(name, PReLU(), feature.vertex, {"alpha": slopes}))
        raise UnsupportedNodeError(f"no activation computes its {tree.operator}")

    def _clip(self, name: str, feature: Feature, operand: Tree, low: float, high: float) -> Feature:
        """Return an inner function limited to bounds, by a hard sigmoid or a ReLU of a line."""
        wide = abs(low) > 1e30, abs(high) > 1e30  # as good as no bound
        if all(wide):
            return self.materialize(Elementwise(feature, operand, name))
        if not low < high:
            raise UnsupportedNodeError(f"its bounds are {low:g} and {high:g}")
        bounds = [one for one, is_wide in zip((low, high), wide, strict=True) if not is_wide]
        if max(map(abs, bounds)) > MAX_SHIFT:
            clipped = self.materialize(Elementwise(feature, operand, name))
            return self._clip_far(name, clipped, low, high, wide)
        if any(wide):  # max(x, low) = relu(x - low) + low
            sign, bound = (-1.0, high) if wide[0] else (1.0, low)
            inner = Tree("Mul", (Tree("Sub", (operand, bound)), sign))
            part = self.materialize(Elementwise(feature, inner, name))
            return self.affine(name, self._activation(name, part, "relu"), sign, bound)
        # hard_sigmoid(z) is z / 6 + 1/2 within 0 and 1
        factor = 6 / (high - low)
        inner = Tree("Mul", (Tree("Sub", (operand, (low + high) / 2)), factor))
        part = self.materialize(Elementwise(feature, inner, name))
        return self.affine(name, self._activation(name, part, "hard_sigmoid"), high - low, low)

    def _clip_far(
        self, name: str, feature: Feature, low: float, high: float, wide: tuple[bool, bool]
    ) -> Feature:
        """Return x + relu(low - x) - relu(x - high), which is exact within bounds that are much larger than x."""
        parts = [feature]
        for sign, bound, is_wide in ((-1.0, low, wide[0]), (1.0, high, wide[1])):
            if not is_wide:
                beyond = self.affine(name, feature, sign, -sign * bound)
                part = self._activation(name, beyond, "relu")
                parts.append(self.affine(name, part, -sign, 0.0))
        return self.merge("add", name, parts)

    def elementwise(self, node: Node, i: int = 0) -> Elementwise:
        """Return an input of a node as a function of a feature, with room for another operator."""
        value = self.value(node, i)
        if isinstance(value, Elementwise) and 2 * value.tree.size < MAX_TREE:
            # values per channel belong to a layer, not to an activation
            by_channel = any(np.ndim(constant) for constant in value.tree.constants())
            return Elementwise(self.feature(node, i), VARIABLE) if by_channel else value
        return Elementwise(self.feature(node, i), VARIABLE)


def _is_factor(one: Feature, largest: Feature) -> bool:
    """Return whether a flat feature has one value for each channel of a map, at the axis of its channels."""
    if len(one.shape) != 1 or one.order is not None or one.shape[0] != largest.channels:
        return False
    dims = (*(None for _ in range(len(largest.axes) - len(one.axes))), *one.axes)
    is_channel = [axis == len(largest.shape) - 1 for axis in largest.axes]
    return len(dims) == len(is_channel) and [axis == 0 for axis in dims] == is_channel
