"""Operators that change the shape of a tensor, or return it."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

import numpy as np

from convnet.graph.flattened_orders import flattened_order
from convnet.layers import Flatten
from convnet.model_io.onnx.reading.context import Grouped
from convnet.model_io.onnx.reading.errors import UnsupportedNodeError
from convnet.model_io.onnx.reading.folding import (
    axes_of,
    integers,
    resolved_axes,
    shape_slice,
)
from convnet.model_io.onnx.reading.operators.registry import operator
from convnet.model_io.onnx.reading.vertices import Feature, first_axes, is_trivial

if TYPE_CHECKING:
    from convnet.model_io.onnx.reading.context import GraphContext, Value
    from convnet.model_io.onnx.reading.protobuf.loading import Node


@operator("Shape")
def shape(node: Node, ctx: GraphContext) -> np.ndarray:
    value = ctx.value(node, 0)
    dims = value.dims if isinstance(value, Grouped) else ctx.feature(node).dims
    return shape_slice(node, (ctx.batch, *dims))


@operator("Transpose")
def transpose(node: Node, ctx: GraphContext) -> Feature:
    feature = ctx.feature(node)
    n = len(feature.axes) + 1
    order = node.get("perm", list(range(n))[::-1])
    if sorted(order) != list(range(n)) or order[0] != 0:
        raise UnsupportedNodeError(f"it moves the samples: perm is {order[:8]}")
    return Feature(
        feature.vertex, tuple(feature.axes[axis - 1] for axis in order[1:]), feature.order
    )


@operator("Gather")
def gather(node: Node, ctx: GraphContext) -> Feature:
    feature, indices = ctx.feature(node), ctx.required(node, 1).ravel()
    n = feature.channels
    is_permutation = indices.dtype.kind in "iu" and np.array_equal(np.sort(indices), np.arange(n))
    if feature.axes != (0,) or node.get("axis", 0) not in (1, -1) or not is_permutation:
        raise UnsupportedNodeError("it selects samples, pixels or channels")
    order = np.argsort(indices)  # features_of_vertex = (features of its output)[order]
    return Feature(feature.vertex, (0,), feature.ordered(order))


@operator("Flatten")
def flatten(node: Node, ctx: GraphContext) -> Value:
    feature = ctx.feature(node)
    axis = node.get("axis", 1)
    axis = axis + len(feature.axes) + 1 if axis < 0 else axis
    if axis != 1:
        raise UnsupportedNodeError(f"it does not keep the samples apart: axis is {axis}")
    return reshaped(node, ctx, feature, (prod(feature.shape),))


@operator("Reshape")
def reshape(node: Node, ctx: GraphContext) -> Value:
    value = ctx.value(node, 0)
    feature = value.feature if isinstance(value, Grouped) else ctx.feature(node)
    dims = value.dims if isinstance(value, Grouped) else feature.dims
    target = ctx.constant(node, 1)
    wanted = integers(target) if target is not None else node.get("shape", [])
    if not node.get("allowzero", 0):
        wanted = [
            ((ctx.batch, *dims)[i] if i <= len(dims) else -1) if n == 0 else n
            for i, n in enumerate(wanted)
        ]
    total = prod(dims)
    if len(wanted) < 2 or wanted.count(-1) > 1 or any(n < 1 and n != -1 for n in wanted):
        raise UnsupportedNodeError(f"it makes the shape {wanted[:8]}")
    samples, *rest = wanted
    if samples == -1:
        keeps = prod(rest) == total
    else:
        if -1 in rest:
            others = prod(n for n in rest if n != -1)
            rest[rest.index(-1)] = max(1, total // others)
        keeps = samples == ctx.batch and prod(rest) == total
    if not keeps:
        raise UnsupportedNodeError(
            f"it makes the shape {wanted[:8]} of a tensor (n, {', '.join(map(str, dims))}), which mixes samples"
        )
    return reshaped(node, ctx, feature, tuple(rest))


@operator("Squeeze")
def squeeze(node: Node, ctx: GraphContext) -> Value:
    feature = ctx.feature(node)
    dims = feature.dims
    given = axes_of(node, ctx.constant(node, 1))
    ones = [i for i, n in enumerate(dims, start=1) if n == 1]
    axes = ones if given is None else resolved_axes(given, len(dims) + 1)
    if 0 in axes or any(dims[axis - 1] != 1 for axis in axes):
        raise UnsupportedNodeError(f"it removes the axes {axes[:8]} of (n, {dims})")
    rest = tuple(n for i, n in enumerate(dims, start=1) if i not in axes)
    return reshaped(node, ctx, feature, rest or (1,))


@operator("Unsqueeze")
def unsqueeze(node: Node, ctx: GraphContext) -> Value:
    feature = ctx.feature(node)
    given = axes_of(node, ctx.constant(node, 1)) or []
    n = len(feature.dims) + 1 + len(given)
    axes = resolved_axes(given, n)
    if 0 in axes:
        raise UnsupportedNodeError("it adds an axis before that of the samples")
    dims = iter(feature.dims)
    return reshaped(
        node, ctx, feature, tuple(1 if axis in axes else next(dims) for axis in range(1, n))
    )


def reshaped(node: Node, ctx: GraphContext, feature: Feature, dims: tuple[int, ...]) -> Value:
    """Return a tensor with other sizes (n, *dims) and the same values in the same order."""
    if dims == feature.dims:
        return feature
    wide = tuple(n for n in dims if n > 1)
    spatial = feature.shape[:-1]
    is_first = len(spatial) > 0 and feature.axes == first_axes(feature.shape)
    if len(dims) == 2 and is_first and prod(spatial) > 1 and feature.channels % dims[0] == 0:
        return Grouped(feature, dims[0])  # (n, groups, rest)
    if prod(spatial) == 1 or (len(feature.shape) > 1 and len(wide) <= 1):
        # one value per channel, or all of a map in one axis
        flat = flat_feature(node, ctx, feature)
        place = next((i for i, n in enumerate(dims) if n > 1), 0)
        return Feature(
            flat.vertex, tuple(0 if i == place else None for i in range(len(dims))), flat.order
        )
    if len(dims) == len(feature.dims) + 1 and dims[0] * dims[1] == feature.dims[0]:
        raise UnsupportedNodeError(
            "it divides the channels into groups, as a channel shuffle does, which no layer computes"
        )
    raise UnsupportedNodeError(
        f"no layer changes a tensor (n, {', '.join(map(str, feature.dims))}) to (n, {', '.join(map(str, dims))})"
    )


def flat_feature(node: Node, ctx: GraphContext, feature: Feature) -> Feature:
    """Return a tensor (n, features), with a Flatten if its vertex is a map."""
    if len(feature.shape) == 1:
        return Feature(feature.vertex, (0,), feature.order)
    vertex = ctx.layer(node.name, Flatten(), feature.vertex)
    if is_trivial(feature.axes, feature.shape):
        return Feature(vertex, (0,))
    ctx.budget.spend(prod(feature.shape), f"node {node}")
    axes = tuple(axis for axis in feature.axes if axis is not None)
    return Feature(vertex, (0,), flattened_order(feature.shape, axes))
