"""draw_table: images in rows and columns that have titles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from convnet.inspection.displays.canvas import check_room, divided, given_inches, headed, inches
from convnet.inspection.displays.grid import GAP
from convnet.inspection.displays.text import VERBATIM, fitted, height

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure


SIDE = 8.0  # approximate longer side of a new figure, in inches
TILE = (0.75, 2.0)  # smallest and largest longer side of an image in a new figure, in inches
NAMES = 0.75  # width of the labels of the rows, in inches


class Table(NamedTuple):
    """The matplotlib objects of a drawn table: its figure, and its axes of shape (n_rows, n_cols)."""

    figure: Figure | SubFigure
    axes: np.ndarray


def draw_table(
    caller: str,
    images: np.ndarray,
    *,
    columns: Sequence[str] = (),
    rows: Sequence[str] = (),
    captions: Sequence[Sequence[str]] = (),
    heading: str = "",
    ax: Axes | None = None,
) -> Table:
    """Draw images in rows and columns.

    Parameters
    ----------
    caller : str
        Name of what draws, such as "AugmentDisplay.plot", for messages.
    images : ndarray of shape (n_rows, n_cols, h, w, 3)
        Colors from 0 to 1.
    columns, rows : sequence of str, default=()
        Titles of the columns, above the first row, and of the rows, at the left.
    captions : sequence of n_rows sequences of n_cols str, default=()
        Texts above each image, in place of `columns`.
    heading : str, default=""
        Heading of the figure.
    ax : Axes, default=None
        Axes to divide. None makes a new figure.

    Returns
    -------
    table : Table
    """
    (n_rows, n_cols), (h, w) = images.shape[:2], images.shape[2:4]
    heads = captions or [list(columns), *[[]] * (n_rows - 1)]
    beside, strip, shape = (NAMES if rows else 0.0), 0.2, h / w
    if ax is None:
        long = float(np.clip(SIDE / max(n_rows, n_cols), *TILE))
        tile = long * min(1, w / h), long * min(1, h / w)
    else:
        width, high = given_inches(caller, ax)
        tile = (width - beside) / n_cols - GAP, high / n_rows - strip - GAP
        check_room(caller, ax, *tile)
        tile = min(tile[0], tile[1] / shape), min(tile[1], tile[0] * shape)
    texts, font = fitted([text for row in heads for text in row], tile[0] + GAP)
    strip = height(texts, font) + (0.05 if texts else 0)
    names, points = fitted(rows, NAMES)
    between = GAP + (strip if captions else 0)  # titles of columns stand above the first row only
    size = beside + n_cols * (tile[0] + GAP) - GAP, strip + n_rows * (tile[1] + between) - between
    whole = headed(caller, ax, heading, size)
    width, high = inches(whole)
    check_room(caller, whole, width - beside, high - strip)
    # Axes that were passed may have other proportions than the table, and a heading of several lines takes room.
    tight = min(1, width / size[0], high / size[1])
    inner = (size[0] - beside) * tight, (size[1] - strip) * tight
    outer = divided(
        *(whole, 3, 3),
        width_ratios=[max(beside, 1e-3), inner[0], max(width - beside - inner[0], 1e-3)],
        height_ratios=[max(strip, 1e-3), inner[1], max(high - strip - inner[1], 1e-3)],
        wspace=0,
        hspace=0,
    )
    spacing: dict[str, Any] = dict(wspace=GAP / tile[0], hspace=between / tile[1])
    cells = outer[1, 1].subgridspec(n_rows, n_cols, **spacing)
    axes, left = np.empty((n_rows, n_cols), dtype=object), iter(texts)
    for i, j in np.ndindex(n_rows, n_cols):
        one = axes[i, j] = whole.figure.add_subplot(cells[i, j])
        one.imshow(images[i, j])
        one.set(xticks=[], yticks=[])
        if heads[i]:
            one.set_title(next(left), fontsize=font, pad=3, linespacing=1.1, **VERBATIM)
        if rows and j == 0:
            look: dict[str, Any] = dict(rotation=0, ha="right", va="center", labelpad=4)
            one.set_ylabel(names[i], fontsize=points, **look, **VERBATIM)
    return Table(whole.figure, axes)
