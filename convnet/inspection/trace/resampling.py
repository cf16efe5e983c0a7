"""One output value of a map in another size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from convnet.inspection.trace.step import Spot, Step
from convnet.inspection.trace.text import beside, grid, ledger


def shares(method: str, n: int, m: int, i: int) -> tuple[int, np.ndarray]:
    """Return the first of n pixels of an axis that output i of m is made of, and the share of each from there on."""
    if method == "area":
        edges = np.array([i * n / m, (i + 1) * n / m])
        first, last = int(i * n // m), int(((i + 1) * n - 1) // m)
        ends = np.clip(np.arange(first, last + 2), *edges)
        return first, np.diff(ends) / (edges[1] - edges[0])
    if method == "nearest":
        return (2 * i + 1) * n // (2 * m), np.ones(1)
    at = min(max((2 * i + 1) * n / (2 * m) - 0.5, 0.0), n - 1.0)
    first = int(at)
    return first, np.array([1.0 - (at - first), at - first] if at > first else [1.0])


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Resampling(Step):
    """Σ window · weights: what a pixel of another size covers, or what lies around its centre.

    Parameters
    ----------
    window, weights : ndarray of float64, shape (height, width)
        Of one channel.
    winner : (int, int)
        In the window: of the strongest product.
    """

    source: Spot
    window: np.ndarray
    weights: np.ndarray
    winner: tuple[int, ...]

    @property
    def products(self) -> np.ndarray:
        """Window times weights, (height, width)."""
        return self.window * self.weights

    @property
    def computed(self) -> float:
        return float(self.products.sum())

    def lines(self) -> list[str]:
        what = f"window of {self.input_layer}, channel {self.source.index[-1]}"
        return [
            *beside(
                grid(what, self.window, self.winner), grid("× share", self.weights, self.winner)
            ),
            *ledger((f"sum of the {self.window.size:,} products", self.value)),
        ]
