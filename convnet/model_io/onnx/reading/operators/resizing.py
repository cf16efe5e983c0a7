"""Padding and resizing of maps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from convnet.layers import Resize, UpSample1D, UpSample2D, ZeroPad2D
from convnet.model_io.onnx.reading.errors import UnsupportedNodeError
from convnet.model_io.onnx.reading.folding import axes_of, integers, resolved_axes
from convnet.model_io.onnx.reading.operators.registry import operator
from convnet.model_io.onnx.reading.vertices import PAD, Feature, Vertex

if TYPE_CHECKING:
    from convnet.layers import Layer
    from convnet.model_io.onnx.reading.context import GraphContext
    from convnet.model_io.onnx.reading.protobuf.loading import Node

MAX_SIZE = 2**16  # pixels of an axis whose coordinates are compared


@operator("Pad")
def pad(node: Node, ctx: GraphContext) -> Feature:
    feature = ctx.feature(node)
    if node.get("mode", "constant") != "constant":
        raise UnsupportedNodeError(
            f"its mode is {node.get('mode', '')}; there is a layer for zeros"
        )
    given, value = ctx.constant(node, 1), ctx.constant(node, 2)
    pads = node.get("pads", []) if given is None else integers(given)
    fill = node.get("value", 0.0) if value is None else float(value.reshape(()))
    if fill != 0:
        raise UnsupportedNodeError(f"it fills with {fill:g}; there is a layer for zeros")
    n = len(feature.axes) + 1
    axes = axes_of(node, ctx.constant(node, 3))
    axes = list(range(n)) if axes is None else resolved_axes(axes, n)
    if len(pads) != 2 * len(axes) or any(p < 0 for p in pads):
        raise UnsupportedNodeError(f"its pads are {pads[:16]}; there is a layer for 0 or more")
    around = [(0, 0)] * max(len(feature.shape) - 1, 0)
    for axis, *both in zip(axes, pads[: len(axes)], pads[len(axes) :], strict=True):
        if not any(both):
            continue
        place = None if axis == 0 else feature.axes[axis - 1]
        if place is None or place >= len(around):
            raise UnsupportedNodeError("it pads samples or channels")
        around[place] = (both[0], both[1])
    if not any(map(any, around)):
        return feature
    if len(around) == 2:
        layer = ZeroPad2D((around[0], around[1]))
        shape = tuple(layer.output_shape(feature.shape))
    else:
        shape = (feature.shape[0] + sum(around[0]), feature.channels)
    vertex = Vertex(PAD, node.name, [feature.vertex], shape, pads=tuple(around))
    return feature.at(ctx.add(vertex))


@operator("Resize", "Upsample")
def resize(node: Node, ctx: GraphContext) -> Feature:
    feature = ctx.feature(node)
    if len(feature.shape) < 2:
        raise UnsupportedNodeError("its input is not a map or a signal")
    sizes = _new_sizes(node, ctx, feature)
    spatial = [0] * (len(feature.shape) - 1)
    for axis, new in enumerate(sizes):
        place = None if axis == 0 else feature.axes[axis - 1]
        if place is not None and place < len(spatial):
            spatial[place] = new
        elif new != (ctx.batch, *feature.dims)[axis]:
            raise UnsupportedNodeError("it resizes samples or channels")
    method = _method(node, feature.shape[:-1], spatial)
    factors = [new // old for old, new in zip(feature.shape[:-1], spatial, strict=True)]
    is_whole = all(
        f * old == new for f, old, new in zip(factors, feature.shape, spatial, strict=False)
    )
    layer: Layer
    if len(spatial) == 1:
        if not is_whole:
            raise UnsupportedNodeError("there is a layer for signals only with whole factors")
        layer = UpSample1D(factors[0], "linear" if method == "bilinear" else method)
    elif is_whole:
        layer = UpSample2D((factors[0], factors[1]), interpolation=method)
    else:
        layer = Resize((spatial[0], spatial[1]), method=method)
    return feature.at(ctx.layer(node.name, layer, feature.vertex))


def _new_sizes(node: Node, ctx: GraphContext, feature: Feature) -> list[int]:
    """Return the size of each axis of the output, the samples included."""
    old = [ctx.batch, *feature.dims]
    is_new = node.operator == "Resize" and node.opset > 10
    scales = ctx.constant(node, 2 if is_new else 1)
    sizes = ctx.constant(node, 3) if is_new else None
    axes = node.get("axes", None)
    axes = list(range(len(old))) if axes is None else resolved_axes(axes, len(old))
    new = list(old)
    if sizes is not None and sizes.size:
        if node.get("keep_aspect_ratio_policy", "stretch") != "stretch":
            raise UnsupportedNodeError("it keeps the aspect ratio")
        values = integers(sizes)
    else:
        given = node.get("scales", []) if scales is None else scales.ravel().tolist()
        if len(given) != len(axes) or not all(0 < f < 2**31 for f in given):
            raise UnsupportedNodeError(f"its scales are {given[:8]}")
        values = [int(np.floor(old[axis] * f)) for axis, f in zip(axes, given, strict=True)]
        for axis, f, n in zip(axes, given, values, strict=True):
            if axis == 0 and f != 1:
                raise UnsupportedNodeError("it resizes samples or channels")
            if axis and n != old[axis] * f:  # the scale itself, not n / old, then places the pixels
                raise UnsupportedNodeError(f"a scale of {f:g} does not give whole pixels")
    if len(values) != len(axes) or any(n < 1 for n in values):
        raise UnsupportedNodeError(f"its sizes are {values[:8]}")
    for axis, n in zip(axes, values, strict=True):
        new[axis] = old[axis] if axis == 0 and scales is not None and scales.size else n
    return new


def _method(node: Node, old: tuple[int, ...], new: list[int]) -> str:
    """Return the method of `Resize` that reads the same pixels."""
    mode = node.get("mode", "nearest")
    if mode not in ("nearest", "linear", "bilinear") or node.get("antialias", 0):
        raise UnsupportedNodeError(f"no layer resizes in the mode {mode}, or with antialias")
    transform = node.get(
        "coordinate_transformation_mode",
        "half_pixel" if node.operator == "Resize" and node.opset > 10 else "asymmetric",
    )
    for n, m in zip(old, new, strict=True):
        if n == m:
            continue
        if max(n, m) > MAX_SIZE:
            raise UnsupportedNodeError("its output is too large")
        at = _coordinates(transform, n, m)
        centers = (np.arange(m) + 0.5) * n / m - 0.5
        if mode == "nearest":
            same = np.array_equal(_nearest(node, at, n), np.clip(np.floor(centers + 0.5), 0, n - 1))
        else:
            same = np.allclose(at.clip(0, n - 1), centers.clip(0, n - 1), rtol=0, atol=1e-6)
        if not same:
            raise UnsupportedNodeError(
                f"it reads other pixels than layers, which resize with half-pixel centers: it is {mode}, by {transform}"
                + (f" and {_rounding(node)}" if mode == "nearest" else "")
            )
    return "nearest" if mode == "nearest" else "bilinear"


def _coordinates(transform: str, n: int, m: int) -> np.ndarray:
    """Return where the m output pixels are in the input of n pixels."""
    i = np.arange(m, dtype=np.float64)
    if transform == "asymmetric":
        return i * n / m
    if transform == "align_corners":
        return i * (n - 1) / max(m - 1, 1)
    if transform == "pytorch_half_pixel" and m == 1:
        return np.zeros(1)
    if transform in ("half_pixel", "pytorch_half_pixel", "half_pixel_symmetric"):
        return (i + 0.5) * n / m - 0.5
    raise UnsupportedNodeError(f"it places pixels by {transform}")


def _rounding(node: Node) -> str:
    """Return how coordinates are rounded."""
    default = "round_prefer_floor" if node.operator == "Resize" and node.opset > 10 else "floor"
    return str(node.get("nearest_mode", default))


def _nearest(node: Node, at: np.ndarray, n: int) -> np.ndarray:
    """Return the pixel that each coordinate is rounded to."""
    mode = _rounding(node)
    rounded = {
        "floor": np.floor(at),
        "ceil": np.ceil(at),
        "round_prefer_floor": np.ceil(at - 0.5),
        "round_prefer_ceil": np.floor(at + 0.5),
    }.get(mode)
    if rounded is None:
        raise UnsupportedNodeError(f"it rounds by {mode}")
    return rounded.clip(0, n - 1)
