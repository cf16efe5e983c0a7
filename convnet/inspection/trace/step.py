"""A step: one output value of a layer, and how it comes about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from convnet.graph.buffers import Buffer
from convnet.inspection.trace.activations import FORMULAS, FUNCTIONS
from convnet.inspection.trace.text import cross, ledger, number, place

if TYPE_CHECKING:
    from convnet.layers import Layer

LONG = 60  # characters of a layer's repr; a longer one is not shown


@dataclass(frozen=True)
class Spot:
    """A value of a buffer.

    Parameters
    ----------
    buffer : Buffer
    index : (int, int, int)
        In the buffer: row, column, channel.
    layer : str
        Whose output it is: "conv1", or "input".
    place : tuple of int
        In that output: (row, column, channel), (position, channel) or (feature,).
    """

    buffer: Buffer
    index: tuple[int, ...]
    layer: str
    place: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.layer}{place(self.place)}"


@dataclass(frozen=True, kw_only=True, eq=False)
class Step:
    """How one output value of a layer comes about; print it.

    A `Trace` makes them. That of a convolution has ``patch``, ``kernel`` and ``products`` as well, other layers' have
    what belongs to those.

    Parameters
    ----------
    layer : str
        Name of the layer.
    spec : Layer
        The layer itself.
    input_layer : str
        Name of the layer that it reads, or "input".
    input_shape, shape : tuple of int
        Of what it reads and puts out.
    place : tuple of int
        Of the value in the output: (row, column, channel), (position, channel) or (feature,).
    value : float
        The engine's, float32.
    source : Spot or None
        The input value that it is followed back to: the winner of a max-pool, that of the strongest product of a sum.
        None where it reads nothing but padding.

    Attributes
    ----------
    computed : float
        The value by its definition, in float64: `value` but for rounding.
    """

    layer: str
    spec: Layer
    input_layer: str
    input_shape: tuple[int, ...]
    shape: tuple[int, ...]
    place: tuple[int, ...]
    value: float
    source: Spot | None

    @property
    def computed(self) -> float:
        """The value by its definition, float64: `value` but for rounding."""
        raise NotImplementedError

    def lines(self) -> list[str]:
        """Return the working.

        Returns
        -------
        lines : list of str
        """
        raise NotImplementedError

    def __str__(self) -> str:
        spec = repr(self.spec)
        spec = spec if len(spec) <= LONG else type(self.spec).__name__
        shapes = f"{cross(self.input_shape)} → {cross(self.shape)}"
        head = f"{self.layer}{place(self.place)} = {number(self.value)}     {spec}, {shapes}"
        return "\n".join([head, *(f"    {line}".rstrip() for line in self.lines())])

    __repr__ = __str__


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Activated(Step):
    """A step whose value goes through an activation.

    Parameters
    ----------
    activation : str
        Its name; "linear" where there is none.
    """

    activation: str = "linear"

    @property
    def preactivation(self) -> float:
        """What the activation is applied to, float64."""
        raise NotImplementedError

    @property
    def computed(self) -> float:
        return FUNCTIONS[self.activation](self.preactivation)

    def result(self, *entries: tuple[str, float]) -> list[str]:
        """Return the lines of a sum: its entries, then the pre-activation and the value."""
        if self.activation == "linear":
            return ledger(*entries, ("= output", self.value))
        formula = f"{self.activation}(z) = {FORMULAS[self.activation]}"
        return ledger(*entries, ("= pre-activation z", self.preactivation), (formula, self.value))
