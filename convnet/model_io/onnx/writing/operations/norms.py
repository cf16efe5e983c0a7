"""Normalizations, and channels shifted and scaled by constants."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from convnet.graph.ops.affine import AffineOp
from convnet.graph.ops.batchnorm import BatchNormOp
from convnet.graph.ops.groupnorm import GroupNormOp
from convnet.graph.ops.lrn import LRNOp
from convnet.model_io.onnx.writing.graph import Tensor

if TYPE_CHECKING:
    from convnet.graph.ops.base import Op
    from convnet.model_io.onnx.writing.graph import OperationWriter
    from convnet.model_io.onnx.writing.net import NetWriter


def affine(writer: NetWriter, op: AffineOp) -> Tensor:
    """Add (x - mean) / deviation of `Normalize`, or scale · x + offset of `Rescale`."""
    x = writer.read(op.src)
    name = x.name
    steps: list[tuple[str, str, np.ndarray | np.generic]]
    if op.parameters:
        deviation = writer.values(op, "deviation")
        divisor = np.where(deviation > op.epsilon, deviation, np.float32(1))
        steps = [
            ("Sub", "mean", writer.per_channel(writer.values(op, "mean"), x)),
            ("Div", "deviation", writer.per_channel(divisor, x)),
        ]
    else:
        steps = [("Mul", "scale", np.float32(op.scale))] if op.scale != 1.0 else []
        steps += [("Add", "offset", np.float32(op.offset))] if op.offset != 0.0 else []
    for operator, role, array in steps:
        name = writer.graph.node(operator, [name, writer.constant(op, role, array)], op.layer)
    return Tensor(name, x.shape, x.order)


def batch_norm(writer: NetWriter, op: BatchNormOp) -> Tensor:
    """Add a BatchNormalization with the running statistics."""
    x = writer.read(op.src)
    constants = [
        writer.graph.constant(writer.in_order(writer.values(op, role), x), op.parameters[role].name)
        for role in ("gamma", "beta", "mean", "variance")
    ]
    name = writer.graph.node(
        "BatchNormalization",
        [x.name, *constants],
        op.layer,
        epsilon=op.epsilon,
        momentum=op.momentum,
    )
    return Tensor(name, x.shape, x.order)


def group_norm(writer: NetWriter, op: GroupNormOp) -> Tensor:
    """Add an InstanceNormalization, of the groups as channels unless each channel is a group."""
    graph, layer = writer.graph, op.layer
    x = writer.natural(writer.read(op.src), layer)
    gamma, beta = writer.values(op, "gamma"), writer.values(op, "beta")
    if op.groups == len(gamma) and not x.is_flat:
        constants = [writer.constant(op, "gamma", gamma), writer.constant(op, "beta", beta)]
        name = graph.node("InstanceNormalization", [x.name, *constants], layer, epsilon=op.epsilon)
        return Tensor(name, x.shape)
    units = [
        writer.constant(op, "ones", np.ones(op.groups, np.float32)),
        writer.constant(op, "zeros", np.zeros(op.groups, np.float32)),
    ]
    grouped = reshape(writer, layer, x.name, (op.groups, -1), "groups")
    normal = graph.node("InstanceNormalization", [grouped, *units], layer, epsilon=op.epsilon)
    name = reshape(writer, layer, normal, x.shape, "channels")
    for operator, role, array in (("Mul", "gamma", gamma), ("Add", "beta", beta)):
        constant = writer.constant(op, role, writer.per_channel(array, x))
        name = graph.node(operator, [name, constant], layer)
    return Tensor(name, x.shape)


def lrn(writer: NetWriter, op: LRNOp) -> Tensor:
    """Add an LRN. Windows of even size, which reach one channel further back, are averages over an axis of channels.

    y = x / (k + alpha / size Σ x²)^beta; the sum is the average times the number of channels in the window.
    """
    graph, layer = writer.graph, op.layer
    x = writer.natural(writer.read(op.src), layer)
    if op.size % 2 and len(x.shape) == 3:
        name = graph.node(
            "LRN", [x.name], layer, size=op.size, alpha=op.alpha, beta=op.beta, bias=op.k
        )
        return Tensor(name, x.shape)
    left, right = op.reach
    window = left + 1 + right
    square = graph.node("Mul", [x.name, x.name], layer, "square")
    planes = reshape(writer, layer, square, (1, x.shape[0], -1), "planes")
    average = graph.node(
        "AveragePool",
        [planes],
        layer,
        kernel_shape=[window, 1],
        pads=[left, 0, right, 0],
        count_include_pad=1,
    )
    name = reshape(writer, layer, average, x.shape, "channels")
    for operator, role, value in (
        ("Mul", "factor", op.alpha * window / op.size),
        ("Add", "k", op.k),
        ("Pow", "beta", op.beta),
    ):
        name = graph.node(operator, [name, writer.constant(op, role, np.float32(value))], layer)
    return Tensor(graph.node("Div", [x.name, name], layer), x.shape)


def reshape(writer: NetWriter, layer: str, x: str, shape: tuple[int, ...], word: str) -> str:
    """Add a Reshape of each sample."""
    target = writer.graph.constant(np.asarray((0, *shape), np.int64), f"{layer}/{word}")
    return writer.graph.node("Reshape", [x, target], layer, word)


WRITERS: dict[type[Op], OperationWriter] = {
    AffineOp: affine,
    BatchNormOp: batch_norm,
    GroupNormOp: group_norm,
    LRNOp: lrn,
}
