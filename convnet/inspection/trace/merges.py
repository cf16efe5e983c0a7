"""Steps of layers that merge branches: Parallel and Residual."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

from convnet.graph.ops.branch import AddOp, ConcatOp, ForkOp, MaximumOp, MergeOp, MultiplyOp
from convnet.graph.ops.elementwise import DropoutOp
from convnet.inspection.trace.forward_pass import Location
from convnet.inspection.trace.step import ActivatedStep, input_fields
from convnet.layers import Parallel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from convnet.graph.layout import Buffer
    from convnet.inspection.trace.forward_pass import ForwardPass
    from convnet.inspection.trace.step import Fields, MapIndex, Steps


SIGNS = {"add": "+ ", "mean": "+ ", "multiply": "× ", "max": ""}


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class MergeStep(ActivatedStep):
    """activation(merged values): the end of a Parallel or a Residual layer.

    Parameters
    ----------
    merge : str
        "add", "mean", "multiply", "max", or "concat", which takes the value of one branch.
    labels : tuple of str
        Name of each branch that the value is computed from: "branch 0"; "body" and "shortcut" of a residual block.
    inputs : tuple of float
        The values at the ends of these branches.
    sources : tuple of Location
        Where they come from. `source` is one of them: the largest of "max", else the first.
    """

    merge: str
    labels: tuple[str, ...]
    inputs: tuple[float, ...]
    sources: tuple[Location, ...]

    @property
    def preactivation(self) -> float:
        if self.merge == "multiply":
            return prod(self.inputs)
        if self.merge == "max":
            return max(self.inputs)
        return sum(self.inputs) / (len(self.inputs) if self.merge == "mean" else 1)

    def lines(self) -> list[str]:
        entries = []
        for i, (label, source, value) in enumerate(
            zip(self.labels, self.sources, self.inputs, strict=True)
        ):
            sign = SIGNS.get(self.merge, "") if i else ""
            entries.append((f"{sign}{label}: {source}", value))
        if self.merge == "mean":
            entries.append((f"= sum / {len(self.inputs)}", self.preactivation))
        return self.result(*entries)


def merge_step(
    net: ForwardPass, op: Any, index: MapIndex, common: Fields, sign: int | None
) -> MergeStep:
    """Return the step of an output value of merged branches."""
    lowered = net.layers[op.layer]
    own = [other for other in lowered.ops if other.layer == op.layer]
    reads = input_fields(net, next(other for other in own if isinstance(other, ForkOp)).src)
    ends = _ends(own, op, index)
    inputs = tuple(float(net.values(buffer)[at]) for buffer, at in ends)
    sources = tuple(net.locate(buffer, at) for buffer, at in ends)
    merge, labels = "add", ["body", "shortcut"]
    if isinstance(lowered.layer, Parallel):
        merge = lowered.layer.merge
        labels = _labels(lowered.layer, reads["input_shape"], index)
    chosen = inputs.index(max(inputs)) if merge == "max" else 0
    return MergeStep(
        **common,
        **reads | {"source": sources[chosen]},
        merge=merge,
        labels=tuple(labels),
        inputs=inputs,
        sources=sources,
    )


def _ends(own: Sequence[Any], op: Any, index: MapIndex) -> list[tuple[Buffer, MapIndex]]:
    """Return the ends of the branches that a value is computed from, with its index in each."""
    if isinstance(op, ConcatOp):
        parts = [other for other in own if isinstance(other, ConcatOp)]
        part = next(p for p in reversed(parts) if p.first_channel <= index[2])
        return [(part.src, (*index[:2], index[2] - part.first_channel))]
    merges = [other for other in own if isinstance(other, MergeOp)]
    kept = {other.dst: other.src for other in own if isinstance(other, DropoutOp)}  # in prediction
    ends = [kept.get(merges[0].src, merges[0].src), *(merge.other for merge in merges)]
    whole = op.dst.shape
    return [(end, index if end.shape == whole else (0, 0, index[2])) for end in ends]


def _labels(layer: Parallel, input_shape: tuple[int, ...], index: MapIndex) -> list[str]:
    """Return the labels of the branches that a value is computed from, in the order of `_ends`."""
    shapes = layer.branch_shapes(input_shape)
    order = list(range(len(shapes)))
    if layer.merge == "concat":
        first = [sum(shape[-1] for shape in shapes[:i]) for i in order]
        order = [max(i for i in order if first[i] <= index[2])]
    elif layer.merge == "multiply":  # flat branches come last
        order.sort(key=lambda i: -len(shapes[i]))
    return [f"branch {i}" for i in order]


STEPS: Steps = {
    AddOp: merge_step,
    ConcatOp: merge_step,
    MaximumOp: merge_step,
    MultiplyOp: merge_step,
}
