"""Phases: which stages run between two meetings of the threads, on how many samples at a time, and their work."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from convnet.engine import STAGES
from convnet.graph.buffers import aligned
from convnet.graph.ops import Conv2DOp, Op

# Constants, so that no result depends on the machine: see docs/architecture.md on determinism.
CACHE_BYTES = 2**19  # what the maps of the samples that go through a phase together may take
MOVED = 8  # multiply-adds that take as long as moving a value
AUGMENTED = 100  # multiply-adds that take as long as changing a value of an image at random


@dataclass
class Phases:
    """Phases in the order in which they run; see `convnet.engine.Program`."""

    phases: list[tuple[bool, list[tuple[int, str]]]] = field(default_factory=list)

    def add(self, op: int, stage: str) -> None:
        """Append a stage to the last phase if it is of the same kind, else begin one."""
        is_batch = STAGES[stage].is_batch
        if not self.phases or self.phases[-1][0] != is_batch:
            self.barrier(is_batch)
        self.phases[-1][1].append((op, stage))

    def barrier(self, is_batch: bool) -> None:
        """Begin a phase."""
        self.phases.append((is_batch, []))

    def __len__(self) -> int:
        return len(self.phases)


def samples_a_turn(stages: Iterable[tuple[int, str]], ops: Sequence[Op], lane_samples: int) -> int:
    """Samples that a lane takes at a time through a lane phase: few enough that their maps stay in the cache."""
    used = [ops[number - 1] for number, _ in stages if 0 < number <= len(ops)]
    maps = {op.dst.root for op in used}
    gradients = {b.gradient_root for op in used for b in (op.dst, op.other) if b is not None}
    floats = sum(b.floats for b in maps) + sum(aligned(b.size) for b in gradients)
    group = max((op.group for op in used if isinstance(op, Conv2DOp)), default=1)
    return max(1, min(lane_samples, max(group, CACHE_BYTES // (4 * max(1, floats)))))


def work(
    stages: Iterable[tuple[int, str]], ops: Sequence[Op], lanes: int, parameters: int = 0
) -> tuple[float, float]:
    """Work of a phase, and of each sample in it, in multiply-adds; a value that is moved counts as a few."""
    fixed = sample = 0
    for number, stage in stages:
        op = ops[number - 1] if 0 < number <= len(ops) else None
        if op is None:
            if stage == "augment":
                sample += AUGMENTED * ops[0].src.size
            elif STAGES[stage].family == "update" and stage != "clip":
                fixed = max(fixed, lanes * parameters)
        elif stage.startswith("pack"):
            fixed += sum(op.packed_floats(True))
        elif stage == "winograd_weights":
            fixed += lanes * op.lane_gradient("weights")
        elif stage != "halo" and "finish" not in stage:
            sample += MOVED * op.dst.size + op.multiply_adds() * (2 if stage.endswith("bwd") else 1)
    return float(fixed), float(sample)
