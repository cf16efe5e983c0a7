"""compile_training: the program of a training step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from convnet.engine import FIELDS, MAX_PARTS, STAGES, Program
from convnet.graph.compiler.exchanges import Exchanges, SampleMemory, find_exchanges
from convnet.graph.compiler.fusion import fuse
from convnet.graph.compiler.program import (
    Compiled,
    Packer,
    Phases,
    reads_input,
    samples_per_turn,
    transfer,
    want_halos,
    work,
)
from convnet.graph.layout import Arena, Buffer, Parameter, aligned
from convnet.graph.ops.base import Fields, Op, Operation
from convnet.graph.ops.conv2d import Conv2DOp
from convnet.graph.optimizer import Update
from convnet.graph.plan import Plan

# Constants, so that no result depends on the machine: see docs/architecture.md on determinism.
LANE_SAMPLES = 2  # of a lane, or more if MAX_PARTS lanes do not hold the batch
# Convolutions with more weights than this compute their gradient by blocks over the whole batch, because copies in the
# lanes would take too much memory, and adding them up too much time. If the gradients in a lane still have more floats
# than the second limit, so do the largest of the others.
MAX_LANE_WEIGHTS = 2**16
MAX_LANE_FLOATS = 2**19


def compile_training(
    plan: Plan,
    isa: str,
    batch_size: int,
    *,
    loss: str | None = None,
    solver: str | None = None,
    clipped: bool = False,
    augment: Sequence[str] = (),
    input_gradient: bool = False,
    frozen: frozenset[str] = frozenset(),
    rates: Mapping[str, float] | None = None,
    frozen_prefix: str | None = None,
    target: str | None = None,
    dropout: bool = True,
    separate_stages: bool = False,
    on_ranks: bool = False,
) -> Compiled:
    """Compile a training step for batches of up to `batch_size` samples.

    With `loss` and `solver`, the program is the whole step: pack, forward, loss, backward and update. If `clipped`, the
    norm of the gradient is clipped before the update. Without them, the program is a forward pass, which copies out the
    outputs, and a backward pass from gradients that the caller passes. If `input_gradient`, it also copies out the
    gradient with respect to the input or, if `target` names a layer, to the output of that layer.

    If `augment` names stages, they read the images and augment them. Parameters whose names are in `frozen` are not
    trained: their gradients and those of maps that depend on no trained parameter are not computed, and batch norm uses
    its running statistics. `rates` maps names of parameters to factors of the learning rate. `frozen_prefix` is the
    name of a top-level layer whose outputs are the input of the program. Without `dropout`, nothing is dropped. With
    `separate_stages`, each stage is a phase of its own, so that it can be timed. With `on_ranks`, the result says what
    several ranks exchange if they share the step.
    """
    graph = plan.graph_after(frozen_prefix)
    first, ops, last, outputs = graph.input, graph.ops, graph.output, graph.outputs
    sought = outputs[target] if target else first
    needs = NeededGradients(ops, frozen, sought if input_gradient else None)
    _sum_large_by_blocks(ops)
    ops, _ = fuse(ops, dropout=dropout, keep=sought if target else None)
    want_halos(ops)
    step = _StepBuilder(
        first, ops, last, needs, batch_size, direct=not augment and reads_input(first, ops)
    )
    if input_gradient:
        step.operations[0][1]["grad_dst"] = sought.gradient_map()
    step.forward(augment or ("input",))
    forward_phases = step.end(loss)
    step.backward(input_gradient)
    trained = [p for p in plan.parameters if p.trainable and p.name not in frozen]
    update = Update(trained, step.grads.final, solver, clipped=clipped, rates=rates or {})
    step.update(update)
    sizes: dict[str, Any] = dict(
        input=first.shape,
        output=last.size,
        gradient=sought.size if input_gradient else 0,
        packed=step.packer.floats,
        lane=step.grads.lane_floats,
        batch=step.grads.batch_floats,
        squares=len(update.decays),
        params=plan.parameters.floats,
        lanes=step.grads.lanes,
    )
    if separate_stages:
        step.phases = step.phases.separated()
    listed = step.listed_phases(update.work)
    program = Program(isa, step.operations, listed, step.arena.floats, batch_size, sizes)
    stages = step.phases.stages(ops)
    if separate_stages and not loss:
        forward_phases = 1 + next(stage.phase for stage in stages if stage.name == "output")
    return Compiled(
        program,
        stages,
        step.grads.lanes,
        sizes,
        forward_phases,
        decays=update.decays,
        exchanges=step.exchanges(trained) if on_ranks else Exchanges(),
    )


class _StepBuilder:
    """A training step under construction: its memory, its operations, and the phases that run them.

    The operations are, in this order: the transfer of the input, which has number 0; `ops`; the transfer of the output;
    and the operations of the update. With `direct`, the first of `ops` reads X itself.
    """

    def __init__(
        self,
        first: Buffer,
        ops: Sequence[Op],
        last: Buffer,
        needs: NeededGradients,
        batch_size: int,
        *,
        direct: bool,
    ) -> None:
        self.first, self.ops, self.last = first, ops, last
        self.batch_size = batch_size
        self.direct = direct
        self.arena, self.packer, self.phases = Arena(batch_size), Packer(), Phases()
        self.grads = Gradients(ops, batch_size)
        inverted = {op.dst for op in ops if isinstance(op, Conv2DOp) and op.norm}
        self.kept = {
            b for b in _all(first, ops) if b in needs
        } - inverted  # their gradients are stored
        if direct:
            first.place(0)  # no memory: the first operation reads X itself
        for buffer in _buffers(first, ops):
            self.arena.place(buffer)
        for buffer in [last, *(b for b in _all(first, ops) if b in self.kept)]:
            self.arena.place_gradient(buffer)
        self.data_gradients = [op.src in needs or op.other in needs for op in ops]
        self.operations = [transfer(dst=first.map())]
        for op, wanted in zip(ops, self.data_gradients, strict=True):
            self.operations.append(self._compiled(op, wanted))
        self.operations.append(transfer(src=last.map(), grad_src=last.gradient_map()))

    def _compiled(self, op: Op, data_gradient: bool) -> Operation:
        """Return an operation as `Program` takes it, with memory reserved for everything that it keeps."""
        extra: Fields = {}
        if "data_gradient" in FIELDS[op.family]:
            extra["data_gradient"] = int(data_gradient)
        if op.dst in self.kept:
            extra["grad_dst"] = op.dst.gradient_map()
        sides = [b for b in (op.src, op.other) if b in self.kept]
        if sides:  # if only one of two gradients is wanted, both fields refer to it
            extra["grad_src"] = sides[0].gradient_map()
            if op.other is not None:
                extra["grad_other"] = sides[-1].gradient_map()
                wanted = {"wants_src": op.src, "wants_other": op.other}
                extra |= {name: int(side in self.kept) for name, side in wanted.items()}
        extra.update(self.packer.place(op, data_gradient=data_gradient))
        extra.update(self.grads.place(op))
        if op.reverses:
            extra.update(_place_kept(op, self.arena, self.grads.lanes, self.batch_size))
        return op.compiled(**extra)

    def forward(self, entry: Sequence[str]) -> None:
        """Add the packing of weights, the stages `entry`, which read X, and the forward stages of all operations."""
        self.phases.barrier(True)
        for number, op in enumerate(self.ops, start=1):
            if op.pack:
                self.phases.add(number, op.pack)
        for stage in () if self.direct else entry:
            self.phases.add(0, stage)
        for number, op in enumerate(self.ops, start=1):
            entered = [op.entry] if self.direct and op.entry and number == 1 else None
            for stage in entered or op.forward():
                if STAGES[stage].is_batch:
                    self.phases.barrier(True)
                self.phases.add(number, stage)

    def end(self, loss: str | None) -> int:
        """Add the loss, or else the transfer of outputs and of their gradient; return the number of forward phases."""
        final = len(self.ops) + 1
        if loss:
            self.phases.add(final, f"loss_{loss}")
            return 0
        self.phases.add(final, "output")
        forward_phases = len(self.phases)
        self.phases.barrier(False)
        self.phases.add(final, "gradient_in")
        return forward_phases

    def backward(self, input_gradient: bool) -> None:
        """Add the backward stages, then those that finish gradients over the whole batch."""
        reversing = [(number, op) for number, op in enumerate(self.ops, start=1) if op.reverses]
        for number, op in reversed(reversing):
            for stage in op.backward():
                if self.data_gradients[number - 1] or STAGES[stage].work != "gradient":
                    if STAGES[stage].is_batch:  # it may read what the stage before it writes
                        self.phases.barrier(True)
                    self.phases.add(number, stage)
        if input_gradient:
            self.phases.add(0, "gradient_out")
        finishing = [(number, stage) for number, op in reversing for stage in op.finish()]
        if finishing:
            self.phases.barrier(True)
        for number, stage in finishing:
            self.phases.add(number, stage)

    def update(self, update: Update) -> None:
        """Add the reduction of the gradients and the solver's step."""
        for stages in update.phases(len(self.operations)):
            self.phases.barrier(True)
            self.phases.phases[-1][1].extend(stages)
        self.operations += update.operations

    def exchanges(self, trained: Sequence[Parameter]) -> Exchanges:
        """Return what the ranks of a distributed step exchange."""
        statistics = {
            number: SampleMemory(fields["statistics"], fields["statistics_lane"] // 4)
            for number, (_, fields) in enumerate(self.operations)
            if "statistics_lane" in fields
        }
        return find_exchanges(
            self.phases.phases, self.ops, statistics, self.grads.lanes, trained, self.grads.final
        )

    def listed_phases(
        self, update_work: float
    ) -> list[tuple[int, float, float, tuple[int, int], list[tuple[int, str]]]]:
        """Return the phases as `Program` takes them; `update_work` is that of the update, in multiply-adds."""
        lanes = self.grads.lanes
        listed = []
        for is_batch, stages in self.phases.phases:
            gradients = (0, 0) if is_batch else self._lane_gradients(stages)
            most = -(-self.batch_size // lanes) if any(gradients) else self.batch_size
            shard = 0 if is_batch else samples_per_turn(stages, self.ops, most)
            listed.append((shard, *work(stages, self.ops, lanes, update_work), gradients, stages))
        return listed

    def _lane_gradients(self, stages: Iterable[tuple[int, str]]) -> tuple[int, int]:
        """Return the floats [first, last) of a lane's memory that backward stages add to; (0, 0) if there are none."""
        ops = [self.ops[number - 1] for number, stage in stages if STAGES[stage].work == "twice"]
        return self.grads.lane_range(ops)


def _buffers(first: Buffer, ops: Sequence[Op]) -> list[Buffer]:
    """Return all buffers that own memory."""
    return list({id(b.root): b.root for b in (first, *(op.dst for op in ops))}.values())


def _all(first: Buffer, ops: Sequence[Op]) -> list[Buffer]:
    """Return all buffers, in a fixed order."""
    return [first, *(b for op in ops for b in (op.src, op.dst, op.other) if b is not None)]


def _sum_large_by_blocks(ops: Iterable[Op]) -> None:
    """Choose the convolutions that compute the gradient of their weights by blocks over the whole batch."""
    convolutions = [
        (op.parameters["weights"].size, op)
        for op in ops
        if isinstance(op, Conv2DOp) and not op.frozen
    ]
    floats = sum(size for size, _ in convolutions)
    for size, op in sorted(convolutions, key=lambda entry: -entry[0]):
        large = size > MAX_LANE_WEIGHTS or floats > MAX_LANE_FLOATS
        if large and op.can_sum_by_blocks:
            op.weights_by_blocks = True
            floats -= size


def _place_kept(op: Op, arena: Arena, lanes: int, samples: int) -> Fields:
    """Reserve memory for what an operation keeps for its backward pass; return the offsets as fields."""
    places: Fields = {}
    if op.winners_bytes():
        step = _whole_lines(op.winners_bytes())
        places.update(winners=arena.reserve(step * samples // 4), winners_sample=step)
    if op.sample_statistics_bytes():
        step = _whole_lines(op.sample_statistics_bytes())
        places.update(statistics=arena.reserve(step * samples // 4), statistics_sample=step)
    by_lane, result = op.statistics_bytes()
    if by_lane:
        offset = arena.reserve(-(-(by_lane * lanes + result) // 4))
        places.update(statistics=offset, statistics_lane=by_lane)
    return places


def _whole_lines(size: int) -> int:
    """Return a number of bytes rounded up to whole cache lines."""
    return aligned(-(-size // 4)) * 4


class Gradients:
    """Offsets of gradients: in the memory of a lane, or in that of the whole batch."""

    def __init__(self, ops: Iterable[Op], batch_size: int) -> None:
        self.lanes = max(1, min(MAX_PARTS, -(-batch_size // LANE_SAMPLES)))
        self.lane_floats = self.batch_floats = 16
        self.lane_places: dict[str, int] = {}
        self.batch_places: dict[str, int] = {}
        # groups of samples whose sums over the batch lie one after the other, by parameter
        self.groups: dict[str, int] = {}
        for op in (op for op in ops if not op.frozen):
            groups = op.weight_blocks(self.lanes).get("weights_groups", 1)
            for role, parameter in op.parameters.items():
                if not parameter.trainable:
                    continue
                if op.sums_over_batch(role):
                    self.groups[parameter.name] = groups
                    self.batch_places[parameter.name] = self.batch_floats
                    self.batch_floats += groups * aligned(parameter.size)
                else:
                    self.lane_places[parameter.name] = self.lane_floats
                    self.lane_floats += aligned(parameter.size)

    def place(self, op: Op) -> Fields:
        """Return the fields that locate the gradients of an operation; none if its parameters are frozen."""
        if op.frozen:
            return {}
        fields = op.weight_blocks(self.lanes)
        if "weights_groups" in fields:
            fields["weights_group"] = aligned(op.parameters["weights"].size)
        places = self.lane_places | self.batch_places
        for role, parameter in op.parameters.items():
            if parameter.trainable:
                fields[f"grad_{role}"] = places[parameter.name]
        return fields

    def lane_range(self, ops: Iterable[Op]) -> tuple[int, int]:
        """Return the floats [first, last) of a lane that hold the gradients of these operations, (0, 0) for none."""
        places = [
            (self.lane_places[p.name], p.size)
            for op in ops
            for p in op.parameters.values()
            if p.name in self.lane_places
        ]
        if not places:
            return 0, 0
        return min(first for first, _ in places), max(first + size for first, size in places)

    def final(self, parameter: Parameter) -> Fields:
        """Return the fields that locate the parts of a parameter's gradient after the backward pass."""
        name = parameter.name
        if name in self.batch_places:
            part = aligned(parameter.size)
            return dict(gradient=self.batch_places[name], parts=self.groups[name], part=part)
        return dict(gradient=self.lane_places[name], by_lanes=1, parts=self.lanes)


class NeededGradients:
    """The buffers whose gradients are needed: those that depend on a trained parameter or on `target`, and `target`.

    The constructor also sets `frozen` and `reverses` of each operation. It takes the operations before fusion.

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
            self._wanted.update(b for b in op.inputs if b.root in self._wanted)
            op.reverses = bool(trained and not op.frozen) or any(b in self for b in op.inputs)
            if op.reverses:
                self._wanted.update(op.outputs)

    def __contains__(self, buffer: object) -> bool:
        return buffer in self._wanted
