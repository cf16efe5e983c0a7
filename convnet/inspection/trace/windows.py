"""Steps of layers that read a window of one channel: pooling and resizing."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from convnet.graph.ops.pool2d import Pool2DOp
from convnet.graph.ops.resize import ResizeOp
from convnet.inspection.trace.forward_pass import Location
from convnet.inspection.trace.step import TraceStep, input_fields, strongest, unraveled
from convnet.inspection.trace.text import PADDING, grid, labeled_values, side_by_side

if TYPE_CHECKING:
    from collections.abc import Sequence

    from convnet.inspection.trace.forward_pass import ForwardPass
    from convnet.inspection.trace.step import Fields, MapIndex, Steps


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class PoolingStep(TraceStep):
    """The largest value of a window, or its mean.

    Parameters
    ----------
    pooling : {"max", "avg"}
        What is taken of the window.
    window : ndarray of float64, shape (height, width)
        Values of one channel; 0 outside the map.
    inside : ndarray of bool, shape (height, width)
        False in the padding, which is ignored.
    count : int
        What a mean divides by: the number of values inside, or of those inside and in the padding.
    winner : (int, int)
        Index in the window of the largest value (the first one, if several are equal), or of the strongest term of the
        mean.
    """

    source: Location
    pooling: str
    window: np.ndarray
    inside: np.ndarray
    count: int
    winner: tuple[int, ...]

    @property
    def computed(self) -> float:
        if self.pooling == "max":
            return float(self.window[self.winner])
        return float(self.window[self.inside].sum()) / self.count

    def lines(self) -> list[str]:
        title = f"window of {self.input_layer}, channel {self.source.index[-1]}"
        lines = [line.rstrip() for line in grid(title, self.window, self.winner, self.inside)]
        values = self.window[self.inside]
        if self.pooling == "max":
            lines += labeled_values((f"largest: {self.source}", self.value))
        else:
            lines += labeled_values(
                (f"sum of the {len(values)} values", float(values.sum())),
                (f"/ {self.count}", self.value),
            )
        if not self.inside.all():
            counted = self.count > len(values)
            lines.append(f"{PADDING} is padding: {'counted as 0' if counted else 'ignored'}")
        return lines


def pooling_step(
    net: ForwardPass, op: Pool2DOp, index: MapIndex, common: Fields, sign: int | None
) -> PoolingStep:
    """Return the step of a pooled value."""
    row, column, channel = index
    rows, columns, inside = window_of(op, op.size, (1, 1), row, column)
    window = read_window(net.values(op.src), rows, columns, inside)[:, :, channel]
    count = int(inside.sum())
    if op.count_include_pad:
        ends = (n + after for n, (_, after) in zip(op.src.shape, op.padding, strict=False))
        count = prod(
            int((axis < end).sum()) for axis, end in zip((rows, columns), ends, strict=True)
        )
    if op.pooling == "max":
        winner = unraveled(np.where(inside, window, -np.inf).argmax(), window.shape)
    else:
        winner = strongest(window, sign, None, inside)
    return PoolingStep(
        **common,
        **input_fields(net, op.src, (rows[winner[0]], columns[winner[1]], channel)),
        pooling=op.pooling,
        window=window,
        inside=inside,
        count=count,
        winner=winner,
    )


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ResizeStep(TraceStep):
    """Σ window · weights: the mean of what an output pixel covers, or an interpolation around its center.

    Parameters
    ----------
    window, weights : ndarray of float64, shape (height, width)
        Values of one channel, and their weights.
    winner : (int, int)
        Index of the strongest product.
    """

    source: Location
    window: np.ndarray
    weights: np.ndarray
    winner: tuple[int, ...]

    @property
    def products(self) -> np.ndarray:
        """Window times weights, (height, width)."""
        return self.window * self.weights

    @property
    def computed(self) -> float:
        return float(self.products.sum())

    def lines(self) -> list[str]:
        title = f"window of {self.input_layer}, channel {self.source.index[-1]}"
        return [
            *side_by_side(
                grid(title, self.window, self.winner),
                grid("× weight", self.weights, self.winner),
            ),
            *labeled_values((f"sum of the {self.window.size:,} products", self.value)),
        ]


def resize_step(
    net: ForwardPass, op: ResizeOp, index: MapIndex, common: Fields, sign: int | None
) -> ResizeStep:
    """Return the step of a pixel of a resized map."""
    axes = zip(op.methods, op.src.shape, op.dst.shape, index, strict=False)
    (top, rows), (left, columns) = (axis_weights(method, n, m, i) for method, n, m, i in axes)
    channel = index[2]
    window = net.values(op.src)[top : top + len(rows), left : left + len(columns), channel]
    weights = np.outer(rows, columns)
    winner = strongest(window * weights, sign, None, np.ones(window.shape, dtype=bool))
    return ResizeStep(
        **common,
        **input_fields(net, op.src, (top + winner[0], left + winner[1], channel)),
        window=window,
        weights=weights,
        winner=winner,
    )


def axis_weights(method: str, n: int, m: int, i: int) -> tuple[int, np.ndarray]:
    """Return the first of n input pixels that output pixel i of m reads along an axis, and the weights from there."""
    if method == "area":
        edges = np.array([i * n / m, (i + 1) * n / m])
        first, last = int(i * n // m), int(((i + 1) * n - 1) // m)
        ends = np.clip(np.arange(first, last + 2), *edges)
        return first, np.diff(ends) / (edges[1] - edges[0])
    if method == "nearest":
        return (2 * i + 1) * n // (2 * m), np.ones(1)
    at = min(max((2 * i + 1) * n / (2 * m) - 0.5, 0.0), n - 1.0)
    first = int(at)
    return first, np.array([1.0 - (at - first), at - first] if at > first else [1.0])


def window_of(
    op: Any, size: Sequence[int], dilation: Sequence[int], row: int, column: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the rows and columns of the input that a window covers, and which of its positions lie inside the map."""
    axes = [
        at * stride - before + step * np.arange(n)
        for at, stride, (before, _), step, n in zip(
            (row, column), op.stride, op.padding, dilation, size, strict=True
        )
    ]
    within = [(axis >= 0) & (axis < n) for axis, n in zip(axes, op.src.shape, strict=False)]
    return *axes, within[0][:, None] & within[1]


def read_window(
    values: np.ndarray, rows: np.ndarray, columns: np.ndarray, inside: np.ndarray
) -> np.ndarray:
    """Return the values of a map at rows × columns, 0 outside it: (len(rows), len(columns), c)."""
    h, w, _ = values.shape
    patch = values[np.clip(rows, 0, h - 1)[:, None], np.clip(columns, 0, w - 1)]
    return np.where(inside[:, :, None], patch, 0.0)


STEPS: Steps = {
    Pool2DOp: pooling_step,
    ResizeOp: resize_step,
}
