"""One output value that is the sum of products and a bias, behind an activation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from convnet.inspection.trace.step import Activated

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Summed(Activated):
    """activation(Σ products + bias). A subclass gives `products`.

    Parameters
    ----------
    bias : float or None
    """

    bias: float | None

    @property
    def products(self) -> np.ndarray:
        """What is summed."""
        raise NotImplementedError

    @property
    def sum(self) -> float:
        """Sum of the products, float64."""
        return float(self.products.sum())

    @property
    def preactivation(self) -> float:
        return self.sum + (self.bias or 0.0)

    def sum_lines(self) -> list[str]:
        """Return the lines from the sum to the value."""
        entries = [(f"sum of the {self.products.size:,} products", self.sum)]
        if self.bias is not None:
            entries.append(("+ bias", self.bias))
        return self.result(*entries)
