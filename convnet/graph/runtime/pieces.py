"""Pieces: places in memory that are sent, or received, as one message."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

# float32 between two pieces that are sent as one: less than a cache line, so nothing else lies between them
GAP = 16


class Pieces:
    """Places in memory that are sent, or received, as one message.

    Parameters
    ----------
    places : iterable of (ndarray, int, int)
        One-dimensional arrays, with the first item and the end of a piece. Neighbors become one piece.
    """

    def __init__(self, places: Iterable[tuple[NDArray[Any], int, int]]) -> None:
        joined: list[list[Any]] = []
        for array, start, stop in places:
            gap = GAP if array.dtype == np.float32 else 1
            if joined and joined[-1][0] is array and 0 <= start - joined[-1][2] < gap:
                joined[-1][2] = stop
            elif start < stop:
                joined.append([array, start, stop])
        self.views = [array[start:stop].view(np.uint8) for array, start, stop in joined]
        self.size = sum(view.size for view in self.views)
        self._packed = np.empty(self.size if len(self.views) != 1 else 0, np.uint8)

    def packed(self) -> NDArray[np.uint8]:
        """Return the pieces one after the other."""
        if len(self.views) == 1:
            return self.views[0]
        if self.views:
            np.concatenate(self.views, out=self._packed)
        return self._packed

    def buffer(self) -> NDArray[np.uint8]:
        """Return memory to receive the pieces in; `unpack` puts them in their places."""
        return self.views[0] if len(self.views) == 1 else self._packed

    def unpack(self) -> None:
        """Put what was received into its places."""
        if len(self.views) == 1:
            return
        begin = 0
        for view in self.views:
            view[:] = self._packed[begin : begin + view.size]
            begin += view.size
