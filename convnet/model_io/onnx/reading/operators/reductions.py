"""Global pooling, and means and maxima over all pixels of a map."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from convnet.layers import GlobalAvgPool1D, GlobalAvgPool2D, GlobalMaxPool1D, GlobalMaxPool2D
from convnet.model_io.onnx.reading.context import Grouped
from convnet.model_io.onnx.reading.errors import UnsupportedNodeError
from convnet.model_io.onnx.reading.folding import axes_of, resolved_axes
from convnet.model_io.onnx.reading.operators.registry import operator
from convnet.model_io.onnx.reading.vertices import Feature

if TYPE_CHECKING:
    from convnet.model_io.onnx.reading.context import GraphContext
    from convnet.model_io.onnx.reading.protobuf.loading import Node

AVERAGES: tuple[Any, ...] = (GlobalAvgPool1D, GlobalAvgPool2D)
MAXIMA: tuple[Any, ...] = (GlobalMaxPool1D, GlobalMaxPool2D)


@operator("GlobalAveragePool", "GlobalMaxPool")
def global_pool(node: Node, ctx: GraphContext) -> Feature:
    feature = ctx.feature(node)
    if feature.channel_axis != 1:
        raise UnsupportedNodeError("its channels are not the second axis")
    return _pooled(node, ctx, feature, list(range(2, len(feature.axes) + 1)), keeps=True)


@operator("ReduceMean", "ReduceMax")
def reduce(node: Node, ctx: GraphContext) -> Feature:
    keeps = bool(node.get("keepdims", 1))
    axes = axes_of(node, ctx.constant(node, 1))
    value = ctx.value(node, 0)
    if isinstance(value, Grouped):  # (n, c, h * w)
        feature = value.feature
        if axes not in ([2], [-1]) or value.groups != feature.channels:
            raise UnsupportedNodeError("it is not over all pixels of each channel")
        pooled = _pooled(node, ctx, feature, list(range(2, len(feature.axes) + 1)), keeps=False)
        return Feature(pooled.vertex, (0, None) if keeps else (0,))
    feature = ctx.feature(node)
    if not axes:
        raise UnsupportedNodeError("it is over all axes")
    return _pooled(node, ctx, feature, resolved_axes(axes, len(feature.axes) + 1), keeps=keeps)


def _pooled(
    node: Node, ctx: GraphContext, feature: Feature, axes: list[int], *, keeps: bool
) -> Feature:
    """Return the mean or the maximum over these axes of a tensor, which must be all its pixels."""
    if 0 in axes or feature.channel_axis in axes:
        raise UnsupportedNodeError("it is over the samples or the channels")
    spatial = [axis for axis in range(1, len(feature.dims) + 1) if axis != feature.channel_axis]
    if any(feature.dims[axis - 1] > 1 for axis in spatial if axis not in axes):
        raise UnsupportedNodeError("it is not over all pixels")
    vertex = feature.vertex
    if len(feature.shape) > 1:
        kinds = MAXIMA if node.operator.endswith(("Max", "MaxPool")) else AVERAGES
        vertex = ctx.layer(node.name, kinds[len(feature.shape) - 2](), vertex)
    kept = [
        0 if axis == feature.channel_axis else None
        for axis in range(1, len(feature.axes) + 1)
        if keeps or axis not in axes
    ]
    return Feature(vertex, tuple(kept), feature.order)
