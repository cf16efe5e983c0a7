"""Memory for one call of a kernel, laid out by hand: maps with halos between areas that nothing may touch.

What is not a map, a parameter or a gradient is NaN: a kernel that writes beyond its output replaces a NaN by a number,
and one that uses what lies beyond its input spreads a NaN.
"""

from dataclasses import dataclass, field

import numpy as np

from convnet.engine import STAGES, Context, aligned_zeros
from convnet.engine._program import run_stage, stage_memory

GAP = 80  # floats between two blocks: a kernel may read 64 beyond the end of one
LINE = 16


def copy_of(array):
    """A copy that starts at a cache line, with readable NaN behind it."""
    room = aligned_zeros(array.size + GAP)
    room[...] = np.nan
    room[: array.size] = array
    return room[: array.size]


class Area:
    """Floats that are handed out in blocks, each at a cache line, with a gap of NaN behind it."""

    def __init__(self):
        self.blocks, self.floats = [], LINE

    def reserve(self, values):
        """Put an array there; returns its offset."""
        flat = np.ravel(values).astype(np.float32, copy=False)
        offset = self.floats
        self.blocks.append((offset, flat))
        self.floats += -(-(flat.size + GAP) // LINE) * LINE
        return offset

    def array(self):
        whole = np.full(self.floats, np.nan, np.float32)
        for offset, values in self.blocks:
            whole[offset : offset + values.size] = values
        return copy_of(whole)


@dataclass
class Memory:
    """The areas of a case, and what its context is told besides."""

    arena: Area = field(default_factory=Area)
    params: Area = field(default_factory=Area)
    lane_grads: Area = field(default_factory=Area)
    batch_grads: Area = field(default_factory=Area)
    packed: int = LINE
    out: int = LINE  # floats of the output
    samples: int = 1
    context: dict = field(default_factory=dict)  # arguments of the context's methods, by name
    # (offset, floats) of the arena that tables may fill differently
    unchecked: list = field(default_factory=list)

    def map(self, values, halo=(0, 0, 0, 0)):
        """Put maps (n, h, w, c) into the arena, zeros around each; returns cn_map. NaN are places to write to."""
        n, h, w, c = values.shape
        top, bottom, left, right = halo
        framed = np.pad(
            values.astype(np.float32), ((0, 0), (top, bottom), (left, right), (0, 0))
        ).reshape(n, -1)
        sample = -(-framed.shape[1] // LINE) * LINE
        block = np.zeros((n, sample), np.float32)
        block[:, : framed.shape[1]] = framed
        start, row = self.arena.reserve(block), (w + left + right) * c
        offset = start + top * row + left * c
        return dict(offset=offset, sample=sample, row=row, pixel=c, start=start, h=h, w=w, c=c)

    def blank(self, n, h, w, c, halo=(0, 0, 0, 0)):
        """A map to write to."""
        return self.map(np.full((n, h, w, c), np.nan), halo)

    def bytes(self, count):
        """Place for bytes in the arena; returns its offset in floats."""
        return self.arena.reserve(np.zeros(-(-count // 4), np.float32))

    def pack(self, floats):
        """Place for packed weights; returns its offset."""
        offset = self.packed
        self.packed += -(-(floats + GAP) // LINE) * LINE
        return offset


class Run:
    """One run of stages on a copy of the memory: its areas afterwards, by name."""

    def __init__(self, memory, isa, operations, stages, lanes=1):
        self.arena, self.params = memory.arena.array(), memory.params.array()
        self.lane_grads = copy_of(np.tile(memory.lane_grads.array(), lanes))
        self.batch_grads = memory.batch_grads.array()
        self.packed = copy_of(np.full(memory.packed, np.nan))
        self.out = copy_of(np.full(memory.out, np.nan))
        self.losses = np.full((3, memory.samples), np.nan)
        self.isa, self.operations, self.n = isa, operations, memory.samples
        self.unchecked = memory.unchecked
        self.context = Context()
        self.context.parameters(self.params, self.packed, trainable=True)
        self.context.gradients(self.lane_grads, lanes, self.batch_grads)
        self.context.input(np.zeros((memory.samples, 1, 1, 1), np.float32), 1.0)
        self.context.output(self.out)
        self.squares, self.norms = np.full(64, np.nan), np.full(65, np.nan)
        self.context.sums(self.losses, self.squares)
        self.context.score_weights(np.linspace(0.5, 1.0, 4096))
        for name, arguments in memory.context.items():
            if name == "optimizer":
                self.moments = [copy_of(a) for a in arguments[0]]
                self.context.optimizer(*self.moments, **arguments[1])
            elif name == "clipping":
                self.norms = np.array(arguments[1])
                self.context.clipping(arguments[0], self.norms)
            else:
                getattr(self.context, name)(*arguments)
        self.stages = stages
        for stage in stages:
            self.call(stage)

    def call(self, stage, repeats=1):
        """Run a stage on all samples, or all its tasks; returns the seconds of the fastest calls."""
        first = self._first(stage)
        operations = self.operations[first : first + 2]
        floats, tasks = stage_memory(stage, *operations[0], self.n)
        scratch = copy_of(np.full(floats, np.nan))
        arguments = (self.isa, stage, operations, self.context, self.arena, scratch)
        if not tasks:
            return run_stage(*arguments, s0=0, s1=self.n, repeats=repeats)
        return sum(
            run_stage(*arguments, s1=self.n, number=i, repeats=repeats) for i in range(tasks)
        )

    def _first(self, stage):
        """The number of the operation that a stage runs on: the first of its family."""
        family = STAGES[stage].family
        if family == "maps":
            return 0
        return next(i for i, (own, _) in enumerate(self.operations) if own == family)

    def areas(self):
        """What a kernel may have written, by name."""
        names = ("arena", "params", "lane_grads", "batch_grads", "out")
        areas = {name: getattr(self, name).copy() for name in names}
        for offset, floats in self.unchecked:
            areas["arena"][offset : offset + floats] = 0.0
        areas |= {"losses": self.losses, "squares": self.squares, "norms": self.norms}
        if hasattr(self, "moments"):
            areas |= {"moment_1": self.moments[0], "moment_2": self.moments[1]}
        return areas

    def read(self, place):
        """The values of a map, or of (area, offset, shape)."""
        if isinstance(place, dict):
            h, w, c = place["h"], place["w"], place["c"]
            strides = np.array([place["sample"], place["row"], place["pixel"], 1]) * 4
            return np.lib.stride_tricks.as_strided(
                self.arena[place["offset"] :], (self.n, h, w, c), strides
            )
        area, offset, shape = place
        size = int(np.prod(shape))
        return getattr(self, area)[offset : offset + size].reshape(shape)
