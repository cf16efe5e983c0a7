"""Passes over the vertices: what is not a layer yet becomes one, or a part of the layer beside it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from convnet.layers import (
    BatchNorm,
    Conv1D,
    Conv1DTranspose,
    Conv2D,
    Conv2DTranspose,
    Dense,
    DepthwiseConv2D,
    Dropout,
    GroupNorm,
    Normalize,
    Rescale,
    ZeroPad2D,
)
from convnet.layers.rescale import MAX_CONSTANT
from convnet.model_io.onnx.reading.errors import UnsupportedNodeError
from convnet.model_io.onnx.reading.vertices import AFFINE, LOG_SOFTMAX, PAD, Vertex
from convnet.values.constraints import both

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

NORMS = (BatchNorm, GroupNorm)
CONVOLUTIONS = (Conv1D, Conv2D, DepthwiseConv2D)
TRANSPOSED = (Conv1DTranspose, Conv2DTranspose)
LEAST_EPSILON = 1e-12  # of BatchNorm


def ancestors(sink: Vertex, vertices: Sequence[Vertex]) -> list[Vertex]:
    """Return the vertices that a vertex depends on, and itself, in their order."""
    needed, pending = {sink}, [sink]
    while pending:
        for one in pending.pop().inputs:
            if one not in needed:
                needed.add(one)
                pending.append(one)
    return [vertex for vertex in vertices if vertex in needed]


def simplify(
    vertices: Sequence[Vertex], sink: Vertex, report: Callable[[str, str], None]
) -> tuple[list[Vertex], Vertex]:
    """Return vertices that are the input, layers and merges, and the one that `sink` became.

    Parameters
    ----------
    vertices : sequence of Vertex
        The ancestors of `sink`, in order. Their arrays and inputs may change.
    sink : Vertex
    report : callable
        Called with the name of a node and the reason, if no layer computes it.
    """
    users = Counter(one for vertex in vertices for one in vertex.inputs)
    users[sink] += 1
    merged: dict[Vertex, Vertex] = {}  # into which vertex another one went
    constant: set[Vertex] = set()  # without anything trained or random up to there
    found: list[Vertex] = []
    for vertex in vertices:
        vertex.inputs = [merged.get(one, one) for one in vertex.inputs]
        into = _absorb(vertex, users)
        if into is not None:
            merged[vertex], users[into] = into, users[vertex]
            continue
        found.append(vertex)
    sink = merged.get(sink, sink)
    found = ancestors(sink, found)  # without zeros that went into a convolution
    for vertex in found:
        try:
            _make_layer(vertex, is_constant=constant.issuperset(vertex.inputs))
        except UnsupportedNodeError as error:
            report(vertex.name, str(error))
        learns = vertex.arrays and not isinstance(vertex.layer, Normalize)
        if (
            constant.issuperset(vertex.inputs)
            and not learns
            and not isinstance(vertex.layer, Dropout)
        ):
            constant.add(vertex)
    _extend_concats(found)
    return found, sink


def _make_layer(vertex: Vertex, *, is_constant: bool) -> None:
    """Turn a vertex into a layer, if it is not one. `is_constant`: nothing before it is trained or random."""
    if vertex.kind == AFFINE:
        _make_affine_layer(vertex, is_constant=is_constant)
    elif vertex.kind == PAD:
        _make_pad_layer(vertex)
    elif vertex.kind == LOG_SOFTMAX:
        raise UnsupportedNodeError("no layer computes LogSoftmax, except at the end of a net")


def _absorb(vertex: Vertex, users: Counter[Vertex]) -> Vertex | None:
    """Put a vertex into the one that it reads, if nothing else reads that one. Return it, or None."""
    if len(vertex.inputs) != 1:
        return None
    before = vertex.inputs[0]
    if users[before] != 1:
        return None
    if vertex.kind == AFFINE and (before.kind == AFFINE or before.layer is not None):
        return before if _scale_layer(before, **vertex.arrays) else None
    if isinstance(vertex.layer, Dense) and isinstance(before.layer, Dense) and before.shape == (1,):
        return _joined(before, vertex)
    if before.kind == PAD and isinstance(vertex.layer, CONVOLUTIONS):
        _pad_convolution(vertex, before)
    return None


def _joined(first: Vertex, second: Vertex) -> Vertex:
    """Put a dense layer of one feature into the dense layer before it."""
    weights, (units,) = second.arrays["weights"], second.shape
    bias = first.arrays.get("bias", np.zeros(1)) @ weights + second.arrays.get("bias", 0.0)
    first.layer, first.shape = Dense(units), (units,)
    first.arrays = {"weights": first.arrays["weights"] @ weights, "bias": bias}
    return first


def _scale_layer(vertex: Vertex, scale: np.ndarray, offset: np.ndarray) -> bool:
    """Multiply and shift the output of a layer by changing its weights. Return False if it has none."""
    layer, arrays = vertex.layer, vertex.arrays
    if isinstance(layer, NORMS):
        arrays["gamma"], arrays["beta"] = arrays["gamma"] * scale, arrays["beta"] * scale + offset
        return True
    if vertex.kind == AFFINE:
        arrays["scale"], arrays["offset"] = (
            arrays["scale"] * scale,
            arrays["offset"] * scale + offset,
        )
        return True
    if not isinstance(layer, (*CONVOLUTIONS, *TRANSPOSED, Dense)):
        return False
    weights = arrays["weights"]
    factor = scale.astype(np.float32)
    by_unit = factor[:, None] if isinstance(layer, TRANSPOSED) and factor.ndim else factor
    units = weights.shape[-2 if isinstance(layer, TRANSPOSED) else -1]
    arrays["weights"] = weights * by_unit if (factor != 1).any() else weights
    if "bias" in arrays or (offset != 0).any():
        arrays["bias"] = np.broadcast_to(
            arrays.get("bias", np.zeros(())) * scale + offset, (units,)
        )
        vertex.layer = replace(layer, use_bias=True)
    return True


def _pad_convolution(vertex: Vertex, pad: Vertex) -> None:
    """Give zeros around the input of a convolution to the convolution."""
    layer: Any = vertex.layer
    own = layer.padding
    padding = [both(own)] if isinstance(vertex.layer, Conv1D) else list(map(both, both(own)))
    pads = tuple((a + c, b + d) for (a, b), (c, d) in zip(padding, pad.pads, strict=True))
    vertex.layer = replace(layer, padding=pads[0] if isinstance(layer, Conv1D) else pads)
    vertex.inputs = list(pad.inputs)


def _make_affine_layer(vertex: Vertex, *, is_constant: bool) -> None:
    """Turn a scale and an offset into the layer that computes them."""
    scale, offset = vertex.arrays["scale"], vertex.arrays["offset"]
    channels = vertex.shape[-1]
    vertex.kind = "layer"
    if scale.ndim == offset.ndim == 0:
        a, b = float(scale), float(offset)
        if a == 0 or max(abs(a), abs(b)) > MAX_CONSTANT:
            raise UnsupportedNodeError(f"it computes {a:g} x + {b:g}, which no layer does")
        vertex.layer, vertex.arrays = Rescale(a, offset=b), {}
        return
    scale, offset = (np.broadcast_to(array, (channels,)) for array in (scale, offset))
    if is_constant and (scale > 0).all():
        vertex.layer = Normalize(epsilon=0.0)
        vertex.arrays = {"mean": -offset / scale, "deviation": 1 / scale}
    elif len(vertex.shape) == 3:
        vertex.layer = DepthwiseConv2D(1)
        vertex.arrays = {"weights": scale.reshape(1, 1, 1, -1), "bias": offset}
    elif len(vertex.shape) == 2:
        vertex.layer = Conv1D(channels, 1, groups=channels)
        vertex.arrays = {"weights": scale.reshape(1, 1, -1), "bias": offset}
    else:
        vertex.layer = BatchNorm(epsilon=LEAST_EPSILON)
        ones = np.ones(channels, np.float32)
        vertex.arrays = {
            "gamma": scale,
            "beta": offset,
            "moving_mean": np.zeros_like(ones),
            "moving_variance": ones,
        }


def _make_pad_layer(vertex: Vertex) -> None:
    """Turn zeros around a map into the layer that adds them."""
    if len(vertex.pads) != 2:
        raise UnsupportedNodeError("zeros around a signal have a layer only before a convolution")
    vertex.kind, vertex.layer = "layer", ZeroPad2D((vertex.pads[0], vertex.pads[1]))


def _extend_concats(vertices: Sequence[Vertex]) -> None:
    """Let a concatenation that begins with the inputs of an earlier one begin with the earlier one instead.

    The blocks of a DenseNet join all maps before in each step. In this form each step is one branch.
    """
    # a tree over the inputs of the concatenations: (position, next input) to position
    places: dict[tuple[int, Vertex], int] = {}
    ends: dict[int, Vertex] = {}
    for vertex in vertices:
        if vertex.kind != "concat":
            continue
        place, longest = 0, None
        for i, one in enumerate(vertex.inputs):
            place = places.setdefault((place, one), len(places) + 1)
            if place in ends and i + 1 < len(vertex.inputs):
                longest = i + 1, ends[place]
        ends.setdefault(place, vertex)
        if longest is not None:
            n, earlier = longest
            vertex.inputs = [earlier, *vertex.inputs[n:]]
