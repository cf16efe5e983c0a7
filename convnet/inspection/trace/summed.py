"""One output value that is the sum of products and a bias, behind an activation."""

from dataclasses import dataclass

from convnet.inspection.trace.step import Activated


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Summed(Activated):
    """activation(Σ products + bias). A subclass has the property `products`, an array.

    Parameters
    ----------
    bias : float or None
    """

    bias: float | None

    @property
    def sum(self):
        """Sum of the products, float64."""
        return float(self.products.sum())

    @property
    def preactivation(self):
        return self.sum + (self.bias or 0.0)

    def sum_lines(self):
        """Return the lines from the sum to the value."""
        entries = [(f"sum of the {self.products.size:,} products", self.sum)]
        if self.bias is not None:
            entries.append(("+ bias", self.bias))
        return self.result(*entries)
