"""A figure of the confusion matrix."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from convnet.inspection.displays.text import VERBATIM
from convnet.values.messages import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure


CELL, MIN_SIDE, MAX_SIDE = (
    0.62,
    2.6,
    11.0,
)  # inches: side of a cell, and limits for the side of the matrix
MIN_LABELED = 0.24  # inches: cells of this side or larger show their number
NAME, POINTS = 0.085, 9  # width of a letter in inches, and its size in points


def draw_matrix(counts: np.ndarray, names: Sequence[str], title: str) -> Figure:
    """Return a figure of a confusion matrix: a row is a true class, a column a predicted one.

    Colors are shares of a row, so that classes with few images are as visible as large ones. Numbers are counts.

    Parameters
    ----------
    counts : ndarray of int, shape (k, k)
        Number of images of each true class, by row, and predicted class, by column.
    names : list of str
        Names of the classes.
    title : str
        Title of the figure.
    """
    from matplotlib.figure import Figure

    k, names = len(names), [printable(name) for name in names]
    cell = min(max(CELL, MIN_SIDE / k, NAME * (len(f"{counts.max():,}") + 2)), MAX_SIDE / k)
    points = min(POINTS, 72 * 0.8 * cell)
    room = min(max(map(len, names)), 30) * NAME * points / POINTS + 0.7
    side = k * cell
    width, height = room + side + 1.0, 0.6 + side + room
    width = max(width, 3.4)
    figure = Figure(figsize=(width, height))
    ax = figure.add_axes((room / width, room / height, side / width, side / height))
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    image = ax.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    shown = [name if len(name) <= 30 else name[:29] + "…" for name in names]
    level = max(map(len, shown)) * NAME * points / POINTS < 0.9 * cell
    style = dict(fontsize=points, **VERBATIM)
    ax.set_xticks(range(k), shown, rotation=0 if level else 90, ha="center", va="top", **style)
    ax.set_yticks(range(k), shown, **style)
    ax.tick_params(length=2)
    ax.set_xlabel("predicted")
    ax.set_ylabel("true")
    ax.set_title(title, fontsize=11)
    if cell >= MIN_LABELED:
        digits = len(f"{counts.max():,}")
        size = min(POINTS + 1, 72 * 0.9 * cell / max(1, 0.62 * digits))
        for (i, j), n in np.ndenumerate(counts):
            if n or i == j:
                color = "white" if shares[i, j] > 0.5 else "black"
                ax.text(j, i, f"{n:,}", ha="center", va="center", fontsize=size, color=color)
    bar = figure.add_axes(
        ((room + side + 0.15) / width, room / height, 0.12 / width, side / height)
    )
    figure.colorbar(image, cax=bar, ticks=[0, 0.5, 1]).ax.set_yticklabels(["0", "50 %", "100 %"])
    bar.tick_params(labelsize=8, length=2)
    bar.set_title("of row", fontsize=8, loc="left")
    return figure
