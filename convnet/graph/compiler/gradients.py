"""Which gradients a backward pass computes, the offsets of those of parameters, and the number of lanes."""

from collections.abc import Iterable

from convnet.graph.buffers import Buffer, aligned
from convnet.graph.ops import AddOp, Fields, ForkOp, Op
from convnet.graph.parameters import Parameter

# Constants, so that no result depends on the machine: see docs/architecture.md on determinism.
LANES = ((2**16, 16), (2**21, 8), (2**23, 4))  # lanes by the floats of a lane's gradients
MIN_LANES = 2


class Gradients:
    """Offsets of gradients: in a lane's area, or in the batch's."""

    def __init__(self, ops: Iterable[Op]) -> None:
        self.lane_floats = self.batch_floats = 16
        self.lane_places: dict[str, int] = {}
        self.batch_places: dict[str, int] = {}
        for op in (op for op in ops if not op.frozen):
            finished = bool(op.finish())
            for role, parameter in op.parameters.items():
                if not parameter.trainable:
                    continue
                summed = op.lane_gradient(role)
                if summed:
                    self.lane_places[parameter.name] = self.lane_floats
                    self.lane_floats += aligned(summed)
                if not summed or (finished and role == "weights"):
                    self.batch_places[parameter.name] = self.batch_floats
                    self.batch_floats += aligned(parameter.size)
        self.lanes = next((n for floats, n in LANES if self.lane_floats <= floats), MIN_LANES)

    def place(self, op: Op) -> Fields:
        """Return the fields of an operation with parameters; none if they are frozen."""
        fields: Fields = {}
        if op.frozen:
            return fields
        for role, parameter in op.parameters.items():
            if parameter.trainable:
                in_lanes, in_batch = (
                    places.get(parameter.name) for places in (self.lane_places, self.batch_places)
                )
                fields[f"grad_{role}"] = in_batch if in_lanes is None else in_lanes
                if None not in (in_lanes, in_batch):
                    fields[f"grad_{role}_sum"] = in_batch
        return fields

    def final(self, parameter: Parameter) -> Fields:
        """Return the fields of an operation that reads a parameter's gradient."""
        in_batch = self.batch_places.get(parameter.name)
        if in_batch is None:
            return dict(gradient=self.lane_places[parameter.name], lanes=self.lanes)
        return dict(gradient=in_batch, lanes=0)


class NeededGradients:
    """The buffers whose gradients are needed: all that depend on a trained parameter or on the caller's buffer.

    It also marks each operation: whether its parameters are frozen, and whether it has a part in the backward pass. It
    takes the operations before they are fused.

    Parameters
    ----------
    ops : list of Op
    frozen : set of str
        Names of parameters that are not trained.
    target : Buffer, default=None
        Buffer whose gradient the caller asks for.
    """

    def __init__(
        self, ops: Iterable[Op], frozen: frozenset[str], target: Buffer | None = None
    ) -> None:
        self._wanted: set[Buffer] = set() if target is None else {target}
        for op in ops:
            trained = [p.name for p in op.parameters.values() if p.trainable]
            op.frozen = bool(trained) and frozen.issuperset(trained)
            sources = [op.src, op.other] if isinstance(op, AddOp) else [op.src]
            self._wanted.update(b for b in sources if b.root in self._wanted)
            op.reverses = bool(trained and not op.frozen) or any(b in self for b in sources)
            if op.reverses:
                outputs = [op.dst, op.other] if isinstance(op, ForkOp) else [op.dst]
                self._wanted.update(outputs)

    def __contains__(self, buffer: object) -> bool:
        return buffer in self._wanted
