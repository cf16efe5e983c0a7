"""draw_maps: many maps side by side, with one color scale."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, log
from typing import TYPE_CHECKING, Any

import numpy as np

from convnet.inspection.displays.canvas import check_room, divided, given_inches, headed, inches
from convnet.inspection.displays.text import VERBATIM, fitted, height

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.colorbar import Colorbar
    from matplotlib.figure import Figure, SubFigure
    from matplotlib.image import AxesImage


MAX_MAPS = 64  # default number of maps to draw
SIDE = 6.0  # approximate shorter side of the grid in a new figure, in inches
TILE = (0.8, 3.0)  # smallest and largest longer side of a map in a new figure, in inches
GAP = 0.06  # inches between maps
BAR, LABELS = 0.15, 0.65  # width of the color bar, and of its labels, in inches
SHAPE = 1.2  # width of the grid in a new figure divided by its height
MAX_STRETCH = 4.0  # largest ratio of the sides of a drawn map
# A grid costs this times its fraction of empty places, plus the log of how far its shape is from the wanted one.
EMPTY_COST = 5.0


@dataclass(eq=False)
class MapGrid:
    """The matplotlib objects of a drawn grid.

    Parameters
    ----------
    figure : matplotlib Figure
        The figure.
    axes : ndarray of matplotlib Axes, shape (n_rows, n_cols)
        One for each map; None in empty places.
    images : list of matplotlib AxesImage
        One for each map.
    colorbar : matplotlib Colorbar or None
        The color bar.
    bounding_ax : matplotlib Axes
        The axes that were divided; their title is the heading.
    """

    figure: Figure | SubFigure
    axes: np.ndarray
    images: list[AxesImage]
    colorbar: Colorbar | None
    bounding_ax: Axes


def draw_maps(
    caller: str,
    maps: Sequence[np.ndarray] | np.ndarray,
    *,
    titles: Sequence[object] | None = None,
    heading: str = "",
    noun: str = "maps",
    scale: Mapping[str, Any] | None = None,
    label: str = "",
    ax: Axes | None = None,
    n_max: int | None = MAX_MAPS,
    n_cols: int | None = None,
    total: int | None = None,
) -> MapGrid:
    """Draw maps in a near-square grid.

    Parameters
    ----------
    caller : str
        Name of what draws, such as "FilterDisplay.plot", for messages.
    maps : sequence of ndarray of shape (h, w) or (h, w, 3)
        Maps of the same size; the first `n_max` are drawn.
    titles : sequence of str, default=None
        One for each map; shortened if it is wider than the map.
    heading : str, default=""
        Heading of the figure.
    noun : str, default="maps"
        What to call the maps: the heading says "64 of 128 maps" if not all are drawn.
    scale : dict, default=None
        ``cmap``, ``vmin`` and ``vmax`` of all maps, shown by a color bar. Not used for maps of shape (h, w, 3). None
        draws no color bar.
    label : str, default=""
        Label of the color bar.
    ax : matplotlib Axes, default=None
        Axes to divide. None makes a new figure.
    n_max : int or None, default=64
        Largest number of maps to draw; None draws all.
    n_cols : int, default=None
        Number of columns; None fits them to the area.
    total : int, default=None
        Number of all maps, if `maps` does not hold all of them.

    Returns
    -------
    grid : MapGrid
    """
    total = len(maps) if total is None else total
    maps = [np.asarray(m) for m in maps[:n_max]]
    n = len(maps)
    if not n:
        raise ValueError(f"{caller}: there are no {noun} to draw.")
    if n < total:
        heading = f"{heading}: {n} of {total:,} {noun}" if heading else f"{n} of {total:,} {noun}"
    heads = [] if titles is None else [str(title) for title in titles[:n]]
    has_bar = scale is not None and maps[0].ndim == 2
    natural = maps[0].shape[1] / maps[0].shape[0]
    aspect = float(np.clip(natural, 1 / MAX_STRETCH, MAX_STRETCH))
    beside = GAP + BAR + LABELS if has_bar else 0.0
    strip = 0.2 if heads else 0.0
    if ax is None:
        cols = n_cols or columns(n, aspect, SHAPE, strip)
        long = float(np.clip(SIDE / max(cols, ceil(n / cols)), *TILE))
        tile = (long, long / aspect) if aspect >= 1 else (long * aspect, long)
    else:
        width, high = given_inches(caller, ax)
        cols = n_cols or columns(n, aspect, max(width - beside, 0.1) / high, strip)
        tile = ((width - beside) / cols - GAP, high / ceil(n / cols) - strip - GAP)
        check_room(caller, ax, *tile)
    rows = ceil(n / cols)
    heads, font = fitted(heads, tile[0] + GAP / 2)
    strip = height(heads, font) + (0.05 if heads else 0)
    size = cols * (tile[0] + GAP) - GAP + beside, rows * (tile[1] + strip + GAP) - GAP
    whole = headed(caller, ax, heading, size)
    width, high = inches(whole)
    check_room(caller, whole, high - strip)
    outer = divided(
        *(whole, 2, 4 if has_bar else 1),
        width_ratios=[width - beside, *([GAP, BAR, LABELS] if has_bar else [])],
        height_ratios=[max(strip, 1e-3), high - strip],
        wspace=0,
        hspace=0,
    )
    inner = outer[1, 0].subgridspec(
        *(rows, cols),
        wspace=GAP / max(tile[0], GAP),
        hspace=(GAP + strip) / max(tile[1], GAP),
    )
    axes, images = np.full((rows, cols), None, dtype=object), []
    for i, values in enumerate(maps):
        one = axes[divmod(i, cols)] = whole.figure.add_subplot(inner[divmod(i, cols)])
        colors = (scale or {}) if values.ndim == 2 else {}
        square = aspect == natural
        images.append(one.imshow(values, aspect="equal" if square else "auto", **colors))
        one.set(xticks=[], yticks=[])
        if heads:
            one.set_title(heads[i], fontsize=font, pad=3, linespacing=1.1, **VERBATIM)
    colorbar = None
    if has_bar:
        bar = whole.figure.add_subplot(outer[1, 2])
        colorbar = whole.figure.colorbar(images[0], cax=bar, label=label)
        bar.tick_params(labelsize=8)
    return MapGrid(whole.figure, axes, images, colorbar, whole)


def columns(n: int, aspect: float, shape: float, strip: float) -> int:
    """Return the number of columns with which n maps fill an area best.

    Few places stay empty, and the grid has about the shape of the area.

    Parameters
    ----------
    n : int
        Number of maps.
    aspect : float
        Width of a map divided by its height.
    shape : float
        Width of the area divided by its height.
    strip : float
        Height of a title divided by the longer side of a map.

    Returns
    -------
    columns : int
    """

    def misfit(cols: int) -> float:
        rows = ceil(n / cols)
        ratio = cols * aspect / (rows * (1 + strip * max(aspect, 1)))
        return EMPTY_COST * (rows * cols - n) / n + abs(log(ratio / shape))

    return min(range(1, n + 1), key=misfit)
