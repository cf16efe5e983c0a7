"""From an operation of the plan to the step that works out one of its values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from convnet.graph.ops import (
    ActivationOp,
    AddOp,
    AffineOp,
    BatchNormOp,
    Conv2DOp,
    DenseOp,
    DropoutOp,
    Pool2DOp,
    ResizeOp,
    ZeroPad2DOp,
)
from convnet.inspection.trace.convolution import Convolution
from convnet.inspection.trace.dense import Weighted
from convnet.inspection.trace.maps import ranked
from convnet.inspection.trace.pooling import Pooling
from convnet.inspection.trace.resampling import Resampling, shares
from convnet.inspection.trace.single import (
    Activation,
    Centring,
    Normalisation,
    Scaling,
    Sum,
    Unchanged,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from convnet.graph.buffers import Buffer
    from convnet.graph.plan.builder import Lowered
    from convnet.inspection.trace.maps import Maps
    from convnet.inspection.trace.step import Step


Index = tuple[int, ...]  # (row, column, channel)
Fields = dict[str, Any]  # of a step

NOTHING_DROPPED = "nothing is dropped in prediction"


def work_out(maps: Maps, name: str, index: Index, sign: int | None = None) -> Step:
    """Return the step of one output value of a layer.

    Parameters
    ----------
    maps : Maps
    name : str
        Of the layer.
    index : (int, int, int)
        Of the value in the layer's map; flat outputs are (1, 1, features).
    sign : int, default=None
        Of the products among which the strongest is the source: 1 or -1; None is that of what they sum to.

    Returns
    -------
    step : Step
    """
    lowered = maps.innermost(name)
    buffer, shape = lowered.output, tuple(lowered.shape)
    common = {
        "layer": lowered.name,
        "spec": lowered.layer,
        "shape": shape,
        "place": ranked(index, shape),
        "value": float(maps.map(buffer)[index]),
    }
    op = maps.writer(buffer)
    if op is None or op.layer != lowered.name:
        return _unchanged(maps, lowered, index, common)
    if isinstance(op, ActivationOp) and not maps.owners(op.src) and maps.writer(op.src):
        common["activation"] = op.activation
        op = maps.writer(op.src)
    return _WORKERS[type(op)](maps, op, index, common, sign)


def _convolution(maps: Maps, op: Conv2DOp, index: Index, common: Fields, sign: int | None) -> Step:
    row, column, filter_ = index
    rows, columns, inside = _window(op, op.kernel, op.dilation, row, column)
    channels = op.src.shape[2] // op.groups
    first = filter_ // (op.dst.shape[2] // op.groups) * channels
    patch = _read(maps.map(op.src), rows, columns, inside)[:, :, first : first + channels]
    kernel = _parameter(maps, op, "weights").reshape(*op.kernel, channels, -1)[..., filter_]
    bias = _bias(maps, op, filter_)
    tap = _strongest(patch * kernel, sign, bias, inside[:, :, None])
    read = (rows[tap[0]], columns[tap[1]], first + tap[2])
    return Convolution(
        **common,
        **_reads(maps, op.src, read if inside.any() else None),
        patch=patch,
        inside=inside,
        kernel=kernel,
        bias=bias,
        first_channel=first,
        tap=tap,
    )


def _pooling(maps: Maps, op: Pool2DOp, index: Index, common: Fields, sign: int | None) -> Step:
    row, column, channel = index
    rows, columns, inside = _window(op, op.size, (1, 1), row, column)
    window = _read(maps.map(op.src), rows, columns, inside)[:, :, channel]
    if op.pooling == "max":
        winner = _place(np.where(inside, window, -np.inf).argmax(), window.shape)
    else:
        winner = _strongest(window, sign, None, inside)
    return Pooling(
        **common,
        **_reads(maps, op.src, (rows[winner[0]], columns[winner[1]], channel)),
        pooling=op.pooling,
        window=window,
        inside=inside,
        winner=winner,
    )


def _dense(maps: Maps, op: DenseOp, index: Index, common: Fields, sign: int | None) -> Step:
    unit = index[2]
    inputs = maps.map(op.src)[0, 0]
    weights = _parameter(maps, op, "weights")[:, unit]
    bias = _bias(maps, op, unit)
    (strongest,) = _strongest(inputs * weights, sign, bias, np.ones(len(inputs), dtype=bool))
    alias = op.src.alias
    return Weighted(
        **common,
        **_reads(maps, op.src, (0, 0, strongest)),
        inputs=inputs,
        weights=weights,
        bias=bias,
        unflat=alias.shape if alias and alias.shape != op.src.shape else None,
    )


def _normalisation(
    maps: Maps, op: BatchNormOp, index: Index, common: Fields, sign: int | None
) -> Step:
    channel = index[2]
    gamma, beta, mean, variance = (
        float(_parameter(maps, op, role)[channel]) for role in ("gamma", "beta", "mean", "variance")
    )
    return Normalisation(
        **common,
        **_one(maps, op, index),
        mean=mean,
        variance=variance,
        epsilon=op.epsilon,
        gamma=gamma,
        beta=beta,
    )


def _affine(maps: Maps, op: AffineOp, index: Index, common: Fields, sign: int | None) -> Step:
    if not op.parameters:
        return Scaling(**common, **_one(maps, op, index), scale=op.scale, offset=op.offset)
    mean, deviation = (
        float(_parameter(maps, op, role)[index[2]]) for role in ("mean", "deviation")
    )
    constant = deviation <= op.epsilon
    return Centring(
        **common, **_one(maps, op, index), mean=mean, deviation=1.0 if constant else deviation
    )


def _resizing(maps: Maps, op: ResizeOp, index: Index, common: Fields, sign: int | None) -> Step:
    axes = zip(op.methods, op.src.shape, op.dst.shape, index, strict=False)
    (top, rows), (left, columns) = (shares(method, n, m, i) for method, n, m, i in axes)
    channel = index[2]
    window = maps.map(op.src)[top : top + len(rows), left : left + len(columns), channel]
    weights = np.outer(rows, columns)
    winner = _strongest(window * weights, sign, None, np.ones(window.shape, dtype=bool))
    return Resampling(
        **common,
        **_reads(maps, op.src, (top + winner[0], left + winner[1], channel)),
        window=window,
        weights=weights,
        winner=winner,
    )


def _activation(
    maps: Maps, op: ActivationOp, index: Index, common: Fields, sign: int | None
) -> Step:
    return Activation(**common, **_one(maps, op, index), activation=op.activation)


def _dropout(maps: Maps, op: DropoutOp, index: Index, common: Fields, sign: int | None) -> Step:
    return Unchanged(**common, **_one(maps, op, index), words=NOTHING_DROPPED)


def _zero_padding(
    maps: Maps, op: ZeroPad2DOp, index: Index, common: Fields, sign: int | None
) -> Step:
    read = [i - before for i, (before, _) in zip(index, op.padding, strict=False)]
    outside = any(not 0 <= i < n for i, n in zip(read, op.src.shape, strict=False))
    if outside:
        return Unchanged(**common, **_reads(maps, op.src), input=0.0, words="padding")
    return Unchanged(**common, **_one(maps, op, (*read, index[2])), words="moved by the padding")


def _sum(maps: Maps, op: AddOp, index: Index, common: Fields, sign: int | None) -> Step:
    fork = maps.layers[op.layer].ops[0]
    return Sum(
        **common,
        **_reads(maps, fork.src) | {"source": maps.spot(op.src, index)},
        other=maps.spot(op.other, index),
        body=float(maps.map(op.src)[index]),
        shortcut=float(maps.map(op.other)[index]),
    )


def _unchanged(maps: Maps, lowered: Lowered, index: Index, common: Fields) -> Step:
    """Step of a layer without an operation: Flatten, and what does nothing."""
    buffer = lowered.output
    reads = _reads(maps, buffer, index, before=lowered.name)
    reshaped = reads["input_shape"] != common["shape"]
    words = "in the order rows, columns, channels" if reshaped else "as it is"
    return Unchanged(**common, **reads, input=common["value"], words=words)


def _one(maps: Maps, op: Any, index: Index) -> Fields:
    """Return the fields of a step that reads one value, at the place where it writes."""
    return _reads(maps, op.src, index) | {"input": float(maps.map(op.src)[index])}


def _reads(
    maps: Maps, buffer: Buffer, index: Index | None = None, before: str | None = None
) -> Fields:
    """Return the fields that say what a step reads, and where its source is."""
    spot = maps.spot(buffer, index or (0, 0, 0), before)
    shape = maps.shape(spot.layer)
    return {"source": spot if index else None, "input_layer": spot.layer, "input_shape": shape}


def _window(
    op: Any, size: Sequence[int], dilation: Sequence[int], row: int, column: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return rows and columns of the input that a window covers, and which of its places lie inside."""
    axes = [
        at * stride - before + step * np.arange(n)
        for at, stride, (before, _), step, n in zip(
            (row, column), op.stride, op.padding, dilation, size, strict=True
        )
    ]
    within = [(axis >= 0) & (axis < n) for axis, n in zip(axes, op.src.shape, strict=False)]
    return *axes, within[0][:, None] & within[1]


