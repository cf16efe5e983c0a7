"""One output value of a dense layer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from convnet.inspection.trace.products import strongest
from convnet.inspection.trace.summed import Summed
from convnet.inspection.trace.text import place


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Weighted(Summed):
    """activation(Σ inputs · weights + bias): one unit.

    Parameters
    ----------
    inputs, weights : ndarray of float64, shape (features,)
    unflat : tuple of int or None
        Shape of the map that the inputs were flattened from.
    """

    inputs: np.ndarray
    weights: np.ndarray
    unflat: tuple[int, ...] | None = None

    @property
    def products(self) -> np.ndarray:
        """Inputs times weights, (features,)."""
        return self.inputs * self.weights

    def lines(self) -> list[str]:
        places = [self._place(i) for i in range(len(self.inputs))]
        lines = strongest(self.input_layer, places, self.inputs, self.weights, self.products)
        return lines + self.sum_lines()

    def _place(self, feature: int) -> str:
        """Return "feature", and where it lay in the map."""
        if self.unflat is None:
            return place((feature,))
        return f"{place((feature,))} from {place(map(int, np.unravel_index(feature, self.unflat)))}"
