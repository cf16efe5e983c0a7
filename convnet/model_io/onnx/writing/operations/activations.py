"""Activations: of single values, with a learned slope, and the softmax. Also dropout, which predictions leave out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from convnet.graph.ops.elementwise import ActivationOp, DropoutOp
from convnet.graph.ops.prelu import PReLUOp
from convnet.graph.ops.softmax import SoftmaxOp
from convnet.model_io.onnx.writing.graph import Tensor

if TYPE_CHECKING:
    from convnet.graph.ops.base import Op
    from convnet.model_io.onnx.writing.graph import OperationWriter
    from convnet.model_io.onnx.writing.net import NetWriter


# Activations that are one operator: its name, its attributes, the first opset that has it.
OPERATORS: dict[str, tuple[str, dict[str, Any], int]] = {
    "relu": ("Relu", {}, 13),
    "leaky_relu": ("LeakyRelu", {"alpha": 0.01}, 13),
    "elu": ("Elu", {"alpha": 1.0}, 13),
    "gelu": ("Gelu", {"approximate": "none"}, 20),
    "sigmoid": ("Sigmoid", {}, 13),
    "tanh": ("Tanh", {}, 13),
    "hard_sigmoid": ("HardSigmoid", {"alpha": 1 / 6, "beta": 0.5}, 13),
    "hard_swish": ("HardSwish", {}, 14),
    "softplus": ("Softplus", {}, 13),
    "mish": ("Mish", {}, 18),
}


def activation(writer: NetWriter, op: ActivationOp) -> Tensor:
    """Add one operator, or several where the opset has none."""
    x, graph = writer.read(op.src), writer.graph
    operator, attributes, since = OPERATORS.get(op.activation, ("", {}, 0))
    if operator and graph.opset >= since:
        name = graph.node(operator, [x.name], op.layer, op.activation, **attributes)
    else:
        name = COMPOSED[op.activation](writer, op, x.name)
    return Tensor(name, x.shape, x.order)


def _number(writer: NetWriter, op: ActivationOp, value: float) -> str:
    return writer.constant(op, f"{op.activation}/{value:.4g}", np.float32(value))


def _relu6(writer: NetWriter, op: ActivationOp, x: str) -> str:
    """Return min(max(x, 0), 6)."""
    limits = [_number(writer, op, limit) for limit in (0.0, 6.0)]
    return writer.graph.node("Clip", [x, *limits], op.layer, op.activation)


def _silu(writer: NetWriter, op: ActivationOp, x: str) -> str:
    """Return x sigmoid(x)."""
    gate = writer.graph.node("Sigmoid", [x], op.layer)
    return writer.graph.node("Mul", [x, gate], op.layer, op.activation)


def _hard_swish(writer: NetWriter, op: ActivationOp, x: str) -> str:
    """Return x hard_sigmoid(x)."""
    operator, attributes, _ = OPERATORS["hard_sigmoid"]
    gate = writer.graph.node(operator, [x], op.layer, **attributes)
    return writer.graph.node("Mul", [x, gate], op.layer, op.activation)


def _mish(writer: NetWriter, op: ActivationOp, x: str) -> str:
    """Return x tanh(log(1 + exp(x)))."""
    softplus = writer.graph.node("Softplus", [x], op.layer)
    gate = writer.graph.node("Tanh", [softplus], op.layer)
    return writer.graph.node("Mul", [x, gate], op.layer, op.activation)


def _gelu(writer: NetWriter, op: ActivationOp, x: str) -> str:
    """Return x (1 + erf(x / sqrt(2))) / 2."""
    graph, layer = writer.graph, op.layer
    scaled = graph.node("Div", [x, _number(writer, op, np.sqrt(2.0))], layer)
    erf = graph.node("Erf", [scaled], layer)
    shifted = graph.node("Add", [erf, _number(writer, op, 1.0)], layer)
    product = graph.node("Mul", [x, shifted], layer)
    return graph.node("Mul", [product, _number(writer, op, 0.5)], layer, op.activation)


COMPOSED = {
    "relu6": _relu6,
    "silu": _silu,
    "hard_swish": _hard_swish,
    "mish": _mish,
    "gelu": _gelu,
}


def prelu(writer: NetWriter, op: PReLUOp) -> Tensor:
    """Add a PRelu with a slope per channel."""
    x = writer.read(op.src)
    slopes = writer.constant(op, "alpha", writer.per_channel(writer.values(op, "alpha"), x))
    return Tensor(writer.graph.node("PRelu", [x.name, slopes], op.layer), x.shape, x.order)


def softmax(writer: NetWriter, op: SoftmaxOp) -> Tensor:
    """Add a Softmax over the channels, or over the features, whose order does not matter."""
    x = writer.read(op.src)
    return Tensor(writer.graph.node("Softmax", [x.name], op.layer, axis=1), x.shape, x.order)


def dropout(writer: NetWriter, op: DropoutOp) -> Tensor:
    """Add nothing."""
    return writer.read(op.src)


WRITERS: dict[type[Op], OperationWriter] = {
    ActivationOp: activation,
    DropoutOp: dropout,
    PReLUOp: prelu,
    SoftmaxOp: softmax,
}
