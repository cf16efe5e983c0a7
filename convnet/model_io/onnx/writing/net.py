"""NetWriter: what the functions that write operations share, such as the values of buffers and the order of axes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from convnet.model_io.onnx.writing.graph import OnnxGraph, Tensor

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from convnet.graph import Plan
    from convnet.graph.layout import Buffer
    from convnet.graph.ops.base import Op
    from convnet.model_io.onnx.writing.graph import OperationWriter


class NetWriter:
    """The operations of a plan, before fusion, in a graph.

    Parameters
    ----------
    graph : OnnxGraph
    plan : Plan
    weights : mapping of str to ndarray
        The parameters by name.
    source : Tensor
        The input of the net, in ONNX's order of axes.
    """

    def __init__(
        self,
        graph: OnnxGraph,
        plan: Plan,
        weights: Mapping[str, NDArray[np.float32]],
        source: Tensor,
    ) -> None:
        self.graph, self.plan, self.weights = graph, plan, weights
        self.n_axes = len(plan.input_shape) - 1  # of maps: 2, of signals: 1
        self.parts: dict[Buffer, list[Tensor]] = {}  # of concatenations that are not complete
        self._tensors = {plan.graph.input: source}
        layers = [one for lowered in plan.lowered for one in lowered.walk()]
        self._shapes = {one.output: one.shape for one in layers}
        # if several layers have the same output, the outer one
        self._names = {one.output: one.name for one in reversed(layers)}

    def read(self, buffer: Buffer) -> Tensor:
        """Return what a buffer holds. A buffer that a Flatten layer makes adds a node."""
        if buffer not in self._tensors:
            assert buffer.alias is not None
            source = self.read(buffer.alias)
            is_flat = len(self._shapes.get(buffer, (1, 1, 1))) == 1
            flat = is_flat and not source.is_flat
            self._tensors[buffer] = self._flatten(source, buffer) if flat else source
        return self._tensors[buffer]

    def has(self, buffer: Buffer) -> bool:
        """Return whether the operation that computes what a buffer holds is written."""
        return buffer.root in self._tensors

    def write(self, op: Op, function: OperationWriter) -> None:
        """Add the nodes of an operation by a function that adds them and returns their result."""
        for buffer in op.inputs:  # adds the nodes of Flatten layers
            self.read(buffer)
        before = len(self.graph.nodes)
        result = function(self, op)
        if result is None:  # a part of a concatenation
            return
        if not result.is_flat and len(self._shapes.get(op.dst, (1, 1, 1))) == 1:
            result = self.flatten(result, op.layer)
        name = self._names.get(op.dst)
        if name is not None and len(self.graph.nodes) > before:
            result = Tensor(self.graph.name_output(name), result.shape, result.order)
        self._tensors[op.dst] = result

    def shape(self, buffer: Buffer) -> tuple[int, ...]:
        """Return the shape of a sample of maps: (c, h, w) or, of signals, (c, length)."""
        return (buffer.shape[2], *buffer.shape[2 - self.n_axes : 2])

    def axes(self, pair: Sequence[int]) -> list[int]:
        """Return (vertical, horizontal) as a list, without the vertical one for signals."""
        return list(pair)[2 - self.n_axes :]

    def pads(self, padding: Sequence[Sequence[int]]) -> list[int]:
        """Return ((top, bottom), (left, right)) as [top, left, bottom, right]; of signals, as [left, right]."""
        axes = list(padding)[2 - self.n_axes :]
        return [axis[0] for axis in axes] + [axis[1] for axis in axes]

    def values(self, op: Op, role: str) -> NDArray[np.float32]:
        """Return the values of a parameter."""
        return self.weights[op.parameters[role].name]

    def constant(self, op: Op, role: str, array: np.ndarray | np.generic) -> str:
        """Add an array as a constant, with the name of the parameter of that role. Return the name."""
        return self.graph.constant(array, f"{op.layer}/{role}")

    def per_channel(self, array: np.ndarray, x: Tensor) -> np.ndarray:
        """Return an array with a value per channel in the shape and order that `x` broadcasts with."""
        if x.is_flat:
            return self.in_order(array, x)
        return array.reshape(-1, *(1 for _ in x.shape[1:]))

    def in_order(self, array: np.ndarray, x: Tensor) -> np.ndarray:
        """Return an array whose first axis is the features or channels, in the order of those of `x`."""
        return array if x.order is None else array[x.order]

    def flatten(self, x: Tensor, layer: str) -> Tensor:
        """Add a Flatten of maps. The features are in ONNX's order, channels first."""
        c, *sides = x.shape
        size = int(np.prod(x.shape))
        order = None
        if c > 1 and size > c:
            order = np.moveaxis(np.arange(size).reshape(*sides, c), -1, 0).ravel()
        return Tensor(self.graph.node("Flatten", [x.name], layer, axis=1), (size,), order)

    def _flatten(self, x: Tensor, buffer: Buffer) -> Tensor:
        name = self._names[buffer]
        flat = self.flatten(x, name)
        return Tensor(self.graph.name_output(name), flat.shape, flat.order)

    def natural(self, x: Tensor, layer: str) -> Tensor:
        """Return flat data with the features in convnet's order."""
        if x.order is None:
            return x
        indices = self.graph.constant(np.argsort(x.order), f"{layer}/order")
        return Tensor(self.graph.node("Gather", [x.name, indices], layer, "order", axis=1), x.shape)

    def in_one_order(self, tensors: Sequence[Tensor], layer: str) -> list[Tensor]:
        """Return tensors of one shape with the features in the same order, that of the first if all have it."""
        first = tensors[0].order
        if all(_same(x.order, first) for x in tensors):
            return list(tensors)
        return [self.natural(x, layer) for x in tensors]


def _same(a: NDArray[np.intp] | None, b: NDArray[np.intp] | None) -> bool:
    return a is b or (a is not None and b is not None and np.array_equal(a, b))
