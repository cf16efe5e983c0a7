"""From a layer of the plan to the step that computes one of its output values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convnet.graph.ops.elementwise import ActivationOp
from convnet.graph.ops.prelu import PReLUOp
from convnet.graph.ops.softmax import SoftmaxOp
from convnet.inspection.trace import channels, elementwise, merges, weighted_sums, windows
from convnet.inspection.trace.forward_pass import output_index

if TYPE_CHECKING:
    from convnet.inspection.trace.forward_pass import ForwardPass
    from convnet.inspection.trace.step import MapIndex, Steps, TraceStep


STEPS: Steps = (
    channels.STEPS | elementwise.STEPS | merges.STEPS | weighted_sums.STEPS | windows.STEPS
)


def step_at(net: ForwardPass, name: str, index: MapIndex, sign: int | None = None) -> TraceStep:
    """Return the step of one output value of a layer.

    Parameters
    ----------
    net : ForwardPass
        The layer outputs to compute from.
    name : str
        Name of the layer.
    index : (int, int, int)
        Row, column and channel in the layer's output; (0, 0, feature) for flat outputs.
    sign : int, default=None
        Sign of the products among which the strongest becomes the source: 1 or -1. None takes the sign of their sum.

    Returns
    -------
    step : TraceStep
    """
    lowered = net.innermost(name)
    buffer, shape = lowered.output, tuple(lowered.shape)
    common = {
        "layer": lowered.name,
        "spec": lowered.layer,
        "shape": shape,
        "index": output_index(index, shape),
        "value": float(net.values(buffer)[index]),
    }
    op = net.writer(buffer)
    if op is None or op.layer != lowered.name:
        return elementwise.identity_step(net, lowered, index, common)
    before = None if net.owners(op.src) else net.writer(op.src)  # in the same layer
    if before is not None and isinstance(op, SoftmaxOp):
        row, column, channel = index
        pixel = [(row, column, k) for k in range(op.src.shape[2])]
        steps = [STEPS[type(before)](net, before, at, common, sign) for at in pixel]
        return channels.fused_softmax_step(steps, channel, common)
    if before is not None and isinstance(op, PReLUOp):
        common |= {"activation": "prelu", "slope": float(net.parameter(op, "alpha")[index[2]])}
        op = before
    if before is not None and isinstance(op, ActivationOp):
        common["activation"] = op.activation
        op = before
    return STEPS[type(op)](net, op, index, common, sign)
