"""A training step of a whole net whose phases and tasks can run and be timed one by one, on one thread."""

from dataclasses import dataclass
from unittest.mock import patch

import numpy as np

from convnet.engine import Program
from convnet.engine._program import run_stage, stage_memory
from convnet.graph import Network
from convnet.graph.compiler import TrainingMemory, compile_training
from convnet.graph.losses import set_targets
from convnet.graph.optimizer import Optimizer

ADAM = dict(alpha=0.0, momentum=0.9, nesterov=True, beta_1=0.9, beta_2=0.999, epsilon=1e-8)
WORTH = (
    2e6  # multiply-adds below which the engine runs a phase on one thread; see engine/_program.pyx
)


class RecordedProgram(Program):
    """A program that keeps the operations and the phases that it was built from: a `Compiled` does not have them."""

    def __init__(self, isa, operations, phases, *sizes):
        self.operations, self.phases = operations, phases


@dataclass(frozen=True)
class Phase:
    """One parallel region of a step.

    `tasks` is in the order in which threads take them. Each task is a list of kernel calls: (number of the operation,
    stage, keywords of `run_stage`).
    """

    number: int
    is_batch: bool
    worth_threads: bool
    tasks: list


class TrainingStep:
    """A step of Adam on one batch of a net.

    Parameters
    ----------
    net : Net
    isa : str, default=None
        Instruction set; None is the best.
    """

    def __init__(self, net, isa=None):
        X, y = net.data(net.batch)
        loss = "sigmoid" if net.n_outputs == 1 else "softmax"
        self.network = Network(list(net.layers), net.input_shape, net.n_outputs, isa=isa)
        plan, self.n = self.network.plan, net.batch
        with patch("convnet.graph.compiler.training.Program", RecordedProgram):
            compiled = compile_training(plan, self.network.isa, self.n, loss=loss, solver="adam")
        self.program, self.sizes = compiled.program, compiled.sizes
        self.stages, self.lanes = compiled.stages, compiled.lanes
        self.memory = TrainingMemory(compiled, plan, self.n)
        self.optimizer = Optimizer("adam", len(self.network.params), **ADAM)
        self.context = self.memory.context(self.network.params)
        self.context.input(X, 1.0, np.arange(self.n))
        set_targets(self.context, loss, y.astype(np.int32 if loss == "softmax" else np.float32))
        self.context.sample_weight(None, float(self.n))
        self.context.sums(np.zeros((3, self.n)), np.zeros(max(1, self.sizes["squares"])))
        self.context.score_weights(np.ones(plan.output_shape))
        self.context.smoothing(0.0)
        self.context.random(0, 0)
        self.phases = [self._phase(i, *phase) for i, phase in enumerate(self.program.phases)]

    def _phase(self, number, shard, work, sample_work, stages):
        tasks = self._lane_tasks(shard, stages) if shard else self._batch_tasks(stages)
        return Phase(number, shard == 0, work + self.n * sample_work >= WORTH, tasks)

    def _lane_tasks(self, shard, stages):
        """Return a task for each lane that has samples: shard by shard through all stages."""
        tasks = []
        for lane in range(self.lanes):
            begin, end = (self.n * i // self.lanes for i in (lane, lane + 1))
            shards = [(s, min(end, s + shard)) for s in range(begin, end, shard)]
            calls = [
                (op, stage, dict(s0=s0, s1=s1, lane=lane))
                for s0, s1 in shards
                for op, stage in stages
            ]
            tasks += [calls] if calls else []
        return tasks

    def _batch_tasks(self, stages):
        """Return the tasks of all stages, one stage after the other."""
        tasks = []
        for op, stage in stages:
            _, n_tasks = stage_memory(stage, *self.program.operations[op], self.n)
            tasks += [[(op, stage, dict(number=number))] for number in range(n_tasks)]
        return tasks

    def run(self, n_threads):
        """Run a step on `n_threads` threads, as a fit does."""
        self.optimizer.advance(self.context, 1e-3)
        scratch = self.memory.scratch_for(self.program, n_threads)
        self.program.run(self.context, self.memory.arena, scratch, n_threads)

    def run_tasks(self):
        """Run a step task by task. Returns, for each phase, an array of the seconds of its tasks."""
        self.optimizer.advance(self.context, 1e-3)
        scratch = self.memory.scratch_for(self.program, 1)
        return [
            np.array([sum(self._call(scratch, *call) for call in task) for task in phase.tasks])
            for phase in self.phases
        ]

    def _call(self, scratch, op, stage, piece):
        operations = self.program.operations[
            op : op + 2
        ]  # a kernel may read the one behind its own
        context, arena = self.context, self.memory.arena
        return run_stage(self.network.isa, stage, operations, context, arena, scratch, **piece)

    def empty_regions(self, n_regions):
        """Return a program of phases without stages: threads wake, find nothing to do, and wait for each other."""
        phases = [(1, WORTH, 0.0, [])] * n_regions
        return Program(self.network.isa, [], phases, 0, self.n, self.sizes)
