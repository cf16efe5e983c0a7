"""A step of a trace: how one output value of a layer is computed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from convnet.inspection.trace.activations import FORMULAS, FUNCTIONS, prelu, prelu_formula
from convnet.inspection.trace.forward_pass import Location
from convnet.inspection.trace.text import bracketed, labeled_values, number
from convnet.layers.geometry import cross

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from convnet.graph.layout import Buffer
    from convnet.inspection.trace.forward_pass import ForwardPass
    from convnet.layers import Layer


MAX_REPR = 60  # characters; for a layer with a longer repr only the type is shown

MapIndex = tuple[int, ...]  # (row, column, channel)
Fields = dict[str, Any]  # keyword arguments of a step

# The function that returns the step of an output value, by type of the operation. It takes the forward pass, the
# operation, the index of the value, the fields that all steps have, and `sign` (see `convnet.inspection.trace.steps`).
Steps: TypeAlias = (
    "dict[type, Callable[[ForwardPass, Any, MapIndex, Fields, int | None], TraceStep]]"
)


@dataclass(frozen=True, kw_only=True, eq=False)
class TraceStep:
    """How one output value of a layer is computed. Print it to see the calculation.

    `Trace.at` returns one. Subclasses add the arrays of their layer: the step of a convolution has ``patch``,
    ``kernel`` and ``products``.

    Parameters
    ----------
    layer : str
        Name of the layer.
    spec : Layer
        The layer itself.
    input_layer : str
        Name of the layer that it reads, or "input".
    input_shape, shape : tuple of int
        Shapes of its input and of its output.
    index : tuple of int
        Index of the value in the output: (row, column, channel), (position, channel) or (feature,).
    value : float
        The value that the engine computed in float32.
    source : Location or None
        The input value that the trace follows back to: the largest value of a max-pool window, or the factor of the
        strongest product of a sum. None if the layer reads only padding.

    Attributes
    ----------
    computed : float
        The value by its definition, in float64. It differs from `value` by rounding alone.
    """

    layer: str
    spec: Layer
    input_layer: str
    input_shape: tuple[int, ...]
    shape: tuple[int, ...]
    index: tuple[int, ...]
    value: float
    source: Location | None

    @property
    def computed(self) -> float:
        """The value by its definition, in float64. It differs from `value` by rounding alone."""
        raise NotImplementedError

    def lines(self) -> list[str]:
        """Return the lines that show the calculation.

        Returns
        -------
        lines : list of str
            Without the headline.
        """
        raise NotImplementedError

    def __str__(self) -> str:
        spec = repr(self.spec)
        spec = spec if len(spec) <= MAX_REPR else type(self.spec).__name__
        shapes = f"{cross(self.input_shape)} → {cross(self.shape)}"
        head = f"{self.layer}{bracketed(self.index)} = {number(self.value)}     {spec}, {shapes}"
        return "\n".join([head, *(f"    {line}".rstrip() for line in self.lines())])

    __repr__ = __str__


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ActivatedStep(TraceStep):
    """A step that ends with an activation function.

    Parameters
    ----------
    activation : str
        Name of the activation; "linear" if there is none.
    slope : float
        Factor of negative pre-activations, if the activation is "prelu".
    """

    activation: str = "linear"
    slope: float = 0.0

    @property
    def preactivation(self) -> float:
        """The argument of the activation, float64."""
        raise NotImplementedError

    @property
    def computed(self) -> float:
        if self.activation == "prelu":
            return prelu(self.preactivation, self.slope)
        return FUNCTIONS[self.activation](self.preactivation)

    def result(self, *entries: tuple[str, float]) -> list[str]:
        """Return the lines of a sum: its (label, value) entries, the pre-activation and the value."""
        if self.activation == "linear":
            return labeled_values(*entries, ("= output", self.value))
        entries = *entries, ("= pre-activation z", self.preactivation)
        if self.activation == "softmax":  # of several channels, which its own step shows
            return labeled_values(*entries)
        if self.activation == "prelu":
            return labeled_values(*entries, (prelu_formula(self.slope), self.value))
        formula = f"{self.activation}(z) = {FORMULAS[self.activation]}"
        return labeled_values(*entries, (formula, self.value))


def input_fields(
    net: ForwardPass, buffer: Buffer, index: MapIndex | None = None, before: str | None = None
) -> Fields:
    """Return the fields that say what a step reads.

    Parameters
    ----------
    net : ForwardPass
    buffer : Buffer
        What the step reads.
    index : (int, int, int), default=None
        The value that becomes the step's `source`; None if there is none.
    before : str, default=None
        See `ForwardPass.locate`.
    """
    location = net.locate(buffer, index or (0, 0, 0), before)
    shape = net.shape(location.layer)
    source = location if index else None
    return {"source": source, "input_layer": location.layer, "input_shape": shape}


def one_input_fields(net: ForwardPass, op: Any, index: MapIndex) -> Fields:
    """Return the fields of a step that reads one input value, at `index`."""
    return input_fields(net, op.src, index) | {"input": float(net.values(op.src)[index])}


def strongest(
    terms: np.ndarray, sign: int | None, bias: float | None, allowed: np.ndarray
) -> tuple[int, ...]:
    """Return the index of the term that contributes most to a sum.

    Parameters
    ----------
    terms : ndarray
        What is summed.
    sign : int or None
        1 for the largest term, -1 for the smallest; None takes the sign of the sum with its bias.
    bias : float or None
        Added to the terms.
    allowed : ndarray of bool
        Terms to choose from.
    """
    if sign is None:
        sign = -1 if terms.sum() + (bias or 0.0) < 0 else 1
    return unraveled(np.where(allowed, sign * terms, -np.inf).argmax(), terms.shape)


def unraveled(flat: Any, shape: Sequence[int]) -> tuple[int, ...]:
    """Return a flat index as a tuple of int, one for each axis."""
    return tuple(map(int, np.unravel_index(flat, shape)))
