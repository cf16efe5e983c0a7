"""The area that a display draws in: a new figure, or given axes that it divides."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from convnet._extras import missing_extra
from convnet.inspection.displays.text import VERBATIM, height, wrapped

if TYPE_CHECKING:
    from types import ModuleType

    from matplotlib.axes import Axes
    from matplotlib.gridspec import GridSpecFromSubplotSpec


Margins = tuple[float, float, float, float]  # left, right, bottom, top

MARGIN = 0.15  # inches around the contents of a figure
HEADING = 10  # font size of a heading, in points


def pyplot(caller: str) -> ModuleType:
    """Return ``matplotlib.pyplot``, which only drawing needs.

    Parameters
    ----------
    caller : str
        Name of what needs it, for the message.

    Returns
    -------
    pyplot : module

    Raises
    ------
    ImportError
        If matplotlib is not installed. The message says how to install it.
    """
    try:
        import matplotlib.pyplot as plt
    except ImportError:
        raise ImportError(missing_extra(caller, "matplotlib", "plot")) from None
    return plt


def headed(caller: str, ax: Axes | None, heading: str, size: tuple[float, float]) -> Axes:
    """Return axes as `canvas` does, with a heading that is wrapped to their width."""
    width = size[0] if ax is None else given_inches(caller, ax)[0]
    heading = wrapped(heading, width + MARGIN, HEADING)
    margins = (MARGIN, MARGIN, MARGIN, 2 * MARGIN + height([heading], HEADING))
    whole = canvas(caller, ax, size=size, margins=margins)
    whole.set_title(heading, fontsize=HEADING, **VERBATIM)
    return whole


def canvas(
    caller: str,
    ax: Axes | None = None,
    *,
    size: tuple[float, float],
    margins: Margins = (MARGIN,) * 4,
) -> Axes:
    """Return empty axes to divide.

    Parameters
    ----------
    caller : str
        Name of what draws, such as "FilterDisplay.plot", for messages.
    ax : Axes, default=None
        Axes to use; None makes a new figure.
    size : (float, float)
        Width and height of the area in a new figure, in inches.
    margins : (float, float, float, float)
        Left, right, bottom and top margin around the area in a new figure, in inches.

    Returns
    -------
    ax : Axes
        Without frame, ticks and labels; they may have a title.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If `ax` was divided before.
    """
    plt = pyplot(caller)
    if ax is not None:
        check_axes(caller, ax)
    if ax is None:
        (width, height), (left, right, bottom, top) = size, margins
        full = width + left + right, height + bottom + top
        figure = plt.figure(figsize=full)
        place = figure.add_gridspec(
            *(1, 1),
            left=left / full[0],
            right=1 - right / full[0],
            bottom=bottom / full[1],
            top=1 - top / full[1],
        )
        ax = figure.add_subplot(place[0])
    elif not ax.axison:
        raise ValueError(
            f"{caller}: ax is hidden, or another display has divided it. Pass different axes, or one of that display's "
            "axes_."
        )
    ax.set_axis_off()
    return ax


def check_axes(caller: str, ax: object) -> None:
    """Raise TypeError unless `ax` is an Axes, such as for a figure or an array of axes."""
    from matplotlib.axes import Axes

    if not isinstance(ax, Axes):
        raise TypeError(
            f"{caller}: ax must be a matplotlib Axes; got {type(ax).__name__}. Pass figure.add_subplot(), or None "
            "for a new figure."
        )


def given_inches(caller: str, ax: Axes) -> tuple[float, float]:
    """Return `inches` of the axes that a user passed; TypeError if they are not Axes."""
    check_axes(caller, ax)
    return inches(ax)


def inches(ax: Axes) -> tuple[float, float]:
    """Return width and height of axes in inches."""
    box, dpi = ax.get_window_extent(), ax.figure.dpi
    return box.width / dpi, box.height / dpi


def check_room(caller: str, ax: Axes, *lengths: float) -> None:
    """Raise ValueError if one of the lengths left for the contents of axes is not positive."""
    if min(lengths) <= 0:
        width, high = inches(ax)
        raise ValueError(
            f"{caller}: ax, {width:.1f}×{high:.1f} inches, is too small. Pass larger axes, or None for a new figure."
        )


def divided(ax: Axes, n_rows: int, n_cols: int, **spacing: Any) -> GridSpecFromSubplotSpec:
    """Return a grid over the area of axes, for ``figure.add_subplot``.

    Parameters
    ----------
    ax : Axes
        As `canvas` returns them.
    n_rows, n_cols : int
        Size of the grid.
    **spacing : dict
        ``width_ratios``, ``height_ratios``, ``wspace`` and ``hspace`` of matplotlib.

    Returns
    -------
    grid : SubplotSpec grid
    """
    place = ax.get_subplotspec()
    if place is None:  # axes that were placed by hand
        box = ax.get_position()
        edges = dict(left=box.x0, right=box.x1, bottom=box.y0, top=box.y1)
        place = ax.figure.add_gridspec(1, 1, **edges)[0]
    return place.subgridspec(n_rows, n_cols, **spacing)
