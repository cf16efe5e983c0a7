"""Branches: forks, which need no node, and merges."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from convnet.graph.ops.branch import AddOp, ConcatOp, ForkOp, MaximumOp, MultiplyOp
from convnet.model_io.onnx.writing.graph import Tensor

if TYPE_CHECKING:
    from convnet.graph.ops.base import Op
    from convnet.graph.ops.branch import MergeOp
    from convnet.model_io.onnx.writing.graph import OperationWriter
    from convnet.model_io.onnx.writing.net import NetWriter


def fork(writer: NetWriter, op: ForkOp) -> Tensor:
    """Add nothing: both readers read the same value."""
    return writer.read(op.src)


def add(writer: NetWriter, op: AddOp) -> Tensor:
    """Add a sum and, for a mean, a factor."""
    total = _merge(writer, op, "Add")
    if op.scale == 1.0:
        return total
    scale = writer.constant(op, "scale", np.float32(op.scale))
    name = writer.graph.node("Mul", [total.name, scale], op.layer, "mean")
    return Tensor(name, total.shape, total.order)


def multiply(writer: NetWriter, op: MultiplyOp) -> Tensor:
    """Add a product. A flat factor of maps gets axes of size 1."""
    x, factor = writer.read(op.src), writer.read(op.other)
    if x.is_flat or not factor.is_flat:
        return _merge(writer, op, "Mul")
    factor = writer.natural(factor, op.layer)
    axes = np.arange(2, 1 + len(x.shape), dtype=np.int64)
    inputs = [factor.name, writer.graph.constant(axes, f"{op.layer}/axes")]
    scale = writer.graph.node("Unsqueeze", inputs, op.layer)
    return Tensor(writer.graph.node("Mul", [x.name, scale], op.layer), x.shape)


def maximum(writer: NetWriter, op: MaximumOp) -> Tensor:
    """Add the larger of two values."""
    return _merge(writer, op, "Max")


def concat(writer: NetWriter, op: ConcatOp) -> Tensor | None:
    """Add a Concat after the last part."""
    parts = writer.parts.setdefault(op.dst, [])
    parts.append(writer.read(op.src))
    size = sum(part.shape[0] for part in parts)
    if size < op.dst.shape[2]:
        return None
    name = writer.graph.node("Concat", [part.name for part in parts], op.layer, axis=1)
    order = None
    if any(part.order is not None for part in parts):
        starts = np.cumsum([0, *(part.shape[0] for part in parts)])
        orders = [np.arange(part.shape[0]) if part.order is None else part.order for part in parts]
        order = np.concatenate([one + start for one, start in zip(orders, starts, strict=False)])
    return Tensor(name, (size, *parts[0].shape[1:]), order)


def _merge(writer: NetWriter, op: MergeOp, operator: str) -> Tensor:
    x, other = writer.in_one_order([writer.read(op.src), writer.read(op.other)], op.layer)
    name = writer.graph.node(operator, [x.name, other.name], op.layer)
    return Tensor(name, x.shape, x.order)


WRITERS: dict[type[Op], OperationWriter] = {
    AddOp: add,
    ConcatOp: concat,
    ForkOp: fork,
    MaximumOp: maximum,
    MultiplyOp: multiply,
}
