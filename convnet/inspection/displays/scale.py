"""Colour scales of maps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable


SEQUENTIAL, DIVERGING = "viridis", "RdBu_r"  # both readable with any colour vision
GREY = "gray"


def scale_of(maps: Collection[np.ndarray]) -> dict[str, Any]:
    """Return the scale that maps share: 0 to the largest value, or symmetric about 0 where some are negative.

    Parameters
    ----------
    maps : iterable of ndarray
        Of one number a pixel.

    Returns
    -------
    scale : dict
        ``cmap``, ``vmin`` and ``vmax`` of ``Axes.imshow``.
    """
    low = min((float(np.min(m)) for m in maps), default=0.0)
    return diverging(maps) if low < 0 else sequential(maps)


def sequential(maps: Iterable[np.ndarray]) -> dict[str, Any]:
    """Return a scale from 0 to the largest value."""
    high = max((float(np.max(m)) for m in maps), default=0.0)
    return dict(cmap=SEQUENTIAL, vmin=0.0, vmax=high if high > 0 else 1.0)


def diverging(maps: Iterable[np.ndarray]) -> dict[str, Any]:
    """Return a scale symmetric about 0, which is white; red is above it."""
    high = max((float(np.abs(m).max()) for m in maps), default=0.0)
    high = high if high > 0 else 1.0
    return dict(cmap=DIVERGING, vmin=-high, vmax=high)
