"""The program of a training step."""

from convnet.engine import Program
from convnet.graph.buffers import Arena, aligned
from convnet.graph.compiler.compiled import Compiled, transfer, want_halos
from convnet.graph.compiler.gradients import Gradients
from convnet.graph.compiler.packing import Packer
from convnet.graph.compiler.phases import Phases, samples_a_turn, work
from convnet.graph.fusion import fuse
from convnet.graph.ops import Conv2DOp
from convnet.graph.update import Update

# Backward stages that compute nothing but the gradient of the input.
_DATA_ONLY = (
    *("pool_bwd", "activation_bwd", "dropout_bwd", "wide_grad"),
    *("batchnorm_bwd", "add_bwd", "fork_bwd", "zeropad_bwd"),
)


def compile_training(
    plan,
    isa,
    batch_size,
    *,
    loss=None,
    solver=None,
    clipped=False,
    augment=False,
    input_gradient=False,
):
    """Compile a training step for batches of at most `batch_size` samples, changed at random where `augment` is set.

    With `loss` and `solver` the whole step: pack, forward, loss, backward, update, for which the gradient is
    `clipped` or not. Without, a forward pass whose outputs are copied out, and a backward pass from gradients that
    the caller gives.
    """
    builder, _ = plan.build()
    ops, _ = fuse(builder.ops)
    want_halos(ops)
    last = builder.current
    arena, packer, phases = Arena(batch_size), Packer(), Phases()
    grads = Gradients(ops)
    buffers = _buffers(builder.input, ops)
    inverted = {id(op.dst) for op in ops if isinstance(op, Conv2DOp) and op.norm}

    def wanted(buffer):
        return input_gradient or buffer.root is not builder.input

    def kept(buffer):
        return wanted(buffer) and id(buffer) not in inverted

    for buffer in buffers:
        arena.place(buffer)
        if kept(buffer):
            arena.place_gradient(buffer)
    for op in ops:
        if op.other is not None and wanted(op.other):
            arena.place_gradient(op.other)
    builder_input = transfer(dst=builder.input.map())
    if input_gradient:
        builder_input["grad_dst"] = builder.input.gradient_map()
    operations = [builder_input]
    phases.barrier(True)
    phases.add(False, 0, "augment" if augment else "input")
    for number, op in enumerate(ops, start=1):
        data_gradient = wanted(op.src)
        extra = dict(data_gradient=int(data_gradient))
        if kept(op.dst):
            extra["grad_dst"] = op.dst.gradient_map()
        if kept(op.src):
            extra["grad_src"] = op.src.gradient_map()
            if op.other is not None:
                other = op.other if wanted(op.other) else op.src
                extra["grad_other"] = other.gradient_map()
        extra.update(packer.place(op, data_gradient=data_gradient))
        extra.update(grads.place(op))
        extra.update(_place_aux(op, arena, grads.lanes, batch_size))
        operations.append(op.compiled(**extra))
        if packer.packs(op):
            phases.phases[0][1].append((number, op.pack))
        for is_batch, stage in op.forward():
            if is_batch:
                phases.barrier(True)
            phases.add(is_batch, number, stage)
    final = len(operations)
    operations.append(transfer(src=last.map(), grad_src=last.gradient_map()))
    if loss:
        phases.add(False, final, f"loss_{loss}")
        forward_phases = 0
    else:
        phases.add(False, final, "output")
        forward_phases = len(phases)
        phases.barrier(False)
        phases.add(False, final, "gradient_in")
    for number, op in reversed(list(enumerate(ops, start=1))):
        for is_batch, stage in op.backward():
            if operations[number]["data_gradient"] or not stage.endswith(_DATA_ONLY):
                phases.add(is_batch, number, stage)
    if input_gradient:
        phases.add(False, 0, "gradient_out")
    finishing = [(number, stage) for number, op in enumerate(ops, start=1) for stage in op.finish()]
    if finishing:
        phases.barrier(True)
    for number, stage in finishing:
        phases.add(True, number, stage)
    update = Update(plan.parameters, grads, solver or "reduce", clipped=clipped)
    for stages in update.phases(len(operations)):
        phases.barrier(True)
        phases.phases[-1][1].extend(stages)
    operations += update.operations
    sizes = dict(
        input=builder.input.size,
        output=last.size,
        packed=packer.floats,
        lane=grads.lane_floats,
        batch=grads.batch_floats,
        squares=len(update.decays),
        params=plan.parameters.floats,
        lanes=grads.lanes,
    )
    lane_samples = -(-batch_size // grads.lanes)
    listed = [
        (
            0 if is_batch else samples_a_turn(stages, ops, lane_samples),
            *work(stages, ops, grads.lanes, plan.parameters.floats),
            stages,
        )
        for is_batch, stages in phases.phases
    ]
    program = Program(isa, operations, listed, arena.floats, batch_size, sizes)
    return Compiled(program, grads.lanes, sizes, forward_phases, decays=update.decays)


def _buffers(first, ops):
    """All buffers that own memory."""
    return list({id(b.root): b.root for b in (first, *(op.dst for op in ops))}.values())


def _place_aux(op, arena, lanes, samples):
    """Room for what an operation keeps for its backward pass."""
    by_sample, by_lane, once = op.aux_bytes()
    places = {}
    if by_sample or by_lane or once:
        step = by_lane or _whole_lines(by_sample)
        total = step * (lanes if by_lane else samples) + once
        places.update(aux=arena.reserve(-(-total // 4)), aux_sample=step)
    if op.kept_bytes():
        step = _whole_lines(op.kept_bytes())
        places.update(kept=arena.reserve(step * samples // 4), kept_sample=step)
    return places


def _whole_lines(size):
    """Bytes rounded up to a whole cache line."""
    return aligned(-(-size // 4)) * 4
