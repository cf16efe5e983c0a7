"""Steps of layers that sum products of inputs and weights: convolutions and dense layers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from convnet.graph.ops.conv2d import Conv2DOp
from convnet.graph.ops.conv2dtranspose import Conv2DTransposeOp
from convnet.graph.ops.dense import DenseOp
from convnet.inspection.trace.step import ActivatedStep, input_fields, strongest
from convnet.inspection.trace.text import (
    PADDING,
    bracketed,
    grid,
    number,
    remaining,
    side_by_side,
    table,
)
from convnet.inspection.trace.windows import read_window, window_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from convnet.inspection.trace.forward_pass import ForwardPass
    from convnet.inspection.trace.step import Fields, MapIndex, Steps


MAX_CHANNELS = 3  # channels whose patch is printed
MAX_PRODUCTS = 6  # rows of a table of products


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class WeightedSumStep(ActivatedStep):
    """activation(Σ products + bias). A subclass defines `products`.

    Parameters
    ----------
    bias : float or None
        None if the layer has no bias.
    """

    bias: float | None

    @property
    def products(self) -> np.ndarray:
        """The terms of the sum."""
        raise NotImplementedError

    @property
    def sum(self) -> float:
        """Sum of the products, float64."""
        return float(self.products.sum())

    @property
    def preactivation(self) -> float:
        return self.sum + (self.bias or 0.0)

    def sum_lines(self) -> list[str]:
        """Return the lines from the sum to the value."""
        entries = [(f"sum of the {self.products.size:,} products", self.sum)]
        if self.bias is not None:
            entries.append(("+ bias", self.bias))
        return self.result(*entries)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ConvolutionStep(WeightedSumStep):
    """activation(Σ patch · kernel + bias): one pixel of one output channel.

    Parameters
    ----------
    patch : ndarray of float64, shape (kh, kw, c / groups)
        The input values under the kernel; 0 outside the map.
    inside : ndarray of bool, shape (kh, kw)
        False in the padding.
    kernel : ndarray of float64, shape (kh, kw, c / groups)
        Weights of the output channel.
    first_channel : int
        First input channel of the patch: that of the filter's group.
    tap : (int, int, int)
        Index of `source` in the patch.
    """

    patch: np.ndarray
    inside: np.ndarray
    kernel: np.ndarray
    first_channel: int
    tap: tuple[int, ...]

    @property
    def products(self) -> np.ndarray:
        """Patch times kernel, (kh, kw, c / groups)."""
        return self.patch * self.kernel

    def lines(self) -> list[str]:
        sums = self.products.sum(axis=(0, 1))
        lines = self._across_channels() if self.inside.size == 1 else self._patches(sums)
        lines += self.sum_lines()
        if not self.inside.all():
            lines.append(f"{PADDING} is padding: 0")
        return lines

    def _across_channels(self) -> list[str]:
        """Return the lines of a 1×1 kernel: one product for each channel."""
        values = (a[0, 0] for a in (self.patch, self.kernel, self.products))
        names = [f"channel {self.first_channel + k}" for k in range(self.patch.shape[2])]
        return _product_table(self.input_layer, names, *values)

    def _patches(self, sums: np.ndarray) -> list[str]:
        """Return the lines of patch, kernel and products of the channels that contribute most."""
        shown = self._shown(sums)
        lines = []
        for channel in shown:
            lines += self._grids(channel)
            if len(sums) > 1:
                lines.append(f"sum of the products {number(sums[channel])}")
            lines.append("")
        if len(shown) < len(sums):
            rest = np.delete(sums, shown)
            label = remaining(len(rest), "channel")
            lines += [f"{label}: sum of the products {number(rest.sum())}", ""]
        return lines

    def _shown(self, sums: np.ndarray) -> list[int]:
        """Return the channels to print, ascending: that of `tap`, then those with the largest sums."""
        order = sorted(range(len(sums)), key=lambda k: (k != self.tap[2], -abs(sums[k])))
        return sorted(order[:MAX_CHANNELS])

    def _grids(self, channel: int) -> list[str]:
        """Return the lines of patch, kernel and products of one channel."""
        tap, marked = self.tap[:2], channel == self.tap[2]
        title = f"patch of {self.input_layer}, channel {self.first_channel + channel}"
        return side_by_side(
            grid(title, self.patch[:, :, channel], tap, self.inside, marked=marked),
            grid("× kernel", self.kernel[:, :, channel], tap, marked=marked),
            grid("= products", self.products[:, :, channel], tap, self.inside, marked=marked),
        )


def convolution_step(
    net: ForwardPass, op: Conv2DOp, index: MapIndex, common: Fields, sign: int | None
) -> ConvolutionStep:
    """Return the step of a convolution's output value."""
    row, column, filter_ = index
    rows, columns, inside = window_of(op, op.kernel, op.dilation, row, column)
    channels = op.src.shape[2] // op.groups
    first = filter_ // (op.dst.shape[2] // op.groups) * channels
    patch = read_window(net.values(op.src), rows, columns, inside)
    patch = patch[:, :, first : first + channels]
    kernel = net.parameter(op, "weights").reshape(*op.kernel, channels, -1)[..., filter_]
    bias = net.bias(op, filter_)
    tap = strongest(patch * kernel, sign, bias, inside[:, :, None])
    read = (rows[tap[0]], columns[tap[1]], first + tap[2])
    return ConvolutionStep(
        **common,
        **input_fields(net, op.src, read if inside.any() else None),
        patch=patch,
        inside=inside,
        kernel=kernel,
        bias=bias,
        first_channel=first,
        tap=tap,
    )


