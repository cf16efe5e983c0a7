"""The net as a graph of layers, and the tensors of ONNX as outputs of these layers.

ONNX orders the axes of maps as (n, c, h, w), and convnet as (n, h, w, c). Nothing is transposed: a `Feature` says which
axis of the tensor is which axis of the layer's output, and where the features of a flattened map are.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from convnet.model_io.onnx.reading.errors import UnsupportedNodeError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from convnet.layers import Layer

    Arrays = dict[str, np.ndarray]
    Axes = tuple[int | None, ...]

# Vertices that are not layers yet, or never.
INPUT, AFFINE, PAD, LOG_SOFTMAX = "input", "affine", "pad", "log_softmax"
MERGES = ("add", "multiply", "max", "mean", "concat")


@dataclass(eq=False)
class Vertex:
    """A layer, or a merge of branches.

    Attributes
    ----------
    kind : str
        "layer", one of `MERGES`, or `INPUT`, `AFFINE`, `PAD` or `LOG_SOFTMAX`.
    name : str
        Name of the node that it comes from.
    inputs : list of Vertex
    shape : tuple of int
        Of its output: (height, width, channels), (length, channels) or (features,).
    layer : Layer, default=None
        If it is a layer: without a name.
    arrays : dict of str to ndarray
        Weights of the layer by role; of `AFFINE`, "scale" and "offset", numbers or one per channel.
    pads : tuple of (int, int), default=()
        Of `PAD`: zeros before and after each spatial axis.
    """

    kind: str
    name: str
    inputs: list[Vertex]
    shape: tuple[int, ...]
    layer: Layer | None = None
    arrays: Arrays = field(default_factory=dict)
    pads: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, eq=False)
class Feature:
    """A tensor of ONNX that is the output of a vertex.

    Attributes
    ----------
    vertex : Vertex
    axes : tuple of (int or None)
        For each axis of the tensor after the first, which is the batch: the axis of the vertex's shape, or None for an
        axis of size 1 that the vertex does not have. (2, 0, 1) is a map with channels first.
    order : ndarray of int, default=None
        Of flat features: ``features_of_vertex = features_of_tensor[order]``. None if both are the same.
    """

    vertex: Vertex
    axes: Axes
    order: NDArray[np.intp] | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the vertex's output."""
        return self.vertex.shape

    @property
    def dims(self) -> tuple[int, ...]:
        """The sizes of the axes of the tensor, without the batch."""
        return tuple(1 if axis is None else self.shape[axis] for axis in self.axes)

    @property
    def channels(self) -> int:
        """The size of the last axis of the vertex's output."""
        return self.shape[-1]

    @property
    def channel_axis(self) -> int:
        """The axis of the tensor, with the batch as axis 0, that holds the channels."""
        return self.axes.index(len(self.shape) - 1) + 1

    def at(self, vertex: Vertex) -> Feature:
        """Return the same tensor as the output of another vertex, with the same axes and order."""
        return replace(self, vertex=vertex)

    def ordered(self, array: np.ndarray) -> np.ndarray:
        """Return an array with one value, or row, per channel in the order of the vertex."""
        return array if self.order is None else array[self.order]

    def has_layout(self, other: Feature) -> bool:
        """Return whether the values of both tensors are at the same places of both vertices' outputs."""
        if (self.shape, self.axes) != (other.shape, other.axes):
            return False
        if self.order is None or other.order is None:
            return self.order is other.order
        return np.array_equal(self.order, other.order)


def first_axes(shape: tuple[int, ...]) -> Axes:
    """Return the axes of a tensor with channels first: (2, 0, 1) for maps, (1, 0) for signals, (0,) for flat data."""
    return (len(shape) - 1, *range(len(shape) - 1))


def require_channels_first(feature: Feature, what: str = "its input") -> None:
    """Raise UnsupportedNodeError unless a tensor has the layout (n, c, ...) of a map or a signal."""
    if len(feature.shape) < 2 or feature.axes != first_axes(feature.shape):
        raise UnsupportedNodeError(f"{what} is not (n, c, h, w) or (n, c, length)")


def require_flat(feature: Feature) -> None:
    """Raise UnsupportedNodeError unless a tensor has the shape (n, features)."""
    if feature.axes != (0,):
        raise UnsupportedNodeError(
            f"its input has the shape {('n', *feature.dims)} instead of (n, features)".replace(
                "'n'", "n"
            )
        )


def is_trivial(axes: Axes, shape: tuple[int, ...]) -> bool:
    """Return whether a tensor, flattened, has the order of the flattened output of its vertex."""
    wide = [axis for axis in axes if axis is not None and shape[axis] > 1]
    return wide == sorted(wide) and prod(shape) == prod(shape[axis] for axis in wide)
