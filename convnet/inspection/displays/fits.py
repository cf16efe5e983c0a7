"""Axes that show the training of several fits: panels, a color for each fit, and one legend."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from convnet.inspection.displays.canvas import canvas, check_axes, divided
from convnet.inspection.displays.text import VERBATIM
from convnet.values.messages import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D
    from numpy.typing import NDArray


# Okabe and Ito's palette, which suits any color vision: one color for each fit.
PALETTE = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"
# Solid against dashed and dotted lines, so that the curves of a fit differ without a second color.
STYLES: dict[str, dict[str, Any]] = {
    "training": dict(linestyle=(0, (3, 1.5)), linewidth=1.2),
    "validation": dict(linestyle="-", linewidth=1.8),
    "best epoch": dict(linestyle=":", linewidth=1.5),
}
SIZE = 8  # font size of the legend, in points
KEY = "#777777"  # of the line styles in the legend of several fits
PANEL = (6.0, 2.6)  # width and height of a panel in a new figure, in inches
MARGINS = (0.75, 0.2, 0.55, 0.35)
_PANELS = "_convnet_panels"  # attribute of divided axes: the axes in their place
_FITS = "_convnet_fits"  # attribute of the first panel: the fits drawn there


class Fit(NamedTuple):
    """A fit that was drawn: its name, the curve of its loss, and a note on its best epoch."""

    name: str | None
    loss: Line2D
    styles: frozenset[str]  # of its lines
    note: str = ""


def panels(caller: str, ax: Axes | Iterable[Axes] | None, n: int) -> NDArray[np.object_]:
    """Return the axes to draw the loss and, if n is 2, the scores in.

    Parameters
    ----------
    caller : str
        Name of what draws, such as "HistoryDisplay.plot", for messages.
    ax : Axes, array-like of Axes or None
        Axes to divide, or that an earlier call divided; axes to draw in; or None for a new figure.
    n : int
        Number of panels, 1 or 2. A fit without scores may be drawn in the first of two panels.

    Returns
    -------
    axes : ndarray of n or 2 Axes
        One below the other, unless `ax` holds the panels.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If `ax` holds another number of axes, was divided by another display, or has curves but has to be divided.
    """
    if ax is not None and np.iterable(ax):
        axes = np.asarray(ax, dtype=object).ravel()
        for one in axes:
            check_axes(caller, one)
        if len(axes) not in (n, 2):
            raise ValueError(
                f"{caller} needs {'1 axes' if n == 1 else '1 or 2 axes'}; got {len(axes)}."
            )
        return axes
    if ax is not None:
        check_axes(caller, ax)
        if not ax.axison and hasattr(ax, _PANELS):
            return getattr(ax, _PANELS)
        if n == 1:
            return np.array([ax], dtype=object)
        if ax.has_data():
            raise ValueError(
                f"{caller} divides ax into two panels, but ax has curves. Pass two axes, or None for a new figure."
            )
    whole = canvas(caller, ax, size=(PANEL[0], PANEL[1] * n), margins=MARGINS)
    grid = divided(whole, n, 1, hspace=0.15)
    axes = np.array([whole.figure.add_subplot(grid[i]) for i in range(n)], dtype=object)
    if n == 2:
        axes[0].sharex(axes[1])
        axes[0].tick_params(labelbottom=False)
    setattr(whole, _PANELS, axes)
    return axes


def fits_on(ax: Axes) -> list[Fit]:
    """Return the fits whose curves are on the first panel, in the order in which they were drawn."""
    return [fit for fit in getattr(ax, _FITS, []) if fit.loss in ax.lines]


def next_color(ax: Axes) -> str:
    """Return the color of the next fit on these axes."""
    fits = fits_on(ax)
    used = [fit.loss.get_color() for fit in fits]
    free = [color for color in PALETTE if color not in used]
    return free[0] if free else PALETTE[len(fits) % len(PALETTE)]


def add_fit(ax: Axes, fit: Fit) -> list[Fit]:
    """Add a fit to those on the first panel, draw their legend, and return them."""
    fits = [*fits_on(ax), fit]
    setattr(ax, _FITS, fits)
    _draw_legend(ax, fits)
    return fits


def _draw_legend(ax: Axes, fits: Sequence[Fit]) -> None:
    """Draw one legend: for one fit its curves, for several an entry for each fit and then the line styles."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.lines import Line2D

    styles = [name for name in STYLES if any(name in fit.styles for fit in fits)]
    if len(fits) == 1:
        (fit,) = fits
        color, title = fit.loss.get_color(), fit.name
        handles = [Line2D([], [], color=color, **STYLES[name]) for name in styles]
        labels = [fit.note if name == "best epoch" else name for name in styles]
    else:
        names, title = _distinct([fit.name or "fit" for fit in fits]), None
        handles = [Line2D([], [], color=fit.loss.get_color(), linewidth=4) for fit in fits]
        labels = [
            ": ".join(filter(None, [name, fit.note])) for name, fit in zip(names, fits, strict=True)
        ]
        handles += [Line2D([], [], color=KEY, **STYLES[name]) for name in styles]
        labels += styles
    labels = [printable(label) for label in labels]
    legend = ax.legend(handles, labels, fontsize=SIZE, handlelength=1.8, labelspacing=0.3)
    if title:
        legend.set_title(printable(title), prop=FontProperties(size=SIZE))
    for text in (*legend.get_texts(), legend.get_title()):
        text.set(**VERBATIM)


def _distinct(names: Sequence[str]) -> list[str]:
    """Number the names that occur several times."""
    total, seen = Counter(names), Counter[str]()
    found = []
    for name in names:
        seen[name] += 1
        found.append(f"{name} {seen[name]}" if total[name] > 1 else name)
    return found
