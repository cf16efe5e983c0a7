"""Color scales of maps, and maps drawn over images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from convnet.inspection.explain import METHODS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from matplotlib.axes import Axes


SEQUENTIAL, DIVERGING = "viridis", "RdBu_r"  # both suit any color vision

LUMA = (0.299, 0.587, 0.114)  # weights of red, green and blue in ITU-R BT.601
MAGNITUDE = "inferno"  # perceptually uniform, and distinct from AGAINST and FOR
MAGNITUDE_RANGE = (
    0.45,
    0.9,
)  # part of its colors: from red to yellow, neither black nor white as images are
AGAINST, FOR = (0.1, 0.5, 1.0), (0.95, 0.2, 0.1)  # blue and red, distinct in any color vision
MAX_OPACITY = 0.8  # of a map where its magnitude is largest, so that the image shows through
OPACITY_POWER = 0.8  # opacity grows with this power of the magnitude
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


def is_signed(method: str | None, maps: np.ndarray) -> bool:
    """Return whether maps of a method may be negative, or some of these are."""
    return (method in METHODS and METHODS[method].signed) or bool((maps < 0).any())


def overlay(picture: np.ndarray, values: np.ndarray, *, signed: bool) -> np.ndarray:
    """Return a map drawn over an image.

    Parameters
    ----------
    picture : ndarray of shape (h, w, 3)
        Colors from 0 to 1.
    values : ndarray of shape (h, w)
        The map.
    signed : bool
        Whether to draw positive values in red and negative ones in blue. Otherwise magnitudes are drawn, from red to
        yellow.

    Returns
    -------
    blend : ndarray of shape (h, w, 3)
        The image in gray under the map. The larger the magnitude, the more opaque the map: 0 shows the image alone.
        The scale ends at the largest magnitudes of this map.
    """
    largest = np.quantile(np.abs(values), SCALE_QUANTILE) or np.abs(values).max()
    share = np.clip(values / (largest or 1), -1, 1)
    return _blend(np.asarray(picture) @ LUMA, share, signed)


def _blend(gray: np.ndarray, share: np.ndarray, signed: bool) -> np.ndarray:
    """Return the color of values from -1 to 1 over gray pixels."""
    size = np.abs(share)
    opacity = MAX_OPACITY * size[..., None] ** OPACITY_POWER
    if signed:
        colors = np.array([AGAINST, FOR])[(share > 0).astype(int)]
    else:
        from matplotlib import colormaps

        first, last = MAGNITUDE_RANGE
        colors = colormaps[MAGNITUDE](first + (last - first) * size)[..., :3]
    return np.clip(opacity * colors + (1 - opacity) * gray[..., None], 0, 1)  # of rounding


def draw_overlay_colorbar(ax: Axes, *, signed: bool) -> None:
    """Draw the colors of `overlay` as a color bar, from values over black at the left to those over white at the right.

    Parameters
    ----------
    ax : Axes
        Narrow, high axes.
    signed : bool
        See `overlay`.
    """
    share = np.linspace(-1 if signed else 0, 1, COLORBAR_STEPS)
    gray = np.linspace(0, 1, COLORBAR_STEPS)
    wide = np.ones((COLORBAR_STEPS, COLORBAR_STEPS))
    bar = _blend(wide * gray, wide * share[:, None], signed)
    ax.imshow(bar, origin="lower", aspect="auto", extent=(0, 1, share[0], 1))
    names = {0: "no effect", 1: "strongest\neffect"}
    if signed:
        names = {-1: "evidence\nagainst", 0: "no effect", 1: "evidence\nfor"}
    ax.set(xticks=[], yticks=list(names), yticklabels=list(names.values()))
    ax.yaxis.tick_right()
    ax.tick_params(labelsize=8, length=2)
    ax.get_yticklabels()[0].set_verticalalignment("bottom")
    ax.get_yticklabels()[-1].set_verticalalignment("top")
