"""How many rows a call of the engine is given."""

from math import prod

from convnet.graph.plan import Plan

# Ctrl-C is heard between two calls of the engine, and between two tasks of a long one: a call is to take 0.2 s at
# 20 GFLOP/s, which is slow for any machine.
CALL = 2e9  # multiply-adds
FEW = 4  # rows a thread that are worth their reading of the weights, unless they are very expensive
VALUE = 4  # multiply-adds that reading or writing a value counts for


def rows_a_call(plan: Plan, n_threads: int) -> int:
    """Return how many rows the engine is given at a time: the same number for each thread."""
    values = prod(plan.input_shape) + sum(prod(layer.output_shape) for layer in plan.layers)
    work = VALUE * values + sum(layer.multiply_adds for layer in plan.layers)
    least = min(FEW, max(1, CALL / 2 // work))
    return n_threads * int(max(least, CALL // (n_threads * work)))
