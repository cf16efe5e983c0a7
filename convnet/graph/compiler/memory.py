"""The memory of a training program, taken once."""

import numpy as np
from numpy.typing import NDArray

from convnet.engine import Context, Program, aligned_zeros
from convnet.graph.compiler.compiled import Compiled
from convnet.graph.plan import Plan
from convnet.graph.plan.memory_limits import check_pass


class Memory:
    """All memory of a training program, of batches of up to `samples` for a plan; ValueError where it is too much."""

    def __init__(self, compiled: Compiled, plan: Plan, samples: int) -> None:
        program, sizes = compiled.program, compiled.sizes
        floats = compiled.lanes * sizes["lane"] + sizes["packed"] + sizes["batch"]
        check_pass(plan, program.arena_floats + floats, samples)
        self.arena = aligned_zeros(max(16, program.arena_floats))
        self.packed = aligned_zeros(sizes["packed"])
        self.lane_grads = aligned_zeros(compiled.lanes * sizes["lane"])
        self.batch_grads = aligned_zeros(sizes["batch"])
        self.lanes = compiled.lanes
        self.scratch, self.n_threads = program.scratch(0), 0

    def context(self, params: NDArray[np.float32]) -> Context:
        """Context of a training step on these parameters."""
        context = Context()
        context.parameters(params, self.packed, trainable=True)
        context.gradients(self.lane_grads, self.lanes, self.batch_grads)
        return context

    def scratch_for(self, program: Program, n_threads: int) -> NDArray[np.float32]:
        """Scratch for so many threads; kept from call to call."""
        if n_threads > self.n_threads:
            self.scratch, self.n_threads = program.scratch(n_threads), n_threads
        return self.scratch
