"""Prediction: a program, its folded and packed weights, and memory for each call."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from convnet.engine import Context, aligned_zeros
from convnet.graph.arrays import check_input
from convnet.graph.compiler import compile_prediction
from convnet.graph.compiler.fusion import Fold
from convnet.graph.parameters import Parameter
from convnet.graph.plan import Plan
from convnet.graph.plan.memory_limits import check_pass

if TYPE_CHECKING:
    from convnet.graph.runtime.network import Network

# Ctrl-C is heard between two calls of the engine, and between two tasks of a long one: a call is to take 0.2 s at
# 20 GFLOP/s, which is slow for any machine.
CALL = 2e9  # multiply-adds
FEW = 4  # rows a thread that are worth their reading of the weights, unless they are very expensive
VALUE = 4  # multiply-adds that reading or writing a value counts for

Memory: TypeAlias = tuple[NDArray[np.float32], NDArray[np.float32]]  # arenas, scratch


class Predictor:
    """Prediction up to one layer: a program, its folded and packed weights, and memory for each call."""

    def __init__(self, network: Network, layer: str | None) -> None:
        plan = network.plan
        self.plan, self.compiled = plan, compile_prediction(plan, network.isa, layer)
        self.input_shape = plan.input_shape
        self.shape = plan.output_shape if layer is None else plan.named[layer].output_shape
        self.params = aligned_zeros(len(network.params))
        self.params[...] = network.params
        with np.errstate(all="ignore"):  # what overflows shows in the outputs
            for fold in self.compiled.folded:
                self._fold(fold)
        self.packed = aligned_zeros(self.compiled.sizes["packed"])
        self._pool: list[tuple[int, Memory]] = []
        self.compiled.program.pack(self._context(), 0, 1)

    def _fold(self, fold: Fold) -> None:
        """Scale the weights by gamma / sqrt(variance + epsilon) and move the rest into the bias."""

        def values(parameter: Parameter) -> NDArray[np.float32]:
            part = self.params[parameter.offset : parameter.offset + parameter.size]
            return part.reshape(parameter.shape)

        gamma, beta, mean, variance = (
            values(fold.norm.parameters[role]).astype(np.float64)
            for role in ("gamma", "beta", "mean", "variance")
        )
        scale = gamma / np.sqrt(variance + fold.norm.epsilon)
        own = 0.0 if fold.bias is None else values(fold.bias).astype(np.float64)
        values(fold.weights)[...] *= scale.astype(np.float32)
        values(fold.norm.parameters["beta"])[...] = beta + (own - mean) * scale

    def _context(self) -> Context:
        context = Context()
        context.parameters(self.params, self.packed)
        return context

    def run(self, X: NDArray[Any], scale: float, n_threads: int) -> NDArray[np.float32]:
        X = check_input(X, self.input_shape)
        program, n = self.compiled.program, len(X)
        out = np.empty((n, self.compiled.sizes["output"]), dtype=np.float32)
        if n:
            n_threads = max(1, min(n_threads, n))
            context = self._context()
            context.input(X, scale)
            context.output(out.reshape(-1))
            memory = self._check_out(n_threads)
            program.predict(context, 1, *memory, n_threads)
            self._pool.append((n_threads, memory))
        return out.reshape(n, *self.shape)

    def _check_out(self, n_threads: int) -> Memory:
        """Arenas and scratch for one call; several threads may predict at once."""
        try:
            had, memory = self._pool.pop()
        except IndexError:
            had = 0
        if had >= n_threads:
            return memory
        program = self.compiled.program
        check_pass(self.plan, n_threads * program.arena_floats, n_threads)
        return aligned_zeros(n_threads * program.arena_floats), program.scratch(n_threads)


def rows_a_call(plan: Plan, n_threads: int) -> int:
    """Return how many rows the engine is given at a time: the same number for each thread."""
    values = prod(plan.input_shape) + sum(prod(layer.output_shape) for layer in plan.layers)
    work = VALUE * values + sum(layer.multiply_adds for layer in plan.layers)
    least = min(FEW, max(1, CALL / 2 // work))
    return n_threads * int(max(least, CALL // (n_threads * work)))
