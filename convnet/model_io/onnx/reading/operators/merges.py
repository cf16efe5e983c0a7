"""Concatenation of branches along the channels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from convnet.model_io.onnx.reading.errors import UnsupportedNodeError
from convnet.model_io.onnx.reading.operators.registry import operator
from convnet.model_io.onnx.reading.vertices import Feature, Vertex

if TYPE_CHECKING:
    from convnet.model_io.onnx.reading.context import GraphContext
    from convnet.model_io.onnx.reading.protobuf.loading import Node


@operator("Concat")
def concat(node: Node, ctx: GraphContext) -> Feature:
    features = [ctx.feature(node, i) for i in range(len(node.inputs))]
    if len(features) == 1:
        return features[0]
    first = features[0]
    axis = node.get("axis", 1)
    axis = axis + len(first.axes) + 1 if axis < 0 else axis
    for one in features:
        same = one.axes == first.axes and one.shape[:-1] == first.shape[:-1]
        if not same or axis != one.channel_axis:
            raise UnsupportedNodeError(
                f"tensors of shapes {first.dims} and {one.dims} are not joined along their channels"
            )
    shape = (*first.shape[:-1], sum(one.channels for one in features))
    vertex = ctx.add(Vertex("concat", node.name, [one.vertex for one in features], shape))
    if all(one.order is None for one in features):
        return Feature(vertex, first.axes)
    ctx.budget.spend(shape[-1], f"node {node}")
    orders, start = [], 0
    for one in features:
        orders.append(start + (np.arange(one.channels) if one.order is None else one.order))
        start += one.channels
    return Feature(vertex, first.axes, np.concatenate(orders))
