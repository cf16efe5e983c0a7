"""compile_prediction: the program of a prediction."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from convnet.engine import STAGES, Program
from convnet.graph.compiler.fusion import Fold, fuse
from convnet.graph.compiler.program import (
    CACHE_BYTES,
    MOVED,
    Compiled,
    Packer,
    Phases,
    reads_input,
    transfer,
    want_halos,
    work,
)
from convnet.graph.layout import Buffer, share
from convnet.graph.ops.base import Op, Operation
from convnet.graph.plan import Plan

PREDICT_SAMPLES = 14  # maximum number that a thread predicts together: the rows of a register tile
SHARED_SAMPLES = 64  # maximum number that go through layers with wide weights together
SHARED_BYTES = 2**25  # maximum memory of their maps, unless one sample needs more


@dataclass
class PredictionCode:
    """Operations, stages and memory of a prediction, for any instruction set.

    Attributes
    ----------
    ops : list of Op
        The operations after fusion.
    operations : list of Operation
        Number 0 reads X, the last one writes the outputs, and those between are `ops`, in C's form.
    phases : Phases
        The stages. Phase 0 packs the weights.
    sizes : dict
        Sizes of the memory areas, by name, as `Program` takes them.
    folded : list of Fold
        Batch norms to fold into the weights of the layers before them.
    arena_floats, arena_samples : int
        Size of the arena of a thread, and the maximum number of samples in it.
    shared_floats, shared_samples : int
        The same of the arena that the threads share.
    bands : dict
        The stages that threads can divide by rows of a sample, as `Program` takes them.
    """

    ops: list[Op]
    operations: list[Operation]
    phases: Phases
    sizes: dict[str, Any]
    folded: list[Fold]
    arena_floats: int
    arena_samples: int
    shared_floats: int
    shared_samples: int
    bands: dict[tuple[int, str], tuple[int, float]]

    def compile(self, isa: str) -> Compiled:
        """Return the program for an instruction set."""
        listed = [
            (
                0 if is_batch else self.arena_samples if number == 1 else PREDICT_SAMPLES,
                *work(stages, self.ops, 1),
                (0, 0),
                stages,
            )
            for number, (is_batch, stages) in enumerate(self.phases.phases)
        ]
        program = Program(
            isa, self.operations, listed, self.arena_floats, self.arena_samples, self.sizes,
            self.shared_floats, self.shared_samples, self.bands,
        )  # fmt: skip
        return Compiled(program, self.phases.stages(self.ops), sizes=self.sizes, folded=self.folded)


def compile_prediction(
    plan: Plan, isa: str, layer: str | None = None, *, after: str | None = None
) -> Compiled:
    """Compile the forward pass of prediction, up to the output of `layer` (default: the whole net).

    If `after` names a layer, the outputs of that layer are the input of the program.
    """
    return assemble_prediction(plan, layer, after=after).compile(isa)


def assemble_prediction(
    plan: Plan,
    layer: str | None = None,
    *,
    after: str | None = None,
    max_samples: int = SHARED_SAMPLES,
) -> PredictionCode:
    """Return the operations and the memory of a prediction; see `compile_prediction`.

    The first phases run on samples of a thread, depth first. From the first operation with wide weights on, many
    samples go through the net together, and such operations divide the work by blocks of their weights. Maps that these
    phases use lie in the arena that the threads share. No arena has room for more than `max_samples` samples.
    """
    graph = plan.graph_after(after)
    wanted = graph.output if layer is None else graph.outputs[layer]
    ops, folded = fuse(_until(graph.ops, wanted), predict=True)
    want_halos(ops)
    direct = reads_input(graph.input, ops)
    phases = _phases(graph.input, ops, direct)
    memory = _Memory(graph.input, ops, wanted, phases, direct, max_samples)
    packer = Packer()
    operations = [transfer(dst=graph.input.map())]
    for op in ops:
        extra = packer.place(op, data_gradient=False) if op.pack_predict else {}
        if op.transforms_floats():
            extra["transforms"] = memory.transforms
        operations.append(op.compiled(**extra))
    operations.append(transfer(src=wanted.map()))
    sizes: dict[str, Any] = dict(
        input=graph.input.shape,
        output=wanted.size,
        gradient=0,
        packed=packer.floats,
        lane=0,
        batch=0,
        squares=0,
        params=plan.parameters.floats,
        lanes=0,
    )
    return PredictionCode(
        ops, operations, phases, sizes, folded, memory.floats, memory.samples,
        memory.shared_floats, memory.shared_samples, _bands(graph.input, ops),
    )  # fmt: skip


def can_divide(plan: Plan, layer: str) -> bool:
    """Return whether the layers up to `layer`, and then those behind it, compute the same bits as all together.

    They do, unless a batch norm behind `layer` would be folded into a convolution or a dense layer before it.
    """
    whole, behind = plan.graph_after(None).ops, plan.graph_after(layer).ops
    before = plan.graph_after(None).ops[: len(whole) - len(behind)]
    folded, *parts = (len(fuse(ops, predict=True)[1]) for ops in (whole, before, behind))
    return folded == sum(parts)


def _phases(first: Buffer, ops: Sequence[Op], direct: bool) -> Phases:
    """Return the phases: number 0 packs the weights, number 1 runs on the arenas of the threads.

    Each later batch stage is a phase of its own, because it may read what the one before writes.
    """
    phases = Phases()
    phases.barrier(True)
    for number, op in enumerate(ops, start=1):
        if op.pack_predict:
            phases.add(number, op.pack_predict)
    phases.barrier(False)
    if any(first.halo):
        phases.add(0, "halo")
    if not direct:
        phases.add(0, "input")
    cleared = {first}
    for number, op in enumerate(ops, start=1):
        # the halo around a slice is that of the whole map, which follows
        if op.dst.first_channel is None:
            if any(op.dst.root.halo) and op.dst.root not in cleared:
                phases.add(number, "halo")
            cleared.add(op.dst.root)
        for stage in [op.entry] if direct and op.entry and number == 1 else op.predict():
            is_batch = STAGES[stage].is_batch
            if is_batch or (op.by_columns and len(phases) == 2):
                phases.barrier(is_batch)
            phases.add(number, stage)
    phases.add(len(ops) + 1, "output")
    return phases


def _bands(first: Buffer, ops: Sequence[Op]) -> dict[tuple[int, str], tuple[int, float]]:
    """Return the stages that threads can divide by rows of a sample, as `Program` takes them."""
    bands = {(0, "input"): (1, float(MOVED * first.size))}
    for number, op in enumerate(ops, start=1):
        for stage in op.predict() if op.band() else []:
            _, sample_work = work([(number, stage)], ops, 1)
            bands[number, stage] = op.band(), sample_work
    return bands


class _Memory:
    """The memory of the maps of a prediction: of each thread, and the one that all threads share.

    The buffers are placed. Those that phases behind number 1 use lie in the shared arena, whose offsets begin where the
    arena of a thread ends. Two of them share memory only if no phase uses both: in a phase, threads are at different
    operations.

    Attributes
    ----------
    samples, floats : int
        Samples in the arena of a thread, and its size.
    shared_samples, shared_floats : int
        The same of the shared arena.
    transforms : int
        Offset of the transformed inputs of one operation at a time.
    """

    def __init__(
        self,
        first: Buffer,
        ops: Sequence[Op],
        wanted: Buffer,
        phases: Phases,
        direct: bool,
        max_samples: int,
    ) -> None:
        lifetimes = _lifetimes(first, ops, wanted)
        if direct:
            first.place(0)  # no memory: the first operation reads X itself
            lifetimes = [entry for entry in lifetimes if entry[0] is not first]
        used = _phases_of_operations(phases, len(ops) + 2)
        own = [entry for entry in lifetimes if used[entry[2]][-1] == 1]
        shared = [
            (buffer, used[begin][0], used[end][-1])
            for buffer, begin, end in lifetimes
            if used[end][-1] > 1
        ]
        offsets, floats = share(own)
        most = min(max_samples, PREDICT_SAMPLES)
        self.samples = max(1, min(most, CACHE_BYTES // (4 * max(1, floats))))
        self.floats = self.samples * floats
        for (buffer, *_), offset in zip(own, offsets, strict=True):
            buffer.place(self.samples * offset)
        offsets, floats = share(shared)
        transforms = max((op.transforms_floats() for op in ops), default=0)
        fit = SHARED_BYTES // (4 * max(1, floats + transforms))
        most = min(max_samples, SHARED_SAMPLES)
        self.shared_samples = max(1, min(most, fit)) if shared else 0
        for (buffer, *_), offset in zip(shared, offsets, strict=True):
            buffer.place(self.floats + self.shared_samples * offset)
        self.transforms = self.floats + self.shared_samples * floats
        self.shared_floats = self.shared_samples * (floats + transforms)


def _phases_of_operations(phases: Phases, operations: int) -> list[list[int]]:
    """Return the phases that run each operation, without the one that packs its weights, in order.

    An operation without stages belongs to the phase of the one before it.
    """
    found: list[list[int]] = [[] for _ in range(operations)]
    for phase, (_, stages) in enumerate(phases.phases[1:], start=1):
        for number, _ in stages:
            found[number].append(phase)
    for before, phases_of_one in pairwise(found):
        phases_of_one.extend([] if phases_of_one else before[-1:])
    return found


def _until(ops: Sequence[Op], wanted: Buffer) -> Sequence[Op]:
    """Return the operations up to the last one that writes the wanted buffer."""
    last = max((i for i, op in enumerate(ops) if op.dst.root is wanted.root), default=-1)
    return ops[: last + 1]


def _lifetimes(first: Buffer, ops: Sequence[Op], wanted: Buffer) -> list[tuple[Buffer, int, int]]:
    """Return each buffer that owns memory, with the numbers of the operations that use it first and last.

    The wanted output is used once more, after the last operation.
    """
    times = {first: [0, 0]}
    for number, op in enumerate(ops, start=1):
        for buffer in filter(None, (op.src, op.other, op.dst)):
            times.setdefault(buffer.root, [number, number])[1] = number
    times[wanted.root][1] = len(ops) + 1
    return [(buffer, begin, end) for buffer, (begin, end) in times.items()]
