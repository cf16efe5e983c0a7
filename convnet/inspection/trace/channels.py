"""Steps of layers that read all channels of a pixel: softmax."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from convnet.graph.ops.softmax import SoftmaxOp
from convnet.inspection.trace.step import ActivatedStep, TraceStep, input_fields
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


STEPS: Steps = {SoftmaxOp: softmax_step}
