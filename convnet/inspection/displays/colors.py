"""Color scales of maps, and maps drawn over images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from matplotlib.axes import Axes


SEQUENTIAL, DIVERGING = "viridis", "RdBu_r"  # both suit any color vision

LUMA = (0.299, 0.587, 0.114)  # weights of red, green and blue in ITU-R BT.601
AGAINST, FOR = (0.10, 0.35, 0.80), (0.86, 0.08, 0.10)  # blue and red, distinct in any color vision
GRAY_RANGE = (
    0.6,
    1.0,
)  # grays that stand for black and white below a map: pale, so that its colors show
MAX_OPACITY = 0.9  # of a map where its magnitude is largest
SCALE_QUANTILE = 0.995  # of a map's magnitudes: the end of its scale, so that a few pixels do not make the rest pale
COLORBAR_STEPS = 256


def color_scale(maps: Collection[np.ndarray]) -> dict[str, Any]:
    """Return a color scale for several maps: from 0 to the largest value, or symmetric about 0 if any is negative.

    Parameters
    ----------
    maps : collection of ndarray
        Maps with one number per pixel.

    Returns
    -------
    scale : dict
        ``cmap``, ``vmin`` and ``vmax`` for ``Axes.imshow``.
    """
    low = min((float(np.min(m)) for m in maps), default=0.0)
    return diverging(maps) if low < 0 else sequential(maps)


def sequential(maps: Iterable[np.ndarray]) -> dict[str, Any]:
    """Return a scale from 0 to the largest value."""
    high = max((float(np.max(m)) for m in maps), default=0.0)
    return dict(cmap=SEQUENTIAL, vmin=0.0, vmax=high if high > 0 else 1.0)


def diverging(maps: Iterable[np.ndarray]) -> dict[str, Any]:
    """Return a scale symmetric about 0: white is 0, red is positive, blue is negative."""
    high = max((float(np.abs(m).max()) for m in maps), default=0.0)
    high = high if high > 0 else 1.0
    return dict(cmap=DIVERGING, vmin=-high, vmax=high)


def overlay(picture: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return a map drawn over an image.

    Parameters
    ----------
    picture : ndarray of shape (h, w, 3)
        Colors from 0 to 1.
    values : ndarray of shape (h, w)
        The map.

    Returns
    -------
    blend : ndarray of shape (h, w, 3)
        The image in pale gray, under red where the map is positive and blue where it is negative. The larger the
        magnitude, the stronger the color; the scale ends at the largest magnitudes of this map.
    """
    largest = np.quantile(np.abs(values), SCALE_QUANTILE) or np.abs(values).max()
    share = np.clip(values / (largest or 1), -1, 1)
    dark, light = GRAY_RANGE
    return _blend(dark + (light - dark) * (np.asarray(picture) @ LUMA), share)


def _blend(gray: np.ndarray, share: np.ndarray) -> np.ndarray:
    opacity = MAX_OPACITY * np.abs(share)[..., None]
    colors = np.array([AGAINST, FOR])[(share > 0).astype(int)]
    return opacity * colors + (1 - opacity) * gray[..., None]


def draw_overlay_colorbar(ax: Axes, *, signed: bool) -> None:
    """Draw the colors of `overlay` on gray as a color bar.

    Parameters
    ----------
    ax : Axes
        Narrow, high axes.
    signed : bool
        Whether the maps have negative values.
    """
    share = np.linspace(-1 if signed else 0, 1, COLORBAR_STEPS)
    bar = _blend(np.full(COLORBAR_STEPS, np.mean(GRAY_RANGE)), share)
    ax.imshow(bar[:, None], origin="lower", aspect="auto", extent=(0, 1, share[0], 1))
    names = {0: "no effect", 1: "strongest\neffect"}
    if signed:
        names = {-1: "evidence\nagainst", 0: "no effect", 1: "evidence\nfor"}
    ax.set(xticks=[], yticks=list(names), yticklabels=list(names.values()))
    ax.yaxis.tick_right()
    ax.tick_params(labelsize=8, length=2)
    ax.get_yticklabels()[0].set_verticalalignment("bottom")
    ax.get_yticklabels()[-1].set_verticalalignment("top")
