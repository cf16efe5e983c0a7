"""How many images are taken together."""

from math import prod

from convnet.graph.calls import rows_a_call

BYTES = 2**25  # of the largest map of the images that are taken together


def rows_together(plan, n_threads, passes=1):
    """Return how many rows: memory is bounded, and Ctrl-C is heard between two calls of so many `passes` forward."""
    shapes = plan.input_shape, *(info.output_shape for info in plan.named.values())
    fit = BYTES // (4 * max(map(prod, shapes)))
    return max(n_threads, min(rows_a_call(plan, n_threads) // passes, fit))