def _read(
    values: np.ndarray, rows: np.ndarray, columns: np.ndarray, inside: np.ndarray
) -> np.ndarray:
    """Return the map's values at these rows and columns, 0 outside it: (len(rows), len(columns), c)."""
    h, w, _ = values.shape
    patch = values[np.clip(rows, 0, h - 1)[:, None], np.clip(columns, 0, w - 1)]
    return np.where(inside[:, :, None], patch, 0.0)


def _parameter(maps: Maps, op: Any, role: str) -> NDArray[np.float64]:
    return maps.weights[op.parameters[role].name].astype(np.float64)


def _bias(maps: Maps, op: Any, unit: int) -> float | None:
    return float(_parameter(maps, op, "bias")[unit]) if "bias" in op.parameters else None


def _strongest(
    terms: np.ndarray, sign: int | None, bias: float | None, allowed: np.ndarray
) -> tuple[int, ...]:
    """Return the place of the largest of the terms that are allowed, or of the least if they sum to less than 0."""
    if sign is None:
        sign = -1 if terms.sum() + (bias or 0.0) < 0 else 1
    return _place(np.where(allowed, sign * terms, -np.inf).argmax(), terms.shape)


def _place(flat: Any, shape: Sequence[int]) -> tuple[int, ...]:
    return tuple(map(int, np.unravel_index(flat, shape)))


_WORKERS: dict[type, Callable[[Maps, Any, Index, Fields, int | None], Step]] = {
    ActivationOp: _activation,
    AddOp: _sum,
    AffineOp: _affine,
    BatchNormOp: _normalisation,
    Conv2DOp: _convolution,
    DenseOp: _dense,
    DropoutOp: _dropout,
    Pool2DOp: _pooling,
    ResizeOp: _resizing,
    ZeroPad2DOp: _zero_padding,
}
