"""Parts of a program: some lanes, some tasks, and the sums of lanes that are added afterwards."""

import numpy as np
import pytest

from convnet.graph import Network
from convnet.graph.compiler import TrainingMemory, compile_training
from convnet.layers import Conv2D, Dense, MaxPool2D

N = 16  # samples, in 8 lanes


class Gradients:
    """The gradient of the mean loss with respect to all parameters, computed by a program in parts."""

    def __init__(self):
        layers = [Conv2D(12, 3, activation="relu"), MaxPool2D(2), Dense(40, activation="relu")]
        self.network = Network(layers, (8, 8, 2), 3, seed=0)
        self.compiled = compile_training(
            self.network.plan, self.network.isa, N, loss="softmax", solver="sgd", on_ranks=True
        )
        self.program = self.compiled.program
        self.memory = TrainingMemory(self.compiled, self.network.plan, N)
        self.context = self.memory.context(self.network.params)
        rng = np.random.default_rng(0)
        X = rng.integers(0, 256, (N, 8, 8, 2), dtype=np.uint8)
        self.context.classes(rng.integers(0, 3, N, dtype=np.int32))
        self.context.input(X, 1 / 255, np.arange(N))
        self.context.sample_weight(None, N)
        self.context.sums(np.zeros((3, N)), np.zeros(self.compiled.sizes["squares"]))
        self.context.score_weights(np.ones(3))
        zeros = np.zeros_like(self.network.params)
        self.context.optimizer(
            zeros, zeros, learning_rate=0.1, base_rate=0.1, alpha=0.0, momentum=0.9, nesterov=True,
            beta_1=0.9, beta_2=0.999, epsilon=1e-8,
        )  # fmt: skip
        self.blocks = self.compiled.exchanges.blocks_phase
        self.update = self.compiled.exchanges.update_phase

    def run(self, begin, end, **part):
        scratch = self.program.scratch(2)
        self.program.run(self.context, self.memory.arena, scratch, 2, begin, end, **part)


@pytest.fixture
def whole():
    step = Gradients()
    step.run(0, step.program.n_phases)
    return step.network.params


@pytest.mark.parametrize("run", [1, 2])
def test_lanes_in_parts(whole, run):
    step = Gradients()
    assert step.compiled.lanes == 8
    for lanes in ((4, 8), (0, 4)):
        step.run(0, step.blocks, lanes=lanes, lane_run=run)
    for first in (0, 4):
        step.program.merge_lanes(step.context, first, first + 4, 4, 2)
    step.run(step.blocks, step.program.n_phases, lane_run=4)
    np.testing.assert_array_equal(step.network.params, whole)


def test_tasks_in_parts(whole):
    step = Gradients()
    step.run(0, step.blocks)
    tasks = np.arange(sum(block.tasks for block in step.compiled.exchanges.blocks))
    for part in (tasks[1::2].copy(), tasks[:0], tasks[::2].copy()):
        step.run(step.blocks, step.blocks + 1, tasks=part)
    step.run(step.blocks + 1, step.program.n_phases)
    np.testing.assert_array_equal(step.network.params, whole)


def test_what_is_no_part():
    step = Gradients()
    for lanes, run in (((1, 8), 2), ((0, 3), 2), ((4, 9), 1), ((6, 4), 1), ((-2, 4), 1)):
        with pytest.raises(ValueError, match="whole runs"):
            step.run(0, 1, lanes=lanes, lane_run=run)
    with pytest.raises(ValueError, match="is a lane phase"):
        step.run(0, step.blocks, tasks=np.zeros(1, np.int64))
    for task in (-1, 10**6):
        with pytest.raises(ValueError, match="has no task"):
            step.run(step.update, step.update + 1, tasks=np.array([task]))
    for lanes in ((2, 8), (0, 9), (4, 0)):
        with pytest.raises(ValueError, match="do not begin with a run"):
            step.program.merge_lanes(step.context, *lanes, 4, 1)
