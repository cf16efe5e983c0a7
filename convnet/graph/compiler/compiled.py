"""A compiled program, what its callers need to know of it, and the memory of a training program."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convnet.engine import Context, Program, aligned_zeros
from convnet.graph.compiler.fusion import Fold
from convnet.graph.plan import Plan
from convnet.graph.plan.memory_limits import check_pass


@dataclass(frozen=True)
class Stage:
    """One kernel call of a program, for each sample or task.

    Attributes
    ----------
    phase : int
        Number of the phase that it runs in.
    name : str
        Name of the kernel stage, such as "conv2d_fwd".
    layer : str
        Name of the layer; "input", "output" or "parameters" for stages of none.
    operation : str
        Type of the operation, such as "Conv2DOp"; "" for stages of no layer.
    is_batch : bool
        Whether its tasks divide the whole batch. Other stages run sample by sample.
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
        Gradient accumulators.
    sizes : dict
        Floats of each area of memory, by name.
    forward_phases : int
        Number of phases of the forward pass, where that runs by itself.
    folded : list of Fold
        Batch norms to fold into the weights before them.
    decays : list of (float or None)
        See `convnet.graph.optimizer.Update`.
    """

    program: Program
    stages: list[Stage]
    lanes: int = 1
    sizes: dict[str, Any] = field(default_factory=dict)
    forward_phases: int = 0
    folded: list[Fold] = field(default_factory=list)
    decays: list[float | None] = field(default_factory=list)


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
        check_pass(plan, program.arena_floats + floats, n_samples)
        self.arena = aligned_zeros(max(16, program.arena_floats))
        self.packed = aligned_zeros(sizes["packed"])
        self.lane_grads = aligned_zeros(compiled.lanes * sizes["lane"])
        self.batch_grads = aligned_zeros(sizes["batch"])
        self.lanes = compiled.lanes
        self.scratch, self.n_threads = program.scratch(0), 0

    def context(self, params: NDArray[np.float32]) -> Context:
        """Return the context of a training step on these parameters."""
        context = Context()
        context.parameters(params, self.packed, trainable=True)
        context.gradients(self.lane_grads, self.lanes, self.batch_grads)
        return context

    def scratch_for(self, program: Program, n_threads: int) -> NDArray[np.float32]:
        """Return scratch memory for `n_threads`, which is kept from call to call."""
        if n_threads > self.n_threads:
            self.scratch, self.n_threads = program.scratch(n_threads), n_threads
        return self.scratch
