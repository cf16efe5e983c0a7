"""From operations to a program: buffers placed in the arena, stages in phases, everything at a fixed offset."""

from dataclasses import dataclass, field

from convnet.engine import Program, operation_fields
from convnet.graph.buffers import Arena, aligned, share
from convnet.graph.fusion import fuse
from convnet.graph.ops import Conv2DOp
from convnet.graph.update import UPDATES, Update

# Constants, so that no result depends on the machine: see docs/architecture.md on determinism.
CACHE_BYTES = 2**19  # what the maps of the samples that go through a phase together may take
LANES = ((2**16, 16), (2**21, 8), (2**23, 4))  # lanes by the floats of a lane's gradients
FEWEST_LANES = 2
MOVED = 8  # multiply-adds that take as long as moving a value
AUGMENTED = 100  # multiply-adds that take as long as changing a value of an image at random
PREDICT_SAMPLES = 14  # most samples that a thread predicts together: a tile of rows


@dataclass
class Phases:
    """Phases in the order in which they run; see `convnet.engine.Program`."""

    phases: list = field(default_factory=list)

    def add(self, is_batch, op, stage):
        """Append a stage to the last phase if it is of that kind, else begin one."""
        if not self.phases or self.phases[-1][0] != is_batch:
            self.barrier(is_batch)
        self.phases[-1][1].append((op, stage))

    def barrier(self, is_batch):
        """Begin a phase."""
        self.phases.append((is_batch, []))

    def __len__(self):
        return len(self.phases)


@dataclass
class Compiled:
    """A program and the sizes of the memory that it runs in."""

    program: Program
    lanes: int = 1
    sizes: dict = field(default_factory=dict)
    forward_phases: int = 0  # phases of a forward pass that was asked for by itself
    folded: list = field(default_factory=list)
    decays: list = field(default_factory=list)  # see convnet.graph.update


def compile_prediction(plan, isa, layer=None):
    """Compile the forward pass of prediction, up to the output of `layer` (default: the whole net)."""
    builder, outputs = plan.build()
    wanted = builder.current if layer is None else outputs[layer]
    ops, folded = fuse(_until(builder.ops, wanted), predict=True)
    _want_halos(ops)
    lifetimes = _lifetimes(builder.input, ops, wanted)
    offsets, floats = share(lifetimes)
    samples = max(1, min(PREDICT_SAMPLES, CACHE_BYTES // (4 * floats)))
    for (buffer, *_), offset in zip(lifetimes, offsets, strict=True):
        buffer.place(samples * offset)
    packer = _Packer()
    operations = [_transfer(dst=builder.input.map())]
    phases = Phases()
    phases.barrier(True)
    if any(builder.input.halo):
        phases.add(False, 0, "halo")
    phases.add(False, 0, "input")
    for op in ops:
        number = len(operations)
        operations.append(op.compiled(**packer.place(op, data_gradient=False)))
        if packer.packs(op):
            phases.phases[0][1].append((number, op.pack))
        if any(op.dst.root.halo) and op.dst.root is not op.src.root:
            phases.add(False, number, "halo")
        phases.add(False, number, op.predict())
    phases.add(False, len(operations), "output")
    operations.append(_transfer(src=wanted.map()))
    sizes = dict(
        input=builder.input.size,
        output=wanted.size,
        packed=packer.floats,
        lane=0,
        batch=0,
        squares=0,
        params=plan.parameters.floats,
        lanes=0,
    )
    listed = [
        (0 if is_batch else samples, *_work(stages, ops, 1), stages)
        for is_batch, stages in phases.phases
    ]
    program = Program(isa, operations, listed, samples * floats, samples, sizes)
    return Compiled(program, sizes=sizes, folded=folded)


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
    _want_halos(ops)
    last = builder.current
    arena, packer, phases = Arena(batch_size), _Packer(), Phases()
    grads = _Gradients(ops)
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
    builder_input = _transfer(dst=builder.input.map())
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
    operations.append(_transfer(src=last.map(), grad_src=last.gradient_map()))
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
            0 if is_batch else _shard(stages, ops, lane_samples),
            *_work(stages, ops, grads.lanes, plan.parameters.floats),
            stages,
        )
        for is_batch, stages in phases.phases
    ]
    program = Program(isa, operations, listed, arena.floats, batch_size, sizes)
    return Compiled(program, grads.lanes, sizes, forward_phases, decays=update.decays)


