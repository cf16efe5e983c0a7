"""Arithmetic and activations. Functions of one tensor stay trees until another operator reads them."""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from convnet.layers import Activation, Dense, Dropout, PReLU
from convnet.layers.geometry import MAX_VALUES
from convnet.model_io.onnx.reading.context import MERGED, Elementwise
from convnet.model_io.onnx.reading.errors import UnsupportedNodeError
from convnet.model_io.onnx.reading.expressions import BINARY, MAX_TREE, UNARY, Tree
from convnet.model_io.onnx.reading.operators.registry import operator
from convnet.model_io.onnx.reading.protobuf.tensors import FLOATS
from convnet.model_io.onnx.reading.vertices import INPUT, LOG_SOFTMAX, Feature, Vertex

if TYPE_CHECKING:
    from convnet.model_io.onnx.reading.context import GraphContext, Value
    from convnet.model_io.onnx.reading.protobuf.loading import Node

WIDE_INTEGERS = (6, 7)  # codes of int32 and int64
MAX_RATE = 0.999  # of dropout
BOUNDS = {"Max": (None, np.inf), "Min": (-np.inf, None)}  # None is the constant operand
SELU_ALPHA, SELU_GAMMA = 1.67326319217681884765625, 1.05070102214813232421875


@operator("Identity")
def identity(node: Node, ctx: GraphContext) -> Value:
    value = ctx.value(node, 0)
    if value is None:
        raise UnsupportedNodeError("its input is missing")
    return value


@operator("Cast", "CastLike")
def cast(node: Node, ctx: GraphContext) -> Value:
    """Return the input, because layers compute in float32. Only an input of integers may become wide integers."""
    value = identity(node, ctx)
    if node.operator == "CastLike":
        like = ctx.value(node, 1)
        is_kept = not isinstance(like, np.ndarray) or like.dtype.kind == "f"
    else:
        to = node.get("to", FLOATS[0])
        is_input = isinstance(value, Feature) and value.vertex.kind == INPUT
        is_kept = to in FLOATS or (to in WIDE_INTEGERS and is_input and ctx.has_integers)
    if not is_kept:
        raise UnsupportedNodeError("it rounds to integers or booleans, which no layer does")
    return value


@operator("Dropout")
def dropout(node: Node, ctx: GraphContext) -> Feature:
    feature = ctx.feature(node)
    given = ctx.constant(node, 1)
    rate = float(node.get("ratio", 0.5) if given is None else given.reshape(()))
    if not 0 <= rate <= 1:
        raise UnsupportedNodeError(f"its ratio is {rate:g}")
    return feature.at(ctx.layer(node.name, Dropout(min(rate, MAX_RATE)), feature.vertex))


@operator(*UNARY)
def unary(node: Node, ctx: GraphContext) -> Elementwise:
    return _grown(ctx.elementwise(node), node.operator)


def _grown(value: Elementwise, name: str, *constants: Any) -> Elementwise:
    """Return an operator of a function of a feature."""
    return Elementwise(value.feature, Tree(name, (value.tree, *constants)))


def _clip(value: Elementwise, low: float, high: float) -> Elementwise:
    return _grown(value, "Clip", low, high)


@operator("Relu")
def relu(node: Node, ctx: GraphContext) -> Elementwise:
    return _clip(ctx.elementwise(node), 0.0, np.inf)


@operator("Clip")
def clip(node: Node, ctx: GraphContext) -> Elementwise:
    bounds = []
    for i, (attribute, default) in enumerate((("min", -np.inf), ("max", np.inf)), start=1):
        given = ctx.constant(node, i)
        if given is not None and given.size != 1:
            raise UnsupportedNodeError("a bound is not a number")
        bounds.append(float(node.get(attribute, default) if given is None else given.reshape(())))
    return _clip(ctx.elementwise(node), *bounds)


@operator("HardSigmoid")
def hard_sigmoid(node: Node, ctx: GraphContext) -> Elementwise:
    return _hard_sigmoid(ctx.elementwise(node), node.get("alpha", 0.2), node.get("beta", 0.5))


def _hard_sigmoid(value: Elementwise, alpha: float, beta: float) -> Elementwise:
    return _clip(_grown(_grown(value, "Mul", alpha), "Add", beta), 0.0, 1.0)


