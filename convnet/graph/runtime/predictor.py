"""Prediction: a compiled program, the weights packed for it, and memory for each call."""

from math import prod
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from convnet.engine import Context, aligned_zeros
from convnet.graph.arrays import check_input
from convnet.graph.compiler import SHARED_SAMPLES, Compiled, Fold, compile_prediction
from convnet.graph.layout import Parameter
from convnet.graph.plan import Plan

# Python hears Ctrl-C between two calls of the engine, and between two tasks of a long one. A call should take 0.2 s
# at 20 GFLOP/s, which is slow for any machine.
CALL_WORK = 2e9  # multiply-adds
MIN_SAMPLES = (
    4  # per thread, unless a sample is very expensive: fewer do not repay reading the weights
)
VALUE_WORK = 4  # multiply-adds that reading or writing a value counts for

Memory: TypeAlias = tuple[NDArray[np.float32], NDArray[np.float32]]  # arenas, scratch
PackedWeights: TypeAlias = tuple[NDArray[np.float32], NDArray[np.float32]]  # folded, packed


class Predictor:
    """The compiled forward pass of prediction, from one layer to another. It holds no weights.

    Parameters
    ----------
    plan : Plan
    isa : str
        Kernel table.
    layer : str or None
        Name of the layer whose output is wanted; None: the last.
    after : str or None
        Name of the layer, not inside another, whose outputs are the input; None: X is the input.
    """

    def __init__(self, plan: Plan, isa: str, layer: str | None, after: str | None) -> None:
        self.plan, self.compiled = plan, compile_prediction(plan, isa, layer, after=after)
        self.input_shape = plan.input_shape if after is None else plan.named[after].output_shape
        self.shape = plan.output_shape if layer is None else plan.named[layer].output_shape
        self._pool: list[tuple[int, Memory]] = []

    def pack(self, params: NDArray[np.float32]) -> PackedWeights:
        """Return copies of the flat parameters: with batch norm folded into them, and packed for the kernels."""
        packed = aligned_zeros(self.compiled.sizes["packed"])
        return pack_weights(self.compiled, params, packed), packed

    def run(
        self, weights: PackedWeights, X: NDArray[Any], *, scale: float, n_threads: int
    ) -> NDArray[np.float32]:
        """Return the outputs for X; several threads may call this at once."""
        X = check_input(X, self.input_shape)
        program, n = self.compiled.program, len(X)
        out = np.empty((n, self.compiled.sizes["output"]), dtype=np.float32)
        if n:
            if not self.compiled.program.divides_samples:
                n_threads = min(n_threads, n)
            n_threads = max(1, n_threads)
            context = _context(weights)
            context.input(X, scale)
            context.output(out.reshape(-1))
            memory = self.take_memory(n_threads)
            program.predict(context, 1, *memory, n_threads)
            self._pool.append((n_threads, memory))
        return out.reshape(n, *self.shape)

    def take_memory(self, n_threads: int) -> Memory:
        """Return arenas and scratch for one call, those of an earlier call where they suffice."""
        try:
            prepared_for, memory = self._pool.pop()
        except IndexError:
            prepared_for = 0
        if prepared_for >= n_threads:
            return memory
        program = self.compiled.program
        floats = n_threads * program.arena_floats + program.shared_floats
        self.plan.check_pass(floats, n_threads)
        return aligned_zeros(max(16, floats)), program.scratch(n_threads)


def pack_weights(
    compiled: Compiled, params: NDArray[np.float32], packed: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Write the packed weights into `packed`, and return the flat parameters with batch norm folded into them."""
    folded = aligned_zeros(len(params))
    folded[...] = params
    with np.errstate(all="ignore"):  # an overflow shows in the outputs
        for fold in compiled.folded:
            _fold(folded, fold)
    compiled.program.pack(_context((folded, packed)), 0, 1)
    return folded


def _context(weights: PackedWeights) -> Context:
    context = Context()
    context.parameters(*weights)
    return context


def _fold(params: NDArray[np.float32], fold: Fold) -> None:
    """Scale the weights by gamma / sqrt(variance + epsilon) and move the rest into the bias."""

    def values(parameter: Parameter) -> NDArray[np.float32]:
        part = params[parameter.offset : parameter.offset + parameter.size]
        return part.reshape(parameter.shape)

    gamma, beta, mean, variance = (
        values(fold.norm.parameters[role]).astype(np.float64)
        for role in ("gamma", "beta", "mean", "variance")
    )
    scale = gamma / np.sqrt(variance + fold.norm.epsilon)
    own = 0.0 if fold.bias is None else values(fold.bias).astype(np.float64)
    factors = np.moveaxis(
        values(fold.weights), fold.weights.unit_axis, -1
    )  # a view: the units are the last axis
    factors *= scale.astype(np.float32)
    values(fold.norm.parameters["beta"])[...] = beta + (own - mean) * scale


def samples_per_call(plan: Plan, n_threads: int) -> int:
    """Return how many samples to pass to one call of the engine, a multiple of `n_threads`."""
    values = prod(plan.input_shape) + sum(prod(layer.output_shape) for layer in plan.layers)
    work = VALUE_WORK * values + sum(layer.multiply_adds for layer in plan.layers)
    least = min(MIN_SAMPLES, max(1, CALL_WORK / 2 // work))
    if any(op.by_columns for op in plan.graph.ops):
        least = max(least, -(-SHARED_SAMPLES // n_threads))
    return n_threads * int(max(least, CALL_WORK // (n_threads * work)))