# Backward stages that compute nothing but the gradient of the input.
_DATA_ONLY = (
    *("pool_bwd", "activation_bwd", "dropout_bwd", "wide_grad"),
    *("batchnorm_bwd", "add_bwd", "fork_bwd", "zeropad_bwd"),
)


def _transfer(**maps):
    """Operation that only moves data."""
    op = operation_fields()
    op.update(maps)
    return op


def _until(ops, wanted):
    """Operations up to the one that writes the wanted buffer."""
    for i, op in enumerate(ops):
        if op.dst.root is wanted.root:
            return ops[: i + 1]
    return []


def _want_halos(ops):
    for op in ops:
        if isinstance(op, Conv2DOp):
            op.want_halo()


def _buffers(first, ops):
    """All buffers that own memory."""
    return list({id(b.root): b.root for b in (first, *(op.dst for op in ops))}.values())


def _lifetimes(first, ops, wanted):
    """Each buffer that owns memory with the numbers of the operations that write it first and use it last.

    The wanted output is read by the one that follows.
    """
    times = {first: [0, 0]}
    for number, op in enumerate(ops, start=1):
        for buffer in filter(None, (op.src, op.other, op.dst)):
            times.setdefault(buffer.root, [number, number])[1] = number
    times[wanted.root][1] = len(ops) + 1
    return [(buffer, *time) for buffer, time in times.items()]


def _shard(stages, ops, lane_samples):
    """Samples that a lane takes at a time through a lane phase: few enough that their maps stay in the cache."""
    used = [ops[number - 1] for number, _ in stages if 0 < number <= len(ops)]
    maps = {op.dst.root for op in used}
    gradients = {b.gradient_root for op in used for b in (op.dst, op.other) if b is not None}
    floats = sum(b.floats for b in maps) + sum(aligned(b.size) for b in gradients)
    group = max((op.group for op in used if isinstance(op, Conv2DOp)), default=1)
    return max(1, min(lane_samples, max(group, CACHE_BYTES // (4 * max(1, floats)))))


def _work(stages, ops, lanes, parameters=0):
    """Work of a phase, and of each sample in it, in multiply-adds; a value that is moved counts as a few."""
    fixed = sample = 0
    for number, stage in stages:
        op = ops[number - 1] if 0 < number <= len(ops) else None
        if stage.startswith("pack"):
            fixed += sum(op.packed_floats(True))
        elif stage == "winograd_weights":
            fixed += lanes * op.lane_gradient("weights")
        elif stage == "augment":
            sample += AUGMENTED * ops[0].src.size
        elif op is None:
            fixed = max(fixed, lanes * parameters) if stage in UPDATES else fixed
        elif stage != "halo" and "finish" not in stage:
            sample += MOVED * op.dst.size + op.multiply_adds() * (2 if stage.endswith("bwd") else 1)
    return float(fixed), float(sample)


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


class _Packer:
    """Offsets of packed weights."""

    def __init__(self):
        self.floats = 16

    def packs(self, op):
        return op.pack is not None and any(op.packed_floats(True))

    def place(self, op, data_gradient):
        forward, backward = map(aligned, op.packed_floats(data_gradient))
        offsets = dict(packed=self.floats, packed_grad=self.floats + forward)
        self.floats += forward + backward
        return offsets


class _Gradients:
    """Offsets of gradients: in a lane's area, or in the batch's."""

    def __init__(self, ops):
        self.lane_floats = self.batch_floats = 16
        self.lane_places, self.batch_places = {}, {}
        for op in ops:
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
        self.lanes = next((n for floats, n in LANES if self.lane_floats <= floats), FEWEST_LANES)

    def place(self, op):
        """Fields of an operation with parameters."""
        fields = {}
        for role, parameter in op.parameters.items():
            if parameter.trainable:
                name = "grad_weights" if role in ("weights", "gamma") else "grad_bias"
                in_lanes, in_batch = (
                    places.get(parameter.name) for places in (self.lane_places, self.batch_places)
                )
                fields[name] = in_batch if in_lanes is None else in_lanes
                if None not in (in_lanes, in_batch):
                    fields["grad_kernel"] = in_batch
        return fields

    def final(self, parameter):
        """Fields of an operation that reads a parameter's gradient."""
        in_batch = self.batch_places.get(parameter.name)
        if in_batch is None:
            return dict(grad_weights=self.lane_places[parameter.name], lanes=self.lanes)
        return dict(grad_weights=in_batch, lanes=0)
