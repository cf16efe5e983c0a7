"""Convolutions, transposed convolutions and dense layers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from convnet.graph.ops.conv2d import Conv2DOp
from convnet.graph.ops.conv2dtranspose import Conv2DTransposeOp
from convnet.graph.ops.dense import DenseOp
from convnet.model_io.onnx.writing.graph import Tensor

if TYPE_CHECKING:
    from convnet.graph.ops.base import Op
    from convnet.model_io.onnx.writing.graph import OperationWriter
    from convnet.model_io.onnx.writing.net import NetWriter


def _bias(writer: NetWriter, op: Op) -> list[str]:
    if "bias" not in op.parameters:
        return []
    return [writer.constant(op, "bias", writer.values(op, "bias"))]


def _kernels(writer: NetWriter, op: Op) -> np.ndarray:
    """Return weights whose last two axes are those of the channels with both in front, exchanged."""
    weights = writer.values(op, "weights")
    last = weights.ndim - 1
    return weights.transpose(last, last - 1, *range(last - 1))


def convolution(writer: NetWriter, op: Conv2DOp) -> Tensor:
    """(kh, kw, c / groups, filters) becomes (filters, c / groups, kh, kw)."""
    weights = writer.constant(op, "weights", _kernels(writer, op))
    name = writer.graph.node(
        "Conv",
        [writer.read(op.src).name, weights, *_bias(writer, op)],
        op.layer,
        kernel_shape=writer.axes(op.kernel),
        strides=writer.axes(op.stride),
        pads=writer.pads(op.padding),
        dilations=writer.axes(op.dilation),
        group=op.groups,
    )
    return Tensor(name, writer.shape(op.dst))


def transposed_convolution(writer: NetWriter, op: Conv2DTransposeOp) -> Tensor:
    """(kh, kw, filters, c) becomes (c, filters, kh, kw). A negative crop at the end is ONNX's output_padding."""
    weights = writer.constant(op, "weights", _kernels(writer, op))
    crops = [(before, max(0, after)) for before, after in op.padding]
    name = writer.graph.node(
        "ConvTranspose",
        [writer.read(op.src).name, weights, *_bias(writer, op)],
        op.layer,
        kernel_shape=writer.axes(op.kernel),
        strides=writer.axes(op.stride),
        pads=writer.pads(crops),
        dilations=writer.axes(op.dilation),
        output_padding=writer.axes([max(0, -after) for _, after in op.padding]),
    )
    return Tensor(name, writer.shape(op.dst))


def dense(writer: NetWriter, op: DenseOp) -> Tensor:
    """Rows of the weights are put in the order of the features."""
    x = writer.read(op.src)
    weights = writer.constant(op, "weights", writer.in_order(writer.values(op, "weights"), x))
    name = writer.graph.node("Gemm", [x.name, weights, *_bias(writer, op)], op.layer)
    return Tensor(name, (op.dst.size,))


WRITERS: dict[type[Op], OperationWriter] = {
    Conv2DOp: convolution,
    Conv2DTransposeOp: transposed_convolution,
    DenseOp: dense,
}
