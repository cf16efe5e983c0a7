"""How many images are taken together."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from convnet.graph.runtime.predictor import rows_a_call

if TYPE_CHECKING:
    from convnet.graph import Plan


BYTES = 2**25  # of the largest map of the images that are taken together


def rows_together(plan: Plan, n_threads: int, passes: int = 1) -> int:
    """Return how many rows: memory is bounded, and Ctrl-C is heard between two calls of so many `passes` forward."""
    shapes = plan.input_shape, *(info.output_shape for info in plan.named.values())
    fit = BYTES // (4 * max(map(prod, shapes)))
    return max(n_threads, min(rows_a_call(plan, n_threads) // passes, fit))
