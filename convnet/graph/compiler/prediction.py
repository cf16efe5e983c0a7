"""compile_prediction: the program of a prediction."""

from collections.abc import Sequence
from typing import Any

from convnet.engine import Program
from convnet.graph.compiler.fusion import fuse
from convnet.graph.compiler.program import (
    CACHE_BYTES,
    Compiled,
    Packer,
    Phases,
    reads_input,
    transfer,
    want_halos,
    work,
)
from convnet.graph.layout import Buffer, share
from convnet.graph.ops.base import Op
from convnet.graph.plan import Plan

PREDICT_SAMPLES = 14  # maximum number that a thread predicts together: the rows of a register tile


def compile_prediction(plan: Plan, isa: str, layer: str | None = None) -> Compiled:
    """Compile the forward pass of prediction, up to the output of `layer` (default: the whole net)."""
    graph = plan.graph.copy()
    wanted = graph.output if layer is None else graph.outputs[layer]
    ops, folded = fuse(_until(graph.ops, wanted), predict=True)
    want_halos(ops)
    direct = reads_input(graph.input, ops)
    lifetimes = _lifetimes(graph.input, ops, wanted)
    if direct:
        graph.input.place(0)  # no memory: the first operation reads X itself
        lifetimes = [entry for entry in lifetimes if entry[0] is not graph.input]
    offsets, floats = share(lifetimes)
    samples = max(1, min(PREDICT_SAMPLES, CACHE_BYTES // (4 * floats)))
    for (buffer, *_), offset in zip(lifetimes, offsets, strict=True):
        buffer.place(samples * offset)
    packer = Packer()
    operations = [transfer(dst=graph.input.map())]
    phases = Phases()
    phases.barrier(True)
    if any(graph.input.halo):
        phases.add(0, "halo")
    if not direct:
        phases.add(0, "input")
    for op in ops:
        number = len(operations)
        operations.append(op.compiled(**packer.place(op, data_gradient=False)))
        if op.pack:
            phases.phases[0][1].append((number, op.pack))
        if any(op.dst.root.halo) and op.dst.root is not op.src.root:
            phases.add(number, "halo")
        phases.add(number, op.entry if direct and op.entry and number == 1 else op.predict())
    phases.add(len(operations), "output")
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
    listed = [
        (0 if is_batch else samples, *work(stages, ops, 1), stages)
        for is_batch, stages in phases.phases
    ]
    program = Program(isa, operations, listed, samples * floats, samples, sizes)
    return Compiled(program, phases.stages(ops), sizes=sizes, folded=folded)


def _until(ops: Sequence[Op], wanted: Buffer) -> Sequence[Op]:
    """Return the operations up to the one that writes the wanted buffer."""
    for i, op in enumerate(ops):
        if op.dst.root is wanted.root:
            return ops[: i + 1]
    return []


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