def transposed_step(
    net: ForwardPass, op: Conv2DTransposeOp, index: MapIndex, common: Fields, sign: int | None
) -> ConvolutionStep:
    """Return the step of a transposed convolution's output value: the inputs that reach it, and their weights."""
    row, column, filter_ = index
    axes = [_reaching(op, axis, at) for axis, at in enumerate((row, column))]
    (rows, row_taps), (columns, column_taps) = axes
    weights = net.parameter(op, "weights").reshape(*op.kernel, op.dst.shape[2], -1)
    kernel = weights[row_taps[:, None], column_taps, filter_]
    h, w, _ = op.src.shape
    inside = ((rows >= 0) & (rows < h))[:, None] & (columns >= 0) & (columns < w)
    patch = read_window(net.values(op.src), rows, columns, inside)
    bias = net.bias(op, filter_)
    tap = strongest(patch * kernel, sign, bias, inside[:, :, None])
    read = (rows[tap[0]], columns[tap[1]], tap[2])
    return ConvolutionStep(
        **common,
        **input_fields(net, op.src, read if inside.any() else None),
        patch=patch,
        inside=inside,
        kernel=kernel,
        bias=bias,
        first_channel=0,
        tap=tap,
    )


def _reaching(op: Conv2DTransposeOp, axis: int, at: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the inputs along an axis whose kernels reach output `at`, and the taps that do; -1 if there are none."""
    step, (before, _) = op.stride[axis], op.padding[axis]
    taps = np.arange(op.kernel[axis])[::-1]
    places = at + before - taps * op.dilation[axis]
    reach = places % step == 0
    if not reach.any():
        return np.array([-1]), np.array([0])
    return places[reach] // step, taps[reach]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class DenseStep(WeightedSumStep):
    """activation(Σ inputs · weights + bias): one unit.

    Parameters
    ----------
    inputs, weights : ndarray of float64, shape (features,)
        All inputs of the layer, and the weights of the unit.
    map_shape : tuple of int or None
        Shape of the map before it was flattened to `inputs`; None if it was flat.
    """

    inputs: np.ndarray
    weights: np.ndarray
    map_shape: tuple[int, ...] | None = None

    @property
    def products(self) -> np.ndarray:
        """Inputs times weights, (features,)."""
        return self.inputs * self.weights

    def lines(self) -> list[str]:
        names = [self._feature(i) for i in range(len(self.inputs))]
        lines = _product_table(self.input_layer, names, self.inputs, self.weights, self.products)
        return lines + self.sum_lines()

    def _feature(self, i: int) -> str:
        """Return the index of a feature, and where it lies in the map."""
        if self.map_shape is None:
            return bracketed((i,))
        index = map(int, np.unravel_index(i, self.map_shape))
        return f"{bracketed((i,))} from {bracketed(index)}"


def dense_step(
    net: ForwardPass, op: DenseOp, index: MapIndex, common: Fields, sign: int | None
) -> DenseStep:
    """Return the step of a dense layer's output value."""
    unit = index[2]
    inputs = net.values(op.src)[0, 0]
    weights = net.parameter(op, "weights")[:, unit]
    bias = net.bias(op, unit)
    (feature,) = strongest(inputs * weights, sign, bias, np.ones(len(inputs), dtype=bool))
    alias = op.src.alias
    return DenseStep(
        **common,
        **input_fields(net, op.src, (0, 0, feature)),
        inputs=inputs,
        weights=weights,
        bias=bias,
        map_shape=alias.shape if alias and alias.shape != op.src.shape else None,
    )


def _product_table(
    layer: str, names: Sequence[str], inputs: np.ndarray, weights: np.ndarray, products: np.ndarray
) -> list[str]:
    """Return the lines of a table of the products with the largest magnitudes, and the sum of the others.

    Parameters
    ----------
    layer : str
        Name of the layer that the inputs come from.
    names : sequence of n str
        Where the inputs lie in its output.
    inputs, weights, products : ndarray of shape (n,)
        The columns.
    """
    order = np.argsort(-np.abs(products), kind="stable")
    shown, rest = order[:MAX_PRODUCTS], order[MAX_PRODUCTS:]
    header = layer, "input", "× weight", "= product"
    columns = (a[shown] for a in (inputs, weights, products))
    lines = table(header, [names[i] for i in shown], *columns)
    if len(rest):
        total = number(products[rest].sum())
        lines.append(f"{remaining(len(rest), 'product')}: {total} in total")
    return [*lines, ""]


STEPS: Steps = {
    Conv2DOp: convolution_step,
    Conv2DTransposeOp: transposed_step,
    DenseOp: dense_step,
}
