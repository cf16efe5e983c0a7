"""Gradients by the input, or by what a layer puts out, of a net that predicts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convnet.graph.compiler import compile_training
from convnet.graph.inputs import check_input
from convnet.graph.memory import Memory

if TYPE_CHECKING:
    from convnet.graph.network import Network

ROWS = 32  # of a pass: its maps and gradients are in memory together


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
