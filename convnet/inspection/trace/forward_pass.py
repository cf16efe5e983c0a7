"""ForwardPass: the output of every layer for one image, and the values from which each value is computed."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any, SupportsIndex

import numpy as np

from convnet.graph.arrays import check_finite
from convnet.graph.ops.branch import ForkOp
from convnet.inspection.trace.text import bracketed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from convnet.graph import Network
    from convnet.graph.layout import Buffer
    from convnet.graph.plan.builder import Lowered


INPUT = "input"


@dataclass(frozen=True)
class Location:
    """Where a value lies: in a buffer, and in the output of a layer.

    Parameters
    ----------
    buffer : Buffer
        The buffer that holds it.
    map_index : (int, int, int)
        Its row, column and channel in the buffer.
    layer : str
        Name of the layer whose output it is: "conv1", or "input".
    index : tuple of int
        Its index in that output: (row, column, channel), (position, channel) or (feature,).
    """

    buffer: Buffer
    map_index: tuple[int, ...]
    layer: str
    index: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.layer}{bracketed(self.index)}"


class ForwardPass:
    """The engine's output of every layer for one image, and the operations between them.

    All outputs are computed at once, so training the network later does not change them.

    Parameters
    ----------
    network : Network
        The network, used for prediction.
    image : ndarray of shape (1, h, w, c), (1, length, c) or (1, features)
        One image of any numeric dtype.
    scale : float
        Factor that the image is multiplied by.

    Attributes
    ----------
    layers : dict of Lowered
        Layers by name, including nested ones.
    weights : dict of ndarray
        Weights by name.
    output_buffer : Buffer
        The buffer of the last layer's output.
    """

    def __init__(self, network: Network, image: np.ndarray, scale: float) -> None:
        self.weights = network.get_weights()
        plan = network.plan
        self.output_buffer = plan.graph.output
        self.layers = {lowered.name: lowered for low in plan.lowered for lowered in low.walk()}
        self._input_shape = plan.input_shape
        self._writers = {op.dst: op for op in plan.graph.ops if not isinstance(op, ForkOp)}
        self._owners: dict[Buffer, list[str]] = {}
        self._named: dict[Buffer, str] = {}
        for lowered in self.layers.values():
            self._named.setdefault(lowered.output.root, lowered.name)
            if not self._wraps(lowered):
                self._owners.setdefault(lowered.output, []).append(lowered.name)
        self._outputs = {INPUT: self._converted(image[0], scale)}
        for name in self.layers:
            found = network.features(image, name, scale=scale)[0]
            self._outputs[name] = check_finite(found, f"The outputs of the net, at layer {name!r},")
        for array in self._outputs.values():
            array.flags.writeable = False

    @staticmethod
    def _wraps(lowered: Lowered) -> bool:
        """Return whether the output of a layer is that of the last layer inside it."""
        return bool(lowered.inner) and lowered.inner[-1].output is lowered.output

    def innermost(self, name: str) -> Lowered:
        """Return the layer with this name, or the nested layer that computes its output."""
        lowered = self.layers[name]
        return self.innermost(lowered.inner[-1].name) if self._wraps(lowered) else lowered

    def output(self, name: str) -> NDArray[np.float32]:
        """Return the output of a layer, float32 of its shape; for "input" the scaled image."""
        return self._outputs[name]

    def shape(self, name: str) -> tuple[int, ...]:
        """Return the output shape of a layer, or the shape of the input."""
        return self._input_shape if name == INPUT else tuple(self.layers[name].shape)

    def _converted(self, image: np.ndarray, scale: float) -> NDArray[np.float32]:
        """Return the image times the float32 scale, rounded once to float32, as the engine computes it."""
        scaled = image.astype(np.float64) * np.float64(np.float32(scale))
        return scaled.astype(np.float32).reshape(self._input_shape)

    def values(self, buffer: Buffer) -> NDArray[np.float64]:
        """Return the values of a buffer that holds a layer's output or the input: float64, (h, w, c)."""
        name = self._named.get(buffer.root, INPUT)
        return self.output(name).reshape(buffer.shape).astype(np.float64)

    def parameter(self, op: Any, role: str) -> NDArray[np.float64]:
        """Return the parameter of an operation that has this role, such as "weights", as float64."""
        return self.weights[op.parameters[role].name].astype(np.float64)

    def bias(self, op: Any, unit: int) -> float | None:
        """Return one bias of an operation, or None if it has no bias."""
        return float(self.parameter(op, "bias")[unit]) if "bias" in op.parameters else None

    def writer(self, buffer: Buffer) -> Any:
        """Return the operation that writes a buffer; None for the input and for buffers that share memory."""
        return self._writers.get(buffer)

    def owners(self, buffer: Buffer) -> list[str]:
        """Return the names of the layers whose output is this buffer. All but the first pass it on unchanged."""
        return self._owners.get(buffer, [])

    def locate(
        self, buffer: Buffer, map_index: Iterable[SupportsIndex], before: str | None = None
    ) -> Location:
        """Return the location of a value of a buffer.

        Parameters
        ----------
        buffer : Buffer
            The buffer.
        map_index : (int, int, int)
            Row, column and channel in the buffer.
        before : str, default=None
            If several layers share the buffer, the location names the last of them, or the last before this one.
        """
        at = tuple(map(int, map_index))
        names = self.owners(buffer)
        names = names[: names.index(before)] if before in names else names
        if names:
            return Location(buffer, at, names[-1], output_index(at, self.layers[names[-1]].shape))
        if buffer.alias is None:
            return Location(buffer, at, INPUT, output_index(at, self._input_shape))
        return self.locate(buffer.alias, _reshaped(at, buffer.shape, buffer.alias.shape))


def output_index(map_index: Sequence[int], shape: Sequence[int]) -> tuple[int, ...]:
    """Return (row, column, channel) without its leading axes, as an index in an output of this shape."""
    return tuple(map_index[3 - len(shape) :])


def _reshaped(index: Sequence[int], shape: Sequence[int], other: Sequence[int]) -> tuple[int, ...]:
    """Return the index of the same value after a reshape from `shape` to `other`."""
    if prod(shape) != prod(other):
        raise ValueError(f"maps of shapes {shape} and {other} have no memory in common")
    return tuple(map(int, np.unravel_index(np.ravel_multi_index(index, shape), other)))
