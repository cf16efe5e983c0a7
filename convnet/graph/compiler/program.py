"""The parts of a program that both compilers use, and the compiled program with the memory that it runs in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convnet.engine import STAGES, Context, Program, aligned_zeros
from convnet.graph.compiler.exchanges import Exchanges
from convnet.graph.compiler.fusion import Fold
from convnet.graph.layout import Buffer, aligned
from convnet.graph.ops.base import Fields, Op, Operation
from convnet.graph.ops.conv2d import Conv2DOp
from convnet.graph.plan import Plan

# Constants, so that no result depends on the machine: see docs/architecture.md on determinism.
CACHE_BYTES = 2**19  # maximum size of the maps of the samples that go through a phase together
MOVED = 8  # multiply-adds that take as long as moving a value
AUGMENTED = 100  # multiply-adds that take as long as augmenting a value of an image
PASSES = {
    "once": 1,
    "twice": 2,
    "gradient": 1,
}  # how often a stage computes its operation's products, by its work


@dataclass(frozen=True)
class Stage:
    """A kernel stage of a program.

    Attributes
    ----------
    phase : int
        Number of the phase that the stage runs in.
    name : str
        Name of the kernel stage, such as "conv2d_fwd".
    layer : str
        Name of the layer; "input", "output" or "parameters" if the stage belongs to no layer.
    operation : str
        Type of the operation, such as "Conv2DOp"; "" if the stage belongs to no layer.
    is_batch : bool
        Whether its tasks divide the whole batch. If not, it runs sample by sample.
    """

    phase: int
    name: str
    layer: str
    operation: str
    is_batch: bool


@dataclass
class Compiled:
    """A program, its stages, and the sizes of the memory that it runs in.

    Attributes
    ----------
    program : Program
    stages : list of Stage
        In the order in which they run.
    lanes : int
        Number of gradient accumulators.
    sizes : dict
        Sizes of the memory areas, by name, as `Program` takes them.
    forward_phases : int
        Number of phases of the forward pass if it can run by itself, else 0.
    folded : list of Fold
        Batch norms to fold into the weights of the layers before them.
    decays : list of (float or None)
        See `convnet.graph.optimizer.Update`.
    exchanges : Exchanges
        What the ranks of a distributed training step exchange.
    """

    program: Program
    stages: list[Stage]
    lanes: int = 1
    sizes: dict[str, Any] = field(default_factory=dict)
    forward_phases: int = 0
    folded: list[Fold] = field(default_factory=list)
    decays: list[float | None] = field(default_factory=list)
    exchanges: Exchanges = field(default_factory=Exchanges)


class TrainingMemory:
    """All memory of a training program, allocated once.

    Parameters
    ----------
    compiled : Compiled
    plan : Plan
    n_samples : int
        Maximum batch size.

    Raises
    ------
    ValueError
        If the machine does not have that much memory.
    """

    def __init__(self, compiled: Compiled, plan: Plan, n_samples: int) -> None:
        program, sizes = compiled.program, compiled.sizes
        floats = compiled.lanes * sizes["lane"] + sizes["packed"] + sizes["batch"]
        plan.check_pass(program.arena_floats + floats, n_samples)
        self.arena = aligned_zeros(max(16, program.arena_floats))
        self.packed = aligned_zeros(sizes["packed"])
        self.lane_grads = aligned_zeros(compiled.lanes * sizes["lane"])
        self.batch_grads = aligned_zeros(sizes["batch"])
        self.lanes = compiled.lanes
        self.scratch, self.n_threads = program.scratch(0), 0

    def context(self, params: NDArray[np.float32]) -> Context:
        """Return a context for training steps on these parameters."""
        context = Context()
        context.parameters(params, self.packed, trainable=True)
        context.gradients(self.lane_grads, self.lanes, self.batch_grads)
        return context

    def scratch_for(self, program: Program, n_threads: int) -> NDArray[np.float32]:
        """Return scratch memory for `n_threads` threads. It is kept between calls."""
        if n_threads > self.n_threads:
            self.scratch, self.n_threads = program.scratch(n_threads), n_threads
        return self.scratch


@dataclass
class Phases:
    """Phases in the order in which they run; see `convnet.engine.Program`."""

    phases: list[tuple[bool, list[tuple[int, str]]]] = field(default_factory=list)

    def add(self, op: int, stage: str) -> None:
        """Append a stage to the last phase, or to a new one if the last phase is of the other kind."""
        is_batch = STAGES[stage].is_batch
        if not self.phases or self.phases[-1][0] != is_batch:
            self.barrier(is_batch)
        self.phases[-1][1].append((op, stage))

    def barrier(self, is_batch: bool) -> None:
        """Begin a phase."""
        self.phases.append((is_batch, []))

    def __len__(self) -> int:
        return len(self.phases)

    def separated(self) -> Phases:
        """Return the same stages, each in a phase of its own."""
        return Phases([(is_batch, [entry]) for is_batch, stages in self.phases for entry in stages])

    def stages(self, ops: Sequence[Op]) -> list[Stage]:
        """Return all stages as data, for `Compiled.stages`."""
        layers = ["input", *(op.layer for op in ops), "output"]
        kinds = ["", *(type(op).__name__ for op in ops), ""]
        return [
            Stage(
                phase,
                name,
                layers[number] if number < len(layers) else "parameters",
                kinds[number] if number < len(kinds) else "",
                is_batch,
            )
            for phase, (is_batch, stages) in enumerate(self.phases)
            for number, name in stages
        ]


def samples_per_turn(stages: Iterable[tuple[int, str]], ops: Sequence[Op], most: int) -> int:
    """Return how many samples go through a phase together: at most `most`, few enough that their maps fit the cache."""
    used = [ops[number - 1] for number, _ in stages if 0 < number <= len(ops)]
    maps = {op.dst.root for op in used}
    gradients = {b.gradient_root for op in used for b in (op.dst, op.other) if b is not None}
    floats = sum(b.floats for b in maps) + sum(aligned(b.size) for b in gradients)
    group = max((op.group for op in used if isinstance(op, Conv2DOp)), default=1)
    return max(1, min(most, max(group, CACHE_BYTES // (4 * max(1, floats)))))


def work(
    stages: Iterable[tuple[int, str]], ops: Sequence[Op], lanes: int, update_work: float = 0.0
) -> tuple[float, float]:
    """Return the work of a phase and the work per sample, in multiply-adds. Moving a value counts as a few."""
    fixed = sample = 0.0
    for number, stage in stages:
        op = ops[number - 1] if 0 < number <= len(ops) else None
        info = STAGES[stage]
        if info.work == "augment":
            sample += AUGMENTED * ops[0].src.size
        elif op is None:
            if info.work == "lanes":
                fixed = max(fixed, update_work)
        elif info.packs:
            fixed += sum(op.packed_floats(True))
        elif info.work == "lanes":
            fixed += MOVED * lanes * op.src.shape[2]
        elif info.work == "transform":
            sample += MOVED * op.transforms_floats()
        elif info.work in PASSES:
            sample += MOVED * op.dst.size + op.multiply_adds() * PASSES[info.work]
    return fixed, sample


class Packer:
    """Assigns offsets to packed weights."""

    def __init__(self) -> None:
        self.floats = 16

    def place(self, op: Op, data_gradient: bool) -> Fields:
        """Reserve memory for the packed weights of an operation; return the offsets as fields."""
        fields: Fields = {}
        sizes = op.packed_floats(data_gradient)
        for name, floats in zip(("packed", "packed_grad"), sizes, strict=True):
            if floats:
                fields[name] = self.floats
                self.floats += aligned(floats)
        return fields


def transfer(**maps: Any) -> Operation:
    """Return an operation that only moves data."""
    return "maps", maps


def want_halos(ops: Iterable[Op]) -> None:
    """Widen the halos of the maps that convolutions read to what their windows need."""
    for op in ops:
        op.want_halo()


def reads_input(first: Buffer, ops: Sequence[Op]) -> bool:
    """Return whether the first operation can read X itself, so that X need not be converted into a map first.

    If two operations read that map, their inputs are the outputs of a fork, not `first`, and the result is False.

    Parameters
    ----------
    first : Buffer
        The map that X would be converted into.
    ops : list of Op
        The operations that will run.
    """
    return bool(ops) and ops[0].entry is not None and ops[0].src is first
