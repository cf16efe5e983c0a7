"""How a rate goes from one value to another."""

import math


def half_cosine(start: float, end: float, done: float) -> float:
    """Return where half a cosine from `start` to `end` is, with `done` from 0 to 1."""
    return end + (start - end) * (1 + math.cos(math.pi * done)) / 2