def _times_self(value: Elementwise, factor: Elementwise) -> Elementwise:
    return Elementwise(value.feature, Tree("Mul", (value.tree, factor.tree)))


@operator("HardSwish")
def hard_swish(node: Node, ctx: GraphContext) -> Elementwise:
    value = ctx.elementwise(node)
    return _times_self(value, _hard_sigmoid(value, 1 / 6, 0.5))


@operator("Swish")
def swish(node: Node, ctx: GraphContext) -> Elementwise:
    value = ctx.elementwise(node)
    return _times_self(value, _grown(_grown(value, "Mul", node.get("alpha", 1.0)), "Sigmoid"))


@operator("Mish")
def mish(node: Node, ctx: GraphContext) -> Elementwise:
    value = ctx.elementwise(node)
    return _times_self(value, _grown(_grown(value, "Softplus"), "Tanh"))


@operator("Gelu")
def gelu(node: Node, ctx: GraphContext) -> Elementwise:
    if node.get("approximate", "none") != "none":
        raise UnsupportedNodeError("no activation is the tanh approximation of GELU")
    value = ctx.elementwise(node)
    normal = _grown(_grown(_grown(value, "Div", sqrt(2.0)), "Erf"), "Add", 1.0)
    return _times_self(value, _grown(normal, "Mul", 0.5))


@operator("LeakyRelu")
def leaky_relu(node: Node, ctx: GraphContext) -> Elementwise:
    return _grown(ctx.elementwise(node), "LeakyRelu", node.get("alpha", 0.01))


@operator("Elu")
def elu(node: Node, ctx: GraphContext) -> Elementwise:
    return _grown(ctx.elementwise(node), "Elu", node.get("alpha", 1.0))


@operator("Selu")
def selu(node: Node, ctx: GraphContext) -> Elementwise:
    value = _grown(ctx.elementwise(node), "Elu", node.get("alpha", SELU_ALPHA))
    return _grown(value, "Mul", node.get("gamma", SELU_GAMMA))


@operator("PRelu")
def prelu(node: Node, ctx: GraphContext) -> Feature:
    feature = ctx.feature(node)
    slopes = per_channel(feature, ctx.required(node, 1))
    if slopes.ndim == 0:
        ctx.budget.spend(feature.channels, f"the slopes of {node}")
        slopes = np.full(feature.channels, slopes)
    return feature.at(ctx.layer(node.name, PReLU(), feature.vertex, {"alpha": slopes}))


def per_channel(feature: Feature, array: np.ndarray) -> np.ndarray:
    """Return a constant operand as a number or as one value per channel, in the order of the vertex.

    Raise UnsupportedNodeError if it has other values for other pixels, or would make the tensor larger.
    """
    if array.dtype.kind not in "iuf":
        raise UnsupportedNodeError(f"its constant has the type {array.dtype}")
    dims = (1, *feature.dims)
    if array.size == 1 and array.ndim <= len(dims):
        return np.asarray(array.reshape(()), dtype=np.float64)
    shape = (*(1 for _ in range(len(dims) - array.ndim)), *array.shape)
    wide = [axis for axis, n in enumerate(shape) if n != 1]
    if len(shape) != len(dims) or wide != [feature.channel_axis] or array.size != feature.channels:
        raise UnsupportedNodeError(
            f"a constant of shape {array.shape} is not one value per channel of a tensor "
            f"(n, {', '.join(map(str, feature.dims))})"
        )
    return feature.ordered(array.reshape(-1).astype(np.float64))


