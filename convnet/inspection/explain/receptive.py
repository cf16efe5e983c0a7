"""Receptive fields: which pixels of the image a value of a layer depends on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from convnet.graph.ops import AddOp, Conv2DOp, ForkOp, Pool2DOp, ZeroPad2DOp

if TYPE_CHECKING:
    from collections.abc import Sequence

    from convnet.graph import Plan
    from convnet.graph.buffers import Buffer
    from convnet.graph.ops.base import Op


NO_WINDOW = ((1, 1), (1, 1), ((0, 0), (0, 0)), (1, 1))  # kernel, stride, padding, dilation


@dataclass
class Ranges:
    """Of each place of a layer's output, along one axis, the first and the last pixel that it depends on.

    Pixels are counted on beyond the borders of the image, where the padding lies: before the first they are negative.

    Parameters
    ----------
    first, last : ndarray of int, shape (places,)
    """

    first: np.ndarray
    last: np.ndarray

    def through(self, kernel: int, stride: int, padding: int, dilation: int) -> Ranges:
        """Return the ranges of what a sliding window reads: place i begins at i · stride - padding."""
        reach = (kernel - 1) * dilation - padding
        return Ranges(self.first * stride - padding, self.last * stride + reach)

    def whole(self, n: int) -> Ranges:
        """Return as many ranges of all n pixels."""
        return Ranges(np.zeros_like(self.first), np.full_like(self.last, n - 1))

    def joined(self, other: Ranges | None) -> Ranges:
        """Return the least ranges that hold both; those of None are none."""
        if other is None:
            return self
        return Ranges(np.minimum(self.first, other.first), np.maximum(self.last, other.last))


def receptive_field(plan: Plan, layer: str) -> list[Ranges]:
    """Return the pixels that each value of a layer depends on, as the plan connects them.

    Worked out backwards through kernels, strides, dilations, paddings, pools and both branches of residual blocks.
    Behind a Flatten it is the whole image. Dilations and strides may leave out pixels in between.

    Parameters
    ----------
    plan : Plan
    layer : str
        Its name.

    Returns
    -------
    axes : (Ranges, Ranges)
        By row and column of the layer's output; a signal has one row, flat data one row and column.
    """
    builder, outputs = plan.build()
    written = {id(buffer) for op in builder.ops for buffer in _written(op)}
    found: dict[int, list[Ranges]] = {}

    def reach(buffer: Buffer, axes: Sequence[Ranges]) -> None:
        """Note that a buffer is read."""
        if id(buffer) not in written and buffer.alias is not None:  # flattened
            sizes = zip(axes, buffer.alias.shape[:2], strict=True)
            reach(buffer.alias, [axis.whole(n) for axis, n in sizes])
            return
        known = found.get(id(buffer), (None, None))
        found[id(buffer)] = [axis.joined(other) for axis, other in zip(axes, known, strict=True)]

    places = [np.arange(n) for n in outputs[layer].shape[:2]]
    reach(outputs[layer], [Ranges(place, place) for place in places])
    for op in reversed(builder.ops):
        for axes in [found[id(end)] for end in _written(op) if id(end) in found]:
            window = zip(axes, *_window(op), strict=True)
            axes = [axis.through(k, s, p, d) for axis, k, s, (p, _), d in window]
            for source in _read(op):
                reach(source, axes)
    return found[id(builder.input)]


def _read(op: Op) -> tuple[Buffer, ...]:
    return (op.src, op.other) if isinstance(op, AddOp) else (op.src,)


def _written(op: Op) -> tuple[Buffer, ...]:
    return (op.dst, op.other) if isinstance(op, ForkOp) else (op.dst,)


def _window(op: Op) -> Any:
    """Return kernel, stride, padding and dilation of an operation, each for both axes."""
    if isinstance(op, Conv2DOp):
        return op.kernel, op.stride, op.padding, op.dilation
    if isinstance(op, Pool2DOp):
        return op.size, op.stride, op.padding, (1, 1)
    if isinstance(op, ZeroPad2DOp):
        return (1, 1), (1, 1), op.padding, (1, 1)
    return NO_WINDOW
