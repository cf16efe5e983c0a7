"""Convolutions, pooling and local response normalization."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from convnet.layers import (
    LRN,
    AvgPool1D,
    AvgPool2D,
    Conv1D,
    Conv1DTranspose,
    Conv2D,
    Conv2DTranspose,
    Dense,
    DepthwiseConv2D,
    MaxPool1D,
    MaxPool2D,
)
from convnet.layers.geometry import resolve_padding, span
from convnet.model_io.onnx.reading.errors import UnsupportedNodeError
from convnet.model_io.onnx.reading.operators.registry import operator
from convnet.model_io.onnx.reading.vertices import Feature, require_channels_first

if TYPE_CHECKING:
    from collections.abc import Sequence

    from convnet.layers import Layer
    from convnet.model_io.onnx.reading.context import GraphContext
    from convnet.model_io.onnx.reading.protobuf.loading import Node

Pads = list[tuple[int, int]]


def _positive(node: Node, attribute: str, n: int, default: int = 1) -> list[int]:
    """Return an attribute with one positive integer per spatial axis."""
    values = node.get(attribute, [default] * n)
    if len(values) != n or any(not isinstance(v, int) or v < 1 for v in values):
        raise UnsupportedNodeError(f"{attribute} is {values[:8]} for {n} spatial axes")
    return values


def _pads(
    node: Node, sizes: Sequence[int], kernel: list[int], strides: list[int], dilations: list[int]
) -> Pads:
    """Return the padding before and after each spatial axis, of a window over maps of these sizes."""
    n, mode = len(kernel), node.get("auto_pad", "NOTSET")
    if mode == "VALID":
        return [(0, 0)] * n
    if mode in ("SAME_UPPER", "SAME_LOWER"):
        found = [
            resolve_padding("same", *axis)
            for axis in zip(sizes, kernel, strides, dilations, strict=True)
        ]
        return found if mode == "SAME_UPPER" else [(after, before) for before, after in found]
    if mode != "NOTSET":
        raise UnsupportedNodeError(f"auto_pad is {mode}")
    given = node.get("pads", [0] * (2 * n))
    if len(given) != 2 * n or any(not isinstance(pad, int) or pad < 0 for pad in given):
        raise UnsupportedNodeError(f"pads is {given[:16]}; only padding of 0 or more has a layer")
    return list(zip(given[:n], given[n:], strict=True))


def _by_axis(values: Sequence[Any]) -> Any:
    """Return the field of a layer: one value for signals, a pair for maps, one number if both are equal."""
    return values[0] if len(values) == 1 else tuple(values)


def _weights(node: Node, ctx: GraphContext) -> tuple[np.ndarray, np.ndarray | None]:
    """Return the weights (out, in / groups, *kernel) and the bias."""
    weights = ctx.required(node, 1)
    if weights.dtype.kind != "f" or weights.ndim < 3 or weights.size == 0:
        raise UnsupportedNodeError(
            f"its weights have the shape {weights.shape} and the type {weights.dtype}"
        )
    bias = ctx.constant(node, 2)
    return weights, None if bias is None else bias.ravel()


def _arrays(weights: np.ndarray, bias: np.ndarray | None) -> dict[str, np.ndarray]:
    """Return the arrays of a layer from weights (a, b, *kernel), which become (*kernel, b, a)."""
    arrays = {"weights": weights.transpose(*range(2, weights.ndim), 1, 0)}
    return arrays if bias is None else {**arrays, "bias": bias}


@operator("Conv")
def conv(node: Node, ctx: GraphContext) -> Feature:
    feature = ctx.feature(node)
    weights, bias = _weights(node, ctx)
    kernel, groups = list(weights.shape[2:]), node.get("group", 1)
    n = len(kernel)
    strides, dilations = _positive(node, "strides", n), _positive(node, "dilations", n)
    if node.get("kernel_shape", kernel) != kernel:
        raise UnsupportedNodeError("kernel_shape differs from that of its weights")
    pads = _pads(node, feature.dims[1:] or (1,) * n, kernel, strides, dilations)
    filters = weights.shape[0]
    if len(feature.shape) == 1:
        return _conv_of_pixel(node, ctx, feature, weights, bias, pads, dilations)
    require_channels_first(feature)
    if groups < 1 or feature.channels != weights.shape[1] * groups or filters % groups:
        raise UnsupportedNodeError(
            f"{feature.channels} channels do not fit weights of shape {weights.shape} in {groups} groups"
        )
    if len(feature.shape) != n + 1:
        raise UnsupportedNodeError(
            f"weights of shape {weights.shape} do not fit a tensor of {len(feature.axes) + 1} axes"
        )
    fields: dict[str, Any] = dict(
        stride=_by_axis(strides),
        padding=_by_axis(pads),
        dilation=_by_axis(dilations),
        use_bias=bias is not None,
    )
    layer: Layer
    if n == 1:
        layer = Conv1D(filters, kernel[0], groups=groups, **fields)
    elif n == 2 and groups == feature.channels > 1:
        layer = DepthwiseConv2D(_by_axis(kernel), depth_multiplier=filters // groups, **fields)
    elif n == 2:
        layer = Conv2D(filters, _by_axis(kernel), groups=groups, **fields)
    else:
        raise UnsupportedNodeError(f"it has {n} spatial axes; there are layers for 1 and 2")
    return feature.at(ctx.layer(node.name, layer, feature.vertex, _arrays(weights, bias)))


def _conv_of_pixel(
    node: Node,
    ctx: GraphContext,
    feature: Feature,
    weights: np.ndarray,
    bias: np.ndarray | None,
    pads: Pads,
    dilations: list[int],
) -> Feature:
    """Return a convolution of the output of global pooling, (n, c, 1, 1): a dense layer."""
    taps, kernel = [], weights.shape[2:]
    for size, (before, after), dilation in zip(kernel, pads, dilations, strict=True):
        if 1 + before + after != span(size, dilation) or before % dilation:
            raise UnsupportedNodeError("its kernel is larger than the padded map of one pixel")
        taps.append(before // dilation)
    expected = (0, *(None for _ in kernel))
    if (
        feature.axes != expected
        or weights.shape[1] != feature.channels
        or feature.order is not None
    ):
        raise UnsupportedNodeError(
            f"weights of shape {weights.shape} do not fit a tensor (n, {', '.join(map(str, feature.dims))})"
        )
    units = weights.shape[0]
    arrays = {
        "weights": weights.reshape(*weights.shape[:2], -1)[
            ..., np.ravel_multi_index(taps, kernel)
        ].T
    }
    if bias is not None:
        arrays["bias"] = bias
    vertex = ctx.layer(node.name, Dense(units, use_bias=bias is not None), feature.vertex, arrays)
    return feature.at(vertex)


@operator("ConvTranspose")
def conv_transpose(node: Node, ctx: GraphContext) -> Feature:
    feature = ctx.feature(node)
    weights, bias = _weights(node, ctx)
    kernel = list(weights.shape[2:])
    n = len(kernel)
    require_channels_first(feature)
    if node.get("group", 1) != 1:
        raise UnsupportedNodeError("no transposed convolution has groups")
    if feature.channels != weights.shape[0] or len(feature.shape) != n + 1:
        raise UnsupportedNodeError(
            f"a tensor of {feature.channels} channels does not fit weights of shape {weights.shape}"
        )
    strides, dilations = _positive(node, "strides", n), _positive(node, "dilations", n)
    extra = list(node.get("output_padding", [0] * n))
    pads = _transposed_pads(node, feature.dims[1:], kernel, strides, dilations, extra)
    fields: dict[str, Any] = dict(
        stride=_by_axis(strides),
        padding=_by_axis(pads),
        dilation=_by_axis(dilations),
        output_padding=_by_axis(extra),
        use_bias=bias is not None,
    )
    kind = Conv1DTranspose if n == 1 else Conv2DTranspose
    if n > 2:
        raise UnsupportedNodeError(f"it has {n} spatial axes; there are layers for 1 and 2")
    layer = kind(weights.shape[1], _by_axis(kernel), **fields)
    return feature.at(ctx.layer(node.name, layer, feature.vertex, _arrays(weights, bias)))


def _transposed_pads(
    node: Node,
    sizes: Sequence[int],
    kernel: list[int],
    strides: list[int],
    dilations: list[int],
    extra: list[int],
) -> Pads:
    """Return what is cut off before and after each axis. `extra` is the output padding."""
    mode, wanted = node.get("auto_pad", "NOTSET"), node.get("output_shape", None)
    n = len(kernel)
    if len(extra) != n:
        raise UnsupportedNodeError(f"output_padding is {extra[:8]} for {n} spatial axes")
    if wanted is None and mode in ("NOTSET", "VALID"):
        return _pads(node, sizes, kernel, strides, dilations)
    if wanted is None:
        wanted = [size * stride for size, stride in zip(sizes, strides, strict=True)]
    pads = []
    for i, size in enumerate(list(wanted)[-n:]):
        total = strides[i] * (sizes[i] - 1) + extra[i] + span(kernel[i], dilations[i]) - size
        if total < 0:
            raise UnsupportedNodeError("its output is larger than what its kernels reach")
        half = total // 2
        pads.append((half, total - half) if mode == "SAME_UPPER" else (total - half, half))
    return pads


@operator("MaxPool", "AveragePool")
def pool(node: Node, ctx: GraphContext) -> Feature:
    feature = ctx.feature(node)
    n = len(node.get("kernel_shape", []))
    kernel, strides = _positive(node, "kernel_shape", n), _positive(node, "strides", n)
    if len([name for name in node.outputs if name]) > 1:
        raise UnsupportedNodeError("no layer returns the indices of the maxima")
    if any(d != 1 for d in node.get("dilations", [1])):
        raise UnsupportedNodeError("no pooling layer has a dilation")
    pads = _pads(node, feature.dims[1:] or (1,) * n, kernel, strides, [1] * n)
    if len(feature.shape) == 1:
        if any(k != 1 for k in kernel) or any(map(any, pads)):
            raise UnsupportedNodeError("it pools over a map of one pixel")
        return feature
    require_channels_first(feature)
    if len(feature.shape) != n + 1 or n > 2:
        raise UnsupportedNodeError(
            f"a window of {n} axes does not fit a tensor (n, {', '.join(map(str, feature.dims))})"
        )
    fields: dict[str, Any] = dict(
        stride=_by_axis(strides),
        padding=_by_axis(pads),
        ceil_mode=bool(node.get("ceil_mode", 0)),
    )
    kinds: tuple[Any, ...] = (MaxPool1D, MaxPool2D)
    if node.operator == "AveragePool":
        kinds = (AvgPool1D, AvgPool2D)
        fields["count_include_pad"] = bool(node.get("count_include_pad", 0))
    layer = kinds[n - 1](_by_axis(kernel), **fields)
    return feature.at(ctx.layer(node.name, layer, feature.vertex))


@operator("LRN")
def lrn(node: Node, ctx: GraphContext) -> Feature:
    feature = ctx.feature(node)
    size = node.get("size", 0)
    if feature.channel_axis != 1 or feature.order is not None:
        raise UnsupportedNodeError("its channels are not the second axis")
    if size % 2 == 0 or size < 1:
        raise UnsupportedNodeError(f"its window has {size} channels; there is a layer for odd ones")
    layer = LRN(
        size,
        alpha=node.get("alpha", 1e-4),
        beta=node.get("beta", 0.75),
        k=node.get("bias", 1.0),
    )
    return feature.at(ctx.layer(node.name, layer, feature.vertex))
