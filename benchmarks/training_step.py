"""A training step of a whole net whose tasks can be timed one by one, on one thread."""

import numpy as np

from convnet.engine import Program
from convnet.graph import Network
from convnet.graph.compiler import TrainingMemory, compile_training
from convnet.graph.losses import set_targets
from convnet.graph.optimizer import Optimizer

ADAM = dict(alpha=0.0, momentum=0.9, nesterov=True, beta_1=0.9, beta_2=0.999, epsilon=1e-8)
WORTH = 2e6  # multiply-adds from which on the engine runs a phase on several threads; see engine/_program.pyx


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

    def run(self, n_threads):
        """Run a step on `n_threads` threads, as a fit does."""
        self.optimizer.advance(self.context, 1e-3)
        scratch = self.memory.scratch_for(self.program, n_threads)
        self.program.run(self.context, self.memory.arena, scratch, n_threads)

    def time_tasks(self, n_threads):
        """Run a step on one thread, but in the tasks that it has on `n_threads` threads.

        Returns
        -------
        phases : list of (bool, ndarray)
            For each phase: whether it would run on several threads, and the seconds of its tasks in order.
        """
        self.optimizer.advance(self.context, 1e-3)
        scratch = self.memory.scratch_for(self.program, 1)
        return self.program.time_tasks(self.context, self.memory.arena, scratch, n_threads)

    def empty_regions(self, n_regions):
        """Return a program of phases without stages: threads wake, find nothing to do, and wait for each other."""
        phases = [(1, WORTH, 0.0, (0, 0), [])] * n_regions
        return Program(self.network.isa, [], phases, 0, self.n, self.sizes)
