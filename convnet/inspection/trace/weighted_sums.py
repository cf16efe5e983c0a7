"""One output value of a convolution."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from convnet.inspection.trace.products import strongest
from convnet.inspection.trace.summed import Summed
from convnet.inspection.trace.text import PADDING, beside, grid, number, others

SHOWN = 3  # channels whose patch is printed


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Convolution(Summed):
    """activation(Σ patch · kernel + bias): one pixel of one map.

    Parameters
    ----------
    patch : ndarray of float64, shape (kh, kw, c / groups)
        What the kernel lies on; 0 outside the map.
    inside : ndarray of bool, shape (kh, kw)
        False where a tap lies in the padding.
    kernel : ndarray of float64, shape (kh, kw, c / groups)
    first_channel : int
        Channel of the input that the patch begins with: that of the group.
    tap : (int, int, int)
        Of `source` in the patch.
    """

    patch: np.ndarray
    inside: np.ndarray
    kernel: np.ndarray
    first_channel: int
    tap: tuple[int, ...]

    @property
    def products(self) -> np.ndarray:
        """Patch times kernel, (kh, kw, c / groups)."""
        return self.patch * self.kernel

    def lines(self) -> list[str]:
        sums = self.products.sum(axis=(0, 1))
        lines = self._across() if self.inside.size == 1 else self._patches(sums)
        lines += self.sum_lines()
        if not self.inside.all():
            lines.append(f"{PADDING} is padding: 0")
        return lines

    def _across(self) -> list[str]:
        """Return the lines of a 1×1 kernel: a value of each channel."""
        values = (a[0, 0] for a in (self.patch, self.kernel, self.products))
        places = [f"channel {self.first_channel + k}" for k in range(self.patch.shape[2])]
        return strongest(self.input_layer, places, *values)

    def _patches(self, sums: np.ndarray) -> list[str]:
        """Return the lines of patch, kernel and products of some channels."""
        shown = self._shown(sums)
        lines = []
        for channel in shown:
            lines += self._grids(channel)
            if len(sums) > 1:
                lines.append(f"sum of the products {number(sums[channel])}")
            lines.append("")
        if len(shown) < len(sums):
            rest = np.delete(sums, shown)
            words = f"{others(len(rest), 'channel')}: sum of the products {number(rest.sum())}"
            lines += [words, ""]
        return lines

    def _shown(self, sums: np.ndarray) -> list[int]:
        """Return the channels to print: that of the source and those whose products sum to most, in order."""
        order = sorted(range(len(sums)), key=lambda k: (k != self.tap[2], -abs(sums[k])))
        return sorted(order[:SHOWN])

    def _grids(self, channel: int) -> list[str]:
        """Return the lines of patch, kernel and products of a channel."""
        tap, marked = self.tap[:2], channel == self.tap[2]
        title = f"patch of {self.input_layer}, channel {self.first_channel + channel}"
        return beside(
            grid(title, self.patch[:, :, channel], tap, self.inside, marked=marked),
            grid("× kernel", self.kernel[:, :, channel], tap, marked=marked),
            grid("= products", self.products[:, :, channel], tap, self.inside, marked=marked),
        )
