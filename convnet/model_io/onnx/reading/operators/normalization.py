"""Normalization layers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from convnet.layers import BatchNorm, GroupNorm
from convnet.layers.groupnorm import PER_CHANNEL
from convnet.model_io.onnx.reading.context import Grouped
from convnet.model_io.onnx.reading.errors import UnsupportedNodeError
from convnet.model_io.onnx.reading.operators.registry import operator

if TYPE_CHECKING:
    from convnet.model_io.onnx.reading.context import GraphContext, Value
    from convnet.model_io.onnx.reading.protobuf.loading import Node
    from convnet.model_io.onnx.reading.vertices import Feature

MAX_MOMENTUM, MIN_EPSILON, MAX_EPSILON = 0.9999, 1e-12, 1.0


def _per_channel(node: Node, ctx: GraphContext, i: int, feature: Feature) -> np.ndarray:
    """Return an input with one value per channel, in the order of the vertex."""
    array = ctx.required(node, i)
    if array.shape != (feature.channels,):
        raise UnsupportedNodeError(
            f"its input {i} has shape {array.shape} for {feature.channels} channels"
        )
    return feature.ordered(array)


def _epsilon(node: Node) -> float:
    epsilon = float(node.get("epsilon", 1e-5))
    if not MIN_EPSILON <= epsilon <= MAX_EPSILON:
        raise UnsupportedNodeError(
            f"its epsilon is {epsilon:g}, not between {MIN_EPSILON:g} and {MAX_EPSILON:g}"
        )
    return epsilon


@operator("BatchNormalization")
def batch_normalization(node: Node, ctx: GraphContext) -> Feature:
    feature = ctx.feature(node)
    if node.get("training_mode", 0) or not node.get("spatial", 1):
        raise UnsupportedNodeError("it uses the statistics of the batch, or of each pixel")
    if feature.channel_axis != 1:
        raise UnsupportedNodeError("its channels are not the second axis")
    gamma, beta, mean, variance = (_per_channel(node, ctx, i, feature) for i in range(1, 5))
    momentum = min(max(float(node.get("momentum", 0.9)), 0.0), MAX_MOMENTUM)
    layer = BatchNorm(momentum=momentum, epsilon=_epsilon(node))
    arrays = {"gamma": gamma, "beta": beta, "moving_mean": mean, "moving_variance": variance}
    return feature.at(ctx.layer(node.name, layer, feature.vertex, arrays))


@operator("InstanceNormalization")
def instance_normalization(node: Node, ctx: GraphContext) -> Value:
    value = ctx.value(node, 0)
    if isinstance(value, Grouped):
        return _normalized_groups(node, ctx, value)
    feature = ctx.feature(node)
    if feature.axes == (None, 0):  # (n, 1, features)
        arrays = {
            role: np.repeat(ctx.required(node, i).reshape(1), feature.channels)
            for i, role in ((1, "gamma"), (2, "beta"))
        }
        layer = GroupNorm(1, epsilon=_epsilon(node))
        return feature.at(ctx.layer(node.name, layer, feature.vertex, arrays))
    if feature.channel_axis != 1 or len(feature.shape) < 2:
        raise UnsupportedNodeError("its input is not a map or a signal with channels first")
    arrays = {role: _per_channel(node, ctx, i, feature) for i, role in ((1, "gamma"), (2, "beta"))}
    layer = GroupNorm(PER_CHANNEL, epsilon=_epsilon(node))
    return feature.at(ctx.layer(node.name, layer, feature.vertex, arrays))


def _normalized_groups(node: Node, ctx: GraphContext, value: Grouped) -> Grouped:
    """Return the instance normalization of a map whose groups of channels are the channels: a group normalization."""
    feature, groups = value.feature, value.groups
    arrays = {}
    for i, role in ((1, "gamma"), (2, "beta")):
        array = ctx.required(node, i)
        if array.shape != (groups,):
            raise UnsupportedNodeError(
                f"its input {i} has shape {array.shape} for {groups} groups of channels"
            )
        arrays[role] = np.repeat(array, feature.channels // groups)
    layer = GroupNorm(groups, epsilon=_epsilon(node))
    return Grouped(feature.at(ctx.layer(node.name, layer, feature.vertex, arrays)), groups)


@operator("GroupNormalization")
def group_normalization(node: Node, ctx: GraphContext) -> Feature:
    feature = ctx.feature(node)
    groups = node.get("num_groups", 0)
    if feature.channel_axis != 1 or feature.order is not None:
        raise UnsupportedNodeError("its channels are not the second axis")
    if groups < 1 or feature.channels % groups:
        raise UnsupportedNodeError(f"{feature.channels} channels do not fit {groups} groups")
    arrays = {}
    for i, role in ((1, "gamma"), (2, "beta")):
        array = ctx.required(node, i)
        if array.shape == (groups,):  # before version 21: one value per group
            array = np.repeat(array, feature.channels // groups)
        if array.shape != (feature.channels,):
            raise UnsupportedNodeError(
                f"its input {i} has shape {array.shape} for {feature.channels} channels"
            )
        arrays[role] = array
    layer = GroupNorm(groups, epsilon=_epsilon(node))
    return feature.at(ctx.layer(node.name, layer, feature.vertex, arrays))
