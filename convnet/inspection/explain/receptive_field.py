"""Receptive fields: the pixels of the image that a value of a layer depends on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from convnet.graph.ops.conv2d import Conv2DOp
from convnet.graph.ops.conv2dtranspose import Conv2DTransposeOp
from convnet.graph.ops.pool2d import Pool2DOp
from convnet.graph.ops.resize import ResizeOp
from convnet.graph.ops.zeropad2d import ZeroPad2DOp
from convnet.inspection.trace.windows import axis_weights

if TYPE_CHECKING:
    from collections.abc import Sequence

    from convnet.graph import Plan
    from convnet.graph.layout import Buffer
    from convnet.graph.ops.base import Op


NO_WINDOW = ((1, 1), (1, 1), ((0, 0), (0, 0)), (1, 1))  # kernel, stride, padding, dilation


@dataclass
class PixelRanges:
    """The first and the last pixel that each position of a layer's output depends on, along one axis.

    Pixels beyond the borders of the image count as well, where the padding is: those before the first one are negative.

    Parameters
    ----------
    first, last : ndarray of int, shape (n_positions,)
        Bounds of the ranges, both included.
    """

    first: np.ndarray
    last: np.ndarray

    def through(self, kernel: int, stride: int, padding: int, dilation: int) -> PixelRanges:
        """Return the ranges that a sliding window reads: the window of position i begins at i · stride - padding."""
        reach = (kernel - 1) * dilation - padding
        return PixelRanges(self.first * stride - padding, self.last * stride + reach)

    def transposed(self, kernel: int, stride: int, padding: int, dilation: int) -> PixelRanges:
        """Return the ranges of the inputs whose kernels span these outputs: the converse of `through`.

        With a dilation, or a stride larger than the kernel, the first and the last of them may not reach an output.
        """
        reach = (kernel - 1) * dilation - padding
        return PixelRanges(-((reach - self.first) // stride), (self.last + padding) // stride)

    def resized(self, method: str, n: int, m: int) -> PixelRanges:
        """Return the ranges of an axis of n pixels that became one of m. Beyond the border, pixels go on evenly."""
        reads = [axis_weights(method, n, m, i) for i in range(m)]
        first = np.array([start for start, _ in reads])
        last = np.array([start + len(weights) - 1 for start, weights in reads])
        begin, end = np.clip(self.first, 0, m - 1), np.clip(self.last, 0, m - 1)
        return PixelRanges(
            first[begin] + (self.first - begin) * n // m, last[end] - (end - self.last) * n // m
        )

    def whole(self, n: int) -> PixelRanges:
        """Return as many ranges that cover all n pixels."""
        return PixelRanges(np.zeros_like(self.first), np.full_like(self.last, n - 1))

    def union(self, other: PixelRanges | None) -> PixelRanges:
        """Return the smallest ranges that contain both; `other` may be None."""
        if other is None:
            return self
        return PixelRanges(np.minimum(self.first, other.first), np.maximum(self.last, other.last))


def receptive_field(plan: Plan, layer: str) -> list[PixelRanges]:
    """Return the pixels that each value of a layer depends on.

    Follows the operations of the plan backward, through kernels, strides, dilations, paddings, pools and all
    branches. After a Flatten the receptive field is the whole image. Dilations and strides may skip pixels
    inside a range.

    Parameters
    ----------
    plan : Plan
        The plan of the net.
    layer : str
        Name of the layer.

    Returns
    -------
    axes : [PixelRanges, PixelRanges]
        For the rows and the columns of the layer's output. A signal has one row, flat data one row and one column.
    """
    graph = plan.graph
    written = {id(buffer) for op in graph.ops for buffer in op.outputs}
    found: dict[int, list[PixelRanges]] = {}

    def add(buffer: Buffer, axes: Sequence[PixelRanges]) -> None:
        """Extend the ranges of a buffer by those that one of its readers depends on."""
        if id(buffer) not in written and buffer.alias is not None:  # flattened
            sizes = zip(axes, buffer.alias.shape[:2], strict=True)
            add(buffer.alias, [axis.whole(n) for axis, n in sizes])
            return
        known = found.get(id(buffer), (None, None))
        found[id(buffer)] = [axis.union(other) for axis, other in zip(axes, known, strict=True)]

    positions = [np.arange(n) for n in graph.outputs[layer].shape[:2]]
    add(graph.outputs[layer], [PixelRanges(position, position) for position in positions])
    for op in reversed(graph.ops):
        for axes in [found[id(end)] for end in op.outputs if id(end) in found]:
            axes = _through(op, axes)
            for source in op.inputs:
                # flat data that scale the channels of a map have one position
                scales = source is op.other and source.shape[:2] != op.dst.shape[:2]
                add(source, [axis.whole(1) for axis in axes] if scales else axes)
    return found[id(graph.input)]


def _through(op: Op, axes: Sequence[PixelRanges]) -> list[PixelRanges]:
    """Return the ranges of the input of an operation for those of its output."""
    if isinstance(op, ResizeOp):
        sizes = zip(axes, op.methods, op.src.shape, op.dst.shape, strict=False)
        return [axis.resized(method, n, m) for axis, method, n, m in sizes]
    if isinstance(op, Conv2DTransposeOp):
        window = zip(axes, op.kernel, op.stride, op.padding, op.dilation, strict=True)
        return [axis.transposed(k, s, p, d) for axis, k, s, (p, _), d in window]
    window = zip(axes, *_window(op), strict=True)
    return [axis.through(k, s, p, d) for axis, k, s, (p, _), d in window]


def _window(op: Op) -> Any:
    """Return kernel, stride, padding and dilation of an operation, each for both axes."""
    if isinstance(op, Conv2DOp):
        return op.kernel, op.stride, op.padding, op.dilation
    if isinstance(op, Pool2DOp):
        return op.size, op.stride, op.padding, (1, 1)
    if isinstance(op, ZeroPad2DOp):
        return (1, 1), (1, 1), op.padding, (1, 1)
    return NO_WINDOW
