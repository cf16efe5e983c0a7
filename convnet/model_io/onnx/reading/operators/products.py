"""Matrix products: dense layers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from convnet.layers import Dense
from convnet.model_io.onnx.reading.errors import UnsupportedNodeError
from convnet.model_io.onnx.reading.operators.registry import operator
from convnet.model_io.onnx.reading.vertices import Feature, require_flat

if TYPE_CHECKING:
    from convnet.model_io.onnx.reading.context import GraphContext
    from convnet.model_io.onnx.reading.protobuf.loading import Node


@operator("Gemm")
def gemm(node: Node, ctx: GraphContext) -> Feature:
    weights = ctx.required(node, 1)
    if node.get("transA", 0):
        raise UnsupportedNodeError("it transposes its input")
    if node.get("transB", 0):
        weights = weights.T
    alpha, beta = node.get("alpha", 1.0), node.get("beta", 1.0)
    weights = weights if alpha == 1 else weights * np.float32(alpha)
    bias = ctx.constant(node, 2)
    if bias is not None:
        bias = bias if beta == 1 else bias * np.float32(beta)
    return _dense(node, ctx, weights, bias)


@operator("MatMul")
def matmul(node: Node, ctx: GraphContext) -> Feature:
    return _dense(node, ctx, ctx.required(node, 1), None)


def _dense(node: Node, ctx: GraphContext, weights: np.ndarray, bias: np.ndarray | None) -> Feature:
    """Return a dense layer with weights (features, units)."""
    feature = ctx.feature(node)
    require_flat(feature)
    if weights.ndim != 2 or weights.dtype.kind != "f" or weights.shape[0] != feature.channels:
        raise UnsupportedNodeError(
            f"weights of shape {weights.shape} and type {weights.dtype} do not fit {feature.channels} features"
        )
    units = weights.shape[1]
    if units < 1:
        raise UnsupportedNodeError("its weights are empty")
    arrays = {"weights": feature.ordered(weights)}
    if bias is not None:
        if bias.size not in (1, units) or bias.ndim > 2:
            raise UnsupportedNodeError(f"a bias of shape {bias.shape} does not fit {units} units")
        arrays["bias"] = np.broadcast_to(bias.ravel(), (units,))
    layer = Dense(units, use_bias=bias is not None)
    return Feature(ctx.layer(node.name, layer, feature.vertex, arrays), (0,))