@operator(*BINARY)
def binary(node: Node, ctx: GraphContext) -> Value:
    if len(node.inputs) != 2:
        return several(node, ctx)
    values = [ctx.value(node, i) for i in range(2)]
    if any(value is None for value in values):
        raise UnsupportedNodeError("an input is missing")
    constants = [isinstance(value, np.ndarray) for value in values]
    if any(constants):
        i = constants.index(False)
        value = ctx.elementwise(node, i)
        widened = _widened(node, ctx, i)
        if widened is not None:
            return widened
        constant = ctx.required(node, 1 - i)
        if constant.dtype.kind in "iu" and (node.operator == "Div" or constant.dtype.itemsize < 4):
            raise UnsupportedNodeError(
                f"it computes in {constant.dtype}, which rounds or wraps around. Cast to floats first"
            )
        operand = per_channel(value.feature, constant)
        if node.operator in BOUNDS and operand.ndim == 0:
            low, high = BOUNDS[node.operator]
            return _clip(value, *(float(operand) if one is None else one for one in (low, high)))
        operands = (value.tree, operand) if i == 0 else (operand, value.tree)
        return Elementwise(value.feature, Tree(node.operator, operands))
    one, other = (ctx.elementwise(node, i) for i in range(2))
    size = one.tree.size + other.tree.size
    is_same = one.feature.vertex is other.feature.vertex
    if is_same and size < MAX_TREE and one.feature.has_layout(other.feature):
        return Elementwise(one.feature, Tree(node.operator, (one.tree, other.tree)))
    features = [ctx.feature(node, i) for i in range(2)]
    if node.operator == "Sub":
        features[1] = ctx.affine(node.name, features[1], -1.0, 0.0)
    kind = MERGED.get("Add" if node.operator == "Sub" else node.operator)
    if kind is None:
        raise UnsupportedNodeError(f"no layer computes the {node.operator} of two tensors")
    return ctx.merge(kind, node.name, features)


@operator("Where")
def where(node: Node, ctx: GraphContext) -> Elementwise:
    """Return a choice between functions of one tensor, such as a formula and what it tends to."""
    values = [ctx.value(node, i) for i in range(3)]
    if any(value is None for value in values):
        raise UnsupportedNodeError("an input is missing")
    functions = {
        i: ctx.elementwise(node, i)
        for i, value in enumerate(values)
        if not isinstance(value, np.ndarray)
    }
    first = next(iter(functions.values()))
    feature = first.feature
    is_same = all(
        one.feature.vertex is feature.vertex and one.feature.has_layout(feature)
        for one in functions.values()
    )
    if not is_same or sum(one.tree.size for one in functions.values()) >= MAX_TREE:
        raise UnsupportedNodeError("no layer chooses between values of several tensors")
    operands = [
        functions[i].tree if i in functions else per_channel(feature, ctx.required(node, i))
        for i in range(3)
    ]
    return Elementwise(feature, Tree("Where", tuple(operands)))


def _widened(node: Node, ctx: GraphContext, i: int) -> Feature | None:
    """Return a row times one feature: a dense layer. None if the node computes something else."""
    row = ctx.required(node, 1 - i)
    if node.operator != "Mul" or row.size < 2 or row.size != row.shape[-1] or row.dtype.kind != "f":
        return None
    feature = ctx.feature(node, i)
    if feature.axes != (0,) or feature.channels != 1 or row.ndim > 2:
        return None
    layer = Dense(row.size, use_bias=False)
    arrays = {"weights": row.reshape(1, -1)}
    return feature.at(ctx.layer(node.name, layer, feature.vertex, arrays))


@operator("Sum", "Mean")
def several(node: Node, ctx: GraphContext) -> Value:
    kind = {"Sum": "add", "Mean": "mean", "Max": "max"}.get(node.operator)
    if kind is None or not node.inputs:
        raise UnsupportedNodeError(f"no layer computes the {node.operator} of several tensors")
    if len(node.inputs) == 1:
        return ctx.feature(node)
    return ctx.merge(kind, node.name, [ctx.feature(node, i) for i in range(len(node.inputs))])


@operator("Softmax", "LogSoftmax")
def softmax(node: Node, ctx: GraphContext) -> Feature:
    feature = ctx.feature(node)
    axis = node.get("axis", -1 if node.opset >= 13 else 1)
    axis = axis + len(feature.axes) + 1 if axis < 0 else axis
    # before version 13, all axes from this one on count together
    joined = node.opset < 13 and np.prod(feature.dims[axis - 1 :], dtype=object) > feature.channels
    if axis != feature.channel_axis or joined or np.prod(feature.shape, dtype=object) > MAX_VALUES:
        raise UnsupportedNodeError("it is not over the channels")
    if node.operator == "LogSoftmax":
        return feature.at(ctx.add(Vertex(LOG_SOFTMAX, node.name, [feature.vertex], feature.shape)))
    return feature.at(ctx.layer(node.name, Activation("softmax"), feature.vertex))
