"""One output value of a pooling."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from convnet.inspection.trace.step import Spot, Step
from convnet.inspection.trace.text import PADDING, grid, ledger


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Pooling(Step):
    """The largest value of a window, or the mean.

    Parameters
    ----------
    pooling : {"max", "avg"}
    window : ndarray of float64, shape (height, width)
        Of one channel; 0 outside the map.
    inside : ndarray of bool, shape (height, width)
        False for padding, which neither wins nor counts.
    winner : (int, int)
        In the window: of the largest value, the first of equal ones, or of the mean's strongest.
    """

    source: Spot
    pooling: str
    window: np.ndarray
    inside: np.ndarray
    winner: tuple[int, ...]

    @property
    def computed(self) -> float:
        values = self.window[self.inside]
        return float(self.window[self.winner] if self.pooling == "max" else values.mean())

    def lines(self) -> list[str]:
        what = f"window of {self.input_layer}, channel {self.source.index[-1]}"
        lines = [line.rstrip() for line in grid(what, self.window, self.winner, self.inside)]
        values = self.window[self.inside]
        if self.pooling == "max":
            lines += ledger((f"largest: {self.source}", self.value))
        else:
            lines += ledger(
                (f"sum of the {len(values)} values", float(values.sum())),
                (f"/ {len(values)}", self.value),
            )
        if not self.inside.all():
            lines.append(f"{PADDING} is padding: left out")
        return lines
