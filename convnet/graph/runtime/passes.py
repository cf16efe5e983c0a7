"""A forward and a backward pass by themselves, to look at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convnet.engine import aligned_zeros
from convnet.graph.arrays import check_input
from convnet.graph.compiler import compile_training
from convnet.graph.compiler.memory import Memory

if TYPE_CHECKING:
    from convnet.graph.runtime.network import Network


ROWS = 32  # of a pass of `gradient`: its maps and gradients are in memory together


class Step:
    """One forward pass in training, which waits for its backward pass."""

    def __init__(
        self,
        network: Network,
        X: NDArray[Any],
        scale: float,
        seed: int,
        epoch: int,
        rows: NDArray[np.int64] | None,
        n_threads: int,
    ) -> None:
        self.network = network
        X = check_input(X, network.plan.input_shape)
        self.compiled = compile_training(
            network.plan, network.isa, max(1, len(X)), input_gradient=network.input_gradient
        )
        self.memory = Memory(self.compiled, network.plan, max(1, len(X)))
        self.context = self.memory.context(network.params)
        self.n = len(X)
        if rows is not None and len(rows) != self.n:
            raise ValueError(f"rows names {len(rows)} rows; X has {self.n}")
        self.out = np.empty(self.n * self.compiled.sizes["output"], dtype=np.float32)
        self.context.input(X, scale)
        if rows is not None:
            self.context.sample_ids(np.ascontiguousarray(rows, dtype=np.int64))
        self.context.output(self.out)
        self.context.random(seed, epoch)
        self._run(n_threads, 0, self.compiled.forward_phases)

    def _run(self, n_threads: int, begin: int, end: int) -> None:
        program = self.compiled.program
        scratch = self.memory.scratch_for(program, n_threads)
        program.run(self.context, self.memory.arena, scratch, n_threads, begin, end)

    def backward(
        self, grad_output: ArrayLike, n_threads: int
    ) -> tuple[NDArray[np.float32] | None, dict[str, NDArray[np.float32]]]:
        program, sizes = self.compiled.program, self.compiled.sizes
        grad = np.ascontiguousarray(grad_output, dtype=np.float32).reshape(-1)
        if grad.size != self.out.size:
            raise ValueError(
                f"grad_output has {grad.size} values; the outputs have {self.out.size}"
            )
        self.context.gradient(grad)
        reduce_phase = program.n_phases - 1
        grad_input = None
        if self.network.input_gradient:
            size = max(sizes["gradient"], sizes["output"])
            grad_input = np.empty(self.n * size, dtype=np.float32)
            self.context.output(grad_input)
        self._run(n_threads, self.compiled.forward_phases, reduce_phase)
        flat = aligned_zeros(max(16, len(self.network.params), self.n * sizes["output"]))
        self.context.output(flat)
        self._run(n_threads, reduce_phase, program.n_phases)
        plan = self.network.plan
        gradients = {
            p.name: flat[p.offset : p.offset + p.size].reshape(p.shape).copy()
            for p in plan.parameters
            if p.trainable
        }
        if grad_input is not None:
            grad_input = grad_input[: self.n * sizes["gradient"]].reshape(self.n, *plan.input_shape)
        return grad_input, gradients


def gradient(
    network: Network,
    X: NDArray[Any],
    grad_outputs: ArrayLike,
    layer: str | None,
    scale: float,
    n_threads: int,
) -> NDArray[np.float32]:
    """Return the gradient; see `Network.gradient`."""
    plan, n = network.plan, len(X)
    X = check_input(X, plan.input_shape)
    grad = np.ascontiguousarray(grad_outputs, dtype=np.float32)
    if grad.shape != (n, *plan.output_shape):
        raise ValueError(
            f"grad_outputs has shape {grad.shape}; the outputs have {(n, *plan.output_shape)}"
        )
    compiled = compile_training(
        plan,
        network.isa,
        max(1, min(n, ROWS)),
        input_gradient=True,
        frozen=frozenset(p.name for p in plan.parameters),
        target=layer,
        dropout=False,
    )
    program, memory = compiled.program, Memory(compiled, plan, min(n, ROWS))
    context = memory.context(network.params)
    scratch = memory.scratch_for(program, n_threads)
    shape = plan.input_shape if layer is None else plan.named[layer].output_shape
    out = np.empty((n, *shape), dtype=np.float32)
    size = max(compiled.sizes["output"], out[:1].size)
    room = np.empty(ROWS * size, dtype=np.float32)
    context.output(room)
    middle, end = compiled.forward_phases, program.n_phases
    for i in range(0, n, ROWS):
        part = X[i : i + ROWS]
        context.input(part, scale)
        context.gradient(grad[i : i + ROWS].reshape(-1))
        program.run(context, memory.arena, scratch, n_threads, 0, middle)
        if layer is not None:
            context.input(part, 1.0)  # the scale is no factor of the gradient by a layer's output
        program.run(context, memory.arena, scratch, n_threads, middle, end)
        values = out[i : i + ROWS]
        values[...] = room[: values.size].reshape(values.shape)
    return out
