"""Single passes for inspection: forward and backward as in training, and gradients as in prediction."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convnet.engine import aligned_zeros
from convnet.graph.arrays import check_input
from convnet.graph.compiler import TrainingMemory, compile_training
from convnet.graph.plan import Plan

MAX_SAMPLES = 32  # of a pass of `output_gradient`: its maps and gradients are in memory together


class TrainingPass:
    """A forward pass as in a training step, which keeps what its backward pass needs.

    Parameters
    ----------
    plan : Plan
    params : float32 ndarray
        The flat parameters; running statistics change.
    isa : str
        Kernel table.
    X : ndarray of shape (n, *plan.input_shape)
    scale : float
        Factor of X's values.
    seed, epoch : int
        Key of dropout's random numbers.
    sample_ids : int64 ndarray of shape (n,) or None
        Numbers that key the random numbers of each sample; None: 0 to n - 1.
    n_threads : int
    input_gradient : bool
        Whether `backward` also returns the gradient with respect to X.

    Attributes
    ----------
    outputs : float32 ndarray of shape (n, *plan.output_shape)
    """

    def __init__(
        self,
        plan: Plan,
        params: NDArray[np.float32],
        isa: str,
        X: NDArray[Any],
        *,
        scale: float,
        seed: int,
        epoch: int,
        sample_ids: NDArray[np.int64] | None,
        n_threads: int,
        input_gradient: bool,
    ) -> None:
        self.plan, self._n_params, self._input_gradient = plan, len(params), input_gradient
        X = check_input(X, plan.input_shape)
        n = len(X)
        self._compiled = compile_training(plan, isa, max(1, n), input_gradient=input_gradient)
        self._memory = TrainingMemory(self._compiled, plan, max(1, n))
        self._context = self._memory.context(params)
        if sample_ids is not None and len(sample_ids) != n:
            raise ValueError(f"Expected {n} sample_ids, one per sample of X, got {len(sample_ids)}")
        self.outputs = np.empty((n, *plan.output_shape), dtype=np.float32)
        self._context.input(X, scale)
        if sample_ids is not None:
            self._context.sample_ids(np.ascontiguousarray(sample_ids, dtype=np.int64))
        self._context.output(self.outputs.reshape(-1))
        self._context.random(seed, epoch)
        self._run(n_threads, 0, self._compiled.forward_phases)

    def _run(self, n_threads: int, begin: int, end: int) -> None:
        program = self._compiled.program
        scratch = self._memory.scratch_for(program, n_threads)
        program.run(self._context, self._memory.arena, scratch, n_threads, begin, end)

    def backward(
        self, grad_outputs: ArrayLike, n_threads: int
    ) -> tuple[NDArray[np.float32] | None, dict[str, NDArray[np.float32]]]:
        """Return (gradient with respect to X or None, {name of a parameter: gradient})."""
        program, sizes, n = self._compiled.program, self._compiled.sizes, len(self.outputs)
        grad = np.ascontiguousarray(grad_outputs, dtype=np.float32).reshape(-1)
        if grad.size != self.outputs.size:
            raise ValueError(
                f"Expected grad_outputs with {self.outputs.size} values, one per output, got {grad.size}"
            )
        self._context.gradient(grad)
        reduce_phase = program.n_phases - 1
        grad_input = None
        if self._input_gradient:
            size = max(sizes["gradient"], sizes["output"])
            grad_input = np.empty(n * size, dtype=np.float32)
            self._context.output(grad_input)
        self._run(n_threads, self._compiled.forward_phases, reduce_phase)
        flat = aligned_zeros(max(16, self._n_params, n * sizes["output"]))
        self._context.output(flat)
        self._run(n_threads, reduce_phase, program.n_phases)
        gradients = {
            p.name: flat[p.offset : p.offset + p.size].reshape(p.shape).copy()
            for p in self.plan.parameters
            if p.trainable
        }
        if grad_input is not None:
            grad_input = grad_input[: n * sizes["gradient"]].reshape(n, *self.plan.input_shape)
        return grad_input, gradients


def output_gradient(
    plan: Plan,
    params: NDArray[np.float32],
    isa: str,
    X: NDArray[Any],
    grad_outputs: ArrayLike,
    layer: str | None,
    *,
    scale: float,
    n_threads: int,
) -> NDArray[np.float32]:
    """Return the gradient with respect to X or to the output of a layer; see `Network.gradient`."""
    n = len(X)
    X = check_input(X, plan.input_shape)
    grad = np.ascontiguousarray(grad_outputs, dtype=np.float32)
    if grad.shape != (n, *plan.output_shape):
        raise ValueError(
            f"Expected grad_outputs of shape {(n, *plan.output_shape)}, as the outputs, got {grad.shape}"
        )
    n_samples = max(1, min(n, MAX_SAMPLES))
    compiled = compile_training(
        plan,
        isa,
        n_samples,
        input_gradient=True,
        frozen=frozenset(p.name for p in plan.parameters),
        target=layer,
        dropout=False,
    )
    program, memory = compiled.program, TrainingMemory(compiled, plan, n_samples)
    context = memory.context(params)
    scratch = memory.scratch_for(program, n_threads)
    shape = plan.input_shape if layer is None else plan.named[layer].output_shape
    out = np.empty((n, *shape), dtype=np.float32)
    size = max(compiled.sizes["output"], out[:1].size)
    copied_out = np.empty(MAX_SAMPLES * size, dtype=np.float32)
    context.output(copied_out)
    middle, end = compiled.forward_phases, program.n_phases
    for i in range(0, n, MAX_SAMPLES):
        part = X[i : i + MAX_SAMPLES]
        context.input(part, scale)
        context.gradient(grad[i : i + MAX_SAMPLES].reshape(-1))
        program.run(context, memory.arena, scratch, n_threads, 0, middle)
        if layer is not None:
            context.input(part, 1.0)  # the gradient at a layer's output has no factor of X's scale
        program.run(context, memory.arena, scratch, n_threads, middle, end)
        values = out[i : i + MAX_SAMPLES]
        values[...] = copied_out[: values.size].reshape(values.shape)
    return out
