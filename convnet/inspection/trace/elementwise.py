"""Steps of layers whose output value comes from one input value, or from two."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

from convnet.inspection.trace.activations import FORMULAS, FUNCTIONS
from convnet.inspection.trace.step import Activated, Spot, Step
from convnet.inspection.trace.text import ledger


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Unchanged(Step):
    """A value that a layer passes on: Flatten, Dropout in prediction, ZeroPad2D, a linear Activation.

    Parameters
    ----------
    input : float
        0 in the zeros that are put around a map.
    words : str
        Why it stays.
    """

    input: float
    words: str

    @property
    def computed(self) -> float:
        return self.input

    def lines(self) -> list[str]:
        where = f"{self.source}, " if self.source else ""
        return ledger((where + self.words, self.value))


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Activation(Step):
    """activation(input), of a layer of its own.

    Parameters
    ----------
    input : float
    activation : str
    """

    input: float
    activation: str

    @property
    def computed(self) -> float:
        return FUNCTIONS[self.activation](self.input)

    def lines(self) -> list[str]:
        formula = f"{self.activation}(z) = {FORMULAS[self.activation]}"
        return ledger((f"z = {self.source}", self.input), (formula, self.value))


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Normalisation(Step):
    """gamma (input - mean) / √(variance + epsilon) + beta, with the running statistics.

    Parameters
    ----------
    input, mean, variance, epsilon, gamma, beta : float
        Of the value's channel.
    """

    input: float
    mean: float
    variance: float
    epsilon: float
    gamma: float
    beta: float

    @property
    def normalised(self) -> float:
        """(input - mean) / √(variance + epsilon), float64."""
        return (self.input - self.mean) / sqrt(self.variance + self.epsilon)

    @property
    def computed(self) -> float:
        return self.gamma * self.normalised + self.beta

    def lines(self) -> list[str]:
        return ledger(
            (f"{self.source}", self.input),
            ("- running mean", self.mean),
            ("/ √(running variance + epsilon)", sqrt(self.variance + self.epsilon)),
            ("= normalised", self.normalised),
            ("× gamma", self.gamma),
            ("+ beta", self.beta),
            ("= output", self.value),
        )


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Scaling(Step):
    """scale · input + offset.

    Parameters
    ----------
    input, scale, offset : float
    """

    input: float
    scale: float
    offset: float

    @property
    def computed(self) -> float:
        return self.scale * self.input + self.offset

    def lines(self) -> list[str]:
        entries = [(f"{self.source}", self.input), ("× scale", self.scale)]
        if self.offset:
            entries.append(("+ offset", self.offset))
        return ledger(*entries, ("= output", self.value))


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Centring(Step):
    """(input - mean) / deviation, learnt from the training rows.

    Parameters
    ----------
    input, mean, deviation : float
        Of the value's channel; the deviation is 1 where the channel was constant.
    """

    input: float
    mean: float
    deviation: float

    @property
    def computed(self) -> float:
        return (self.input - self.mean) / self.deviation

    def lines(self) -> list[str]:
        return ledger(
            (f"{self.source}", self.input),
            ("- mean", self.mean),
            ("/ deviation", self.deviation),
            ("= output", self.value),
        )


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Sum(Activated):
    """activation(body + shortcut): the end of a residual block.

    Parameters
    ----------
    body, shortcut : float
    other : Spot
        Where `shortcut` comes from.
    """

    body: float
    shortcut: float
    other: Spot

    @property
    def preactivation(self) -> float:
        return self.body + self.shortcut

    def lines(self) -> list[str]:
        return self.result(
            (f"body: {self.source}", self.body),
            (f"+ shortcut: {self.other}", self.shortcut),
        )
