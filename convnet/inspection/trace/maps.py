"""What every layer makes of one image, and from which values each value comes."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any, SupportsIndex

import numpy as np

from convnet.graph.arrays import check_finite
from convnet.graph.ops import ForkOp
from convnet.inspection.trace.step import Spot

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from convnet.graph import Network
    from convnet.graph.buffers import Buffer
    from convnet.graph.plan.builder import Lowered


INPUT = "input"


class Maps:
    """The engine's map of every layer for one image, and the operations between them.

    All maps are taken at once: they stay those of one net where it is trained on.

    Parameters
    ----------
    network : Network
    image : ndarray of shape (1, h, w, c), (1, length, c) or (1, features)
        Of any numeric dtype.
    scale : float
        What it is multiplied by.

    Attributes
    ----------
    layers : dict of Lowered
        By name, those inside others too.
    weights : dict of ndarray
        By name.
    last : Buffer
        What the net puts out.
    """

    def __init__(self, network: Network, image: np.ndarray, scale: float) -> None:
        self.weights = network.get_weights()
        builder, _ = network.plan.build()
        self.last = builder.current
        outer = builder.lowered
        self.layers = {lowered.name: lowered for low in outer for lowered in low.walk()}
        self._input_shape = network.plan.input_shape
        self._writers = {op.dst: op for op in builder.ops if not isinstance(op, ForkOp)}
        self._owners: dict[Buffer, list[str]] = {}
        self._named: dict[Buffer, str] = {}
        for lowered in self.layers.values():
            self._named.setdefault(lowered.output.root, lowered.name)
            if not self._wraps(lowered):
                self._owners.setdefault(lowered.output, []).append(lowered.name)
        self._arrays = {INPUT: self._converted(image[0], scale)}
        for name in self.layers:
            found = network.features(image, name, scale=scale)[0]
            self._arrays[name] = check_finite(found, f"The outputs of the net, at layer {name!r},")
        for array in self._arrays.values():
            array.flags.writeable = False

    @staticmethod
    def _wraps(lowered: Lowered) -> bool:
        """Whether a layer puts out what the last one inside it does."""
        return bool(lowered.inner) and lowered.inner[-1].output is lowered.output

    def innermost(self, name: str) -> Lowered:
        """Return the layer of that name, or the one inside it whose output is its."""
        lowered = self.layers[name]
        return self.innermost(lowered.inner[-1].name) if self._wraps(lowered) else lowered

    def array(self, name: str) -> NDArray[np.float32]:
        """Return the engine's output of a layer, float32, of the layer's shape; or the "input" as it sees it."""
        return self._arrays[name]

    def _converted(self, image: np.ndarray, scale: float) -> NDArray[np.float32]:
        """The image times the scale, a float32, rounded to float32 once."""
        scaled = image.astype(np.float64) * np.float64(np.float32(scale))
        return scaled.astype(np.float32).reshape(self._input_shape)

    def map(self, buffer: Buffer) -> NDArray[np.float64]:
        """Return the values of a layer's output, or the input, as a float64 map (h, w, c)."""
        name = self._named.get(buffer.root, INPUT)
        return self.array(name).reshape(buffer.shape).astype(np.float64)

    def writer(self, buffer: Buffer) -> Any:
        """Return the operation that writes a buffer; None of the input, and of what shares another's memory."""
        return self._writers.get(buffer)

    def owners(self, buffer: Buffer) -> list[str]:
        """Return the names of the layers whose output a buffer is: all but the first change nothing."""
        return self._owners.get(buffer, [])

    def spot(
        self, buffer: Buffer, index: Iterable[SupportsIndex], before: str | None = None
    ) -> Spot:
        """Return a value's place, named after the last layer whose output it is, or the last before layer `before`."""
        at = tuple(map(int, index))
        names = self.owners(buffer)
        names = names[: names.index(before)] if before in names else names
        if names:
            return Spot(buffer, at, names[-1], ranked(at, self.layers[names[-1]].shape))
        if buffer.alias is None:
            return Spot(buffer, at, INPUT, ranked(at, self._input_shape))
        return self.spot(buffer.alias, move(at, buffer.shape, buffer.alias.shape))

    def shape(self, name: str) -> tuple[int, ...]:
        """Return the shape of a layer's output, or the input's."""
        return self._input_shape if name == INPUT else tuple(self.layers[name].shape)


def move(index: Sequence[int], shape: Sequence[int], other: Sequence[int]) -> tuple[int, ...]:
    """Return where a value of a map lies when its memory is read in another shape."""
    if prod(shape) != prod(other):
        raise ValueError(f"maps of shapes {shape} and {other} have no memory in common")
    return tuple(map(int, np.unravel_index(np.ravel_multi_index(index, shape), other)))


def ranked(index: Sequence[int], shape: Sequence[int]) -> tuple[int, ...]:
    """Return the place (row, column, channel) in a map as one in an output of fewer axes."""
    return tuple(index[3 - len(shape) :])
