"""Steps of layers that read several channels of a pixel: softmax, local response normalization."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from convnet.graph.ops.lrn import LRNOp
from convnet.graph.ops.softmax import SoftmaxOp
from convnet.inspection.trace.step import (
    ActivatedStep,
    TraceStep,
    input_fields,
    one_input_fields,
)
from convnet.inspection.trace.text import labeled_values, number, remaining, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from convnet.inspection.trace.forward_pass import ForwardPass
    from convnet.inspection.trace.step import Fields, MapIndex, Steps


MAX_ROWS = 6  # channels of a table


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class SoftmaxStep(TraceStep):
    """exp(z - max z) / Σ exp(z - max z), over the channels of a pixel.

    Parameters
    ----------
    logits : ndarray of float64, shape (c,)
        The z of all channels: the input, or the pre-activations of the layer.
    channel : int
        Channel of the value.
    before : TraceStep or None
        Step of the pre-activation, if the softmax is the activation of another layer.
    """

    logits: np.ndarray
    channel: int
    before: TraceStep | None = None

    @property
    def input(self) -> float:
        """The z of the value's own channel."""
        return float(self.logits[self.channel])

    @property
    def exponentials(self) -> np.ndarray:
        """exp(z - max z), (c,)."""
        return np.exp(self.logits - self.logits.max())

    @property
    def computed(self) -> float:
        e = self.exponentials
        return float(e[self.channel] / e.sum())

    def lines(self) -> list[str]:
        e = self.exponentials
        order = sorted(range(len(e)), key=lambda k: (k != self.channel, -e[k]))
        shown, rest = sorted(order[:MAX_ROWS]), sorted(order[MAX_ROWS:])
        lines = [*self.before.lines(), ""] if self.before else []
        names = [f"channel {k}" for k in shown]
        lines += table(("", "z", "exp(z - max z)"), names, self.logits[shown], e[shown])
        if rest:
            lines.append(f"{remaining(len(rest), 'channel')}: {number(e[rest].sum())} in total")
        entries = ("sum of exp(z - max z)", float(e.sum())), ("softmax", self.value)
        return [*lines, "", *labeled_values(*entries)]


def softmax_step(
    net: ForwardPass, op: SoftmaxOp, index: MapIndex, common: Fields, sign: int | None
) -> SoftmaxStep:
    """Return the step of a value of a softmax layer."""
    row, column, channel = index
    reads = input_fields(net, op.src, index)
    return SoftmaxStep(**common, **reads, logits=net.values(op.src)[row, column], channel=channel)


def fused_softmax_step(steps: Sequence[TraceStep], channel: int, common: Fields) -> SoftmaxStep:
    """Return the step of a value of a softmax that is the activation of another layer.

    Parameters
    ----------
    steps : sequence of ActivatedStep
        The steps of that layer's pre-activations, by channel.
    channel : int
        Channel of the value.
    common : dict
        The fields that all steps have.
    """
    sums = [step.preactivation for step in steps if isinstance(step, ActivatedStep)]
    own = steps[channel]
    assert isinstance(own, ActivatedStep)
    return SoftmaxStep(
        **common,
        source=own.source,
        input_layer=own.input_layer,
        input_shape=own.input_shape,
        logits=np.array(sums),
        channel=channel,
        before=replace(own, value=sums[channel], activation="softmax"),
    )


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class LRNStep(TraceStep):
    """input / (k + alpha / size · Σ squares)^beta.

    Parameters
    ----------
    input : float
        The input value.
    neighbors : ndarray of float64, shape (n,)
        The input values of the channels in the window, its own among them.
    first_channel : int
        Channel of the first of them.
    size : int
        Number of channels in a whole window.
    alpha, beta, k : float
        The layer's fields.
    """

    input: float
    neighbors: np.ndarray
    first_channel: int
    size: int
    alpha: float
    beta: float
    k: float

    @property
    def base(self) -> float:
        """The base of the power: k + alpha / size · Σ squares, float64."""
        return self.k + self.alpha / self.size * float((self.neighbors**2).sum())

    @property
    def computed(self) -> float:
        return self.input * self.base**-self.beta

    def lines(self) -> list[str]:
        first, last = self.first_channel, self.first_channel + len(self.neighbors) - 1
        return labeled_values(
            (f"{self.source}", self.input),
            (f"sum of squares, channels {first} to {last}", float((self.neighbors**2).sum())),
            (f"base = k + alpha / {self.size} · sum", self.base),
            (f"/ base^{self.beta:g}", self.base**self.beta),
            ("= output", self.value),
        )


def lrn_step(
    net: ForwardPass, op: LRNOp, index: MapIndex, common: Fields, sign: int | None
) -> LRNStep:
    """Return the step of a value that is normalized by the channels around it."""
    row, column, channel = index
    left, right = op.reach
    first = max(0, channel - left)
    pixel = net.values(op.src)[row, column]
    return LRNStep(
        **common,
        **one_input_fields(net, op, index),
        neighbors=pixel[first : channel + right + 1],
        first_channel=first,
        size=op.size,
        alpha=op.alpha,
        beta=op.beta,
        k=op.k,
    )


STEPS: Steps = {LRNOp: lrn_step, SoftmaxOp: softmax_step}
