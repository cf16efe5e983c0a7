"""The program of a training step."""

from convnet.engine import Program
from convnet.graph.buffers import Arena, aligned
from convnet.graph.compiler.compiled import Compiled, transfer, want_halos
from convnet.graph.compiler.entry import reads_input
from convnet.graph.compiler.gradients import Gradients
from convnet.graph.compiler.needs import Needs
from convnet.graph.compiler.packing import Packer
from convnet.graph.compiler.phases import Phases, samples_a_turn, work
from convnet.graph.fusion import fuse
from convnet.graph.ops import Conv2DOp
from convnet.graph.update import Update

# Backward stages that compute nothing but the gradient of the input.
_DATA_ONLY = (
    *("pool_bwd", "activation_bwd", "dropout_bwd", "wide_grad"),
    *("batchnorm_bwd", "add_bwd", "fork_bwd", "zeropad_bwd", "affine_bwd", "resize_bwd"),
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
    frozen=frozenset(),
    rates=None,
    start=None,
    target=None,
    dropout=True,
):
    """Compile a training step for batches of at most `batch_size` samples, changed at random where `augment` is set.

    With `loss` and `solver` the whole step: pack, forward, loss, backward, update, for which the gradient is
    `clipped` or not. Without, a forward pass whose outputs are copied out, and a backward pass from gradients that
    the caller gives; with `input_gradient` the gradient by the input is copied out, or that by the output of the
    layer `target`.

    Parameters whose names are in `frozen` are not trained: no gradient by them is computed, none by what nothing
    trained has a part in, and batch norm uses its running statistics. `rates` are factors of the learning rate, by
    names of parameters. `start` is the name of a layer, none inside another, whose outputs are the input. Without
    `dropout` nothing is dropped.
    """
    first, ops, last, outputs = _cut(plan, start)
    sought = outputs[target] if target else first
    needs = Needs(ops, frozen, sought if input_gradient else None)
    ops, _ = fuse(ops, dropout=dropout, keep=sought if target else None)
    want_halos(ops)
    arena, packer, phases = Arena(batch_size), Packer(), Phases()
    grads = Gradients(ops)
    buffers = _buffers(first, ops)
    inverted = {id(op.dst) for op in ops if isinstance(op, Conv2DOp) and op.norm}

    def kept(buffer):
        return buffer in needs and id(buffer) not in inverted

    direct = not augment and reads_input(first, ops)
    if direct:
        first.place(0)  # it takes no memory: nothing reads it
    for buffer in buffers:
        arena.place(buffer)
    for buffer in [last, *filter(kept, _all(first, ops))]:
        arena.place_gradient(buffer)
    entry = transfer(dst=first.map())
    if input_gradient:
        entry["grad_dst"] = sought.gradient_map()
    operations = [entry]
    phases.barrier(True)
    if not direct:
        phases.add(False, 0, "augment" if augment else "input")
    for number, op in enumerate(ops, start=1):
        data_gradient = op.src in needs or op.other in needs
        extra = dict(data_gradient=int(data_gradient))
        if kept(op.dst):
            extra["grad_dst"] = op.dst.gradient_map()
        sides = [b for b in (op.src, op.other) if kept(b)]
        if sides:  # what is wanted of one side alone goes to it twice
            extra["grad_src"] = sides[0].gradient_map()
            extra["grad_other"] = sides[-1].gradient_map()
        extra.update(packer.place(op, data_gradient=data_gradient))
        extra.update(grads.place(op))
        if op.reverses:
            extra.update(_place_aux(op, arena, grads.lanes, batch_size))
        operations.append(op.compiled(**extra))
        if op.pack:
            phases.phases[0][1].append((number, op.pack))
        entered = direct and number == 1
        for is_batch, stage in [(False, op.entry)] if entered else op.forward():
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
        for is_batch, stage in op.backward() if op.reverses else []:
            if operations[number]["data_gradient"] or not stage.endswith(_DATA_ONLY):
                phases.add(is_batch, number, stage)
    if input_gradient:
        phases.add(False, 0, "gradient_out")
    finishing = [
        (number, stage)
        for number, op in enumerate(ops, start=1)
        if op.reverses
        for stage in op.finish()
    ]
    if finishing:
        phases.barrier(True)
    for number, stage in finishing:
        phases.add(True, number, stage)
    trained = [p for p in plan.parameters if p.trainable and p.name not in frozen]
    update = Update(trained, grads, solver or "reduce", clipped=clipped, rates=rates or {})
    for stages in update.phases(len(operations)):
        phases.barrier(True)
        phases.phases[-1][1].extend(stages)
    operations += update.operations
    sizes = dict(
        input=first.size,
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


def _cut(plan, start):
    """Return the input's buffer, the operations, the last buffer and each layer's by name, from a layer's output on."""
    builder, outputs = plan.build()
    first, ops = builder.input, builder.ops
    if start is not None:
        names = [lowered.name for lowered in builder.lowered]
        done = builder.lowered[: names.index(start) + 1]
        ops = ops[sum(len(lowered.ops) for lowered in done) :]
        first = outputs[start]
        first.alias = None
    return first, ops, builder.current, outputs


def _buffers(first, ops):
    """All buffers that own memory."""
    return list({id(b.root): b.root for b in (first, *(op.dst for op in ops))}.values())


def _all(first, ops):
    """All buffers, in a fixed order."""
    return [first, *(b for op in ops for b in (op.src, op.dst, op.other) if b is not None)]


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
