"""The outputs of several layers: one row for each layer, with its strongest maps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from convnet.inspection.displays.canvas import check_room, divided, headed, inches
from convnet.inspection.displays.colors import color_scale
from convnet.inspection.displays.text import LEADING, POINTS, SIZES, VERBATIM, fitted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure
    from matplotlib.gridspec import SubplotSpec
    from matplotlib.image import AxesImage


MAX_MAPS_IN_ROW = 8  # default number of maps in a row
NAME, BAR, LABELS = (
    1.5,
    0.1,
    0.5,
)  # width of the text at the left, of a color bar, and of its labels, in inches
GAP = 0.06  # inches between maps
STRIP = 0.26  # inches between rows, for the channel numbers
TILE = (0.55, 0.9)  # smallest and largest height of a row, in inches
ALL_ROWS = 12.0  # height of all rows of a new figure, in inches, unless rows would get too small
BAR_COLOR, PREDICTED_COLOR = (
    "#0072B2",
    "#D55E00",
)  # bars of a flat layer, and the bar of the predicted class
MAX_BARS = 20  # values of a flat layer; more values are drawn as a strip of colors
SMALL = 7  # font size in points


def draw_rows(
    caller: str,
    maps: Mapping[str, np.ndarray],
    *,
    image: np.ndarray | None,
    labels: Mapping[str, str],
    names: Sequence[Any] | np.ndarray | None = None,
    predicted: int | None = None,
    heading: str = "",
    n_max: int,
    ax: Axes | None,
) -> tuple[Axes, dict[str, list[Axes]]]:
    """Draw a row for each layer.

    Parameters
    ----------
    caller : str
        Name of what draws, for messages.
    maps : dict of ndarray of shape (h, w, c), (length, c) or (features,)
        Outputs by layer name, in the order of the layers.
    image : ndarray of shape (h, w, 3), (length, c) or (features,), or None
        The image, drawn above the layers, with colors from 0 to 1.
    labels : dict of str
        Text below the name of each layer.
    names : sequence of str, default=None
        Names of the values of the last layer.
    predicted : int, default=None
        Index of the predicted class among these values.
    heading : str, default=""
        Heading of the figure.
    n_max : int
        Largest number of maps in a row.
    ax : matplotlib Axes or None
        Axes to divide. None makes a new figure.

    Returns
    -------
    whole : matplotlib Axes
        The axes that were divided.
    axes : dict of list of matplotlib Axes
        Axes by layer name; those of the image are "input".
    """
    rows = dict(maps) if image is None else {"input": image, **maps}
    most = max((values.shape[2] for values in maps.values() if values.ndim == 3), default=1)
    n_max = min(n_max, max(most, MAX_MAPS_IN_ROW))  # no places for maps that do not exist
    tile = float(np.clip(ALL_ROWS / len(rows), *TILE))
    size = NAME + n_max * (tile + GAP) + BAR + LABELS, len(rows) * (tile + STRIP)
    whole = headed(caller, ax, heading, size)
    width, high = inches(whole)
    check_room(caller, whole, width - NAME - BAR - LABELS)
    side = max((width - NAME - BAR - LABELS) / n_max - GAP, GAP)
    strip = min(STRIP, 0.4 * high / len(rows))
    grid = divided(
        *(whole, len(rows), 5),
        width_ratios=[NAME, n_max * (side + GAP) - GAP, GAP, BAR, LABELS],
        wspace=0,
        hspace=strip / max(high / len(rows) - strip, GAP),
    )
    axes: dict[str, list[Axes]] = {}
    last = list(rows)[-1]
    for i, (name, values) in enumerate(rows.items()):
        left = whole.figure.add_subplot(grid[i, 0])
        left.set_axis_off()
        places = grid[i, 1], grid[i, 3]
        if image is not None and values is image and image.ndim == 3:
            axes[name] = [_image(whole.figure, places[0], values, n_max)]
            shown = ""
        elif values.ndim == 1:
            marks = (names, predicted) if name == last else (None, None)
            axes[name] = [_flat(whole.figure, places, values, *marks)]
            shown = ""
        elif values.ndim == 2:
            axes[name] = [_strip(whole.figure, places, values.T)]
            shown = ""
        else:
            axes[name] = _maps(whole.figure, places, values, n_max)
            n = values.shape[2]
            shown = f"{n_max} of {n} maps" if n > n_max else ""
        _write_label(left, name, [labels.get(name, ""), shown])
    return whole, axes


def _write_label(ax: Axes, name: str, others: Sequence[str]) -> None:
    """Write the name of a row, and below it as many of the other lines as fit."""
    others = [text for text in others if text]
    (bold, *texts), size = fitted([name, *others], NAME - GAP)
    high = max(inches(ax)[1], GAP)
    room = int(high / (LEADING * SMALL / POINTS))
    if room < 1 + len(texts):
        bold, texts, size = name, texts[: max(room - 1, 0)], SIZES[-1]
    line = LEADING * size / POINTS / high  # relative to the axes
    top = min(0.8, 0.5 + 0.5 * line) if texts else 0.5
    ax.text(0, top, bold, fontsize=size, fontweight="bold", va="center")
    ax.text(0, top - 0.65 * line, "\n".join(texts), fontsize=min(size, SMALL + 1), va="top")


def _image(figure: Figure | SubFigure, place: SubplotSpec, values: np.ndarray, n_max: int) -> Axes:
    ax = figure.add_subplot(place.subgridspec(1, n_max, wspace=0.08)[0])
    ax.imshow(values)
    ax.set(xticks=[], yticks=[])
    return ax


def _maps(
    figure: Figure | SubFigure, places: Sequence[SubplotSpec], values: np.ndarray, n_max: int
) -> list[Axes]:
    """Draw the strongest maps, strongest first, with their channel numbers as titles."""
    strength = np.abs(values).mean((0, 1))
    order = np.argsort(-strength, kind="stable")[:n_max]
    scale, inner, axes = color_scale([values]), places[0].subgridspec(1, n_max, wspace=0.08), []
    for i, channel in enumerate(order):
        ax = figure.add_subplot(inner[i])
        image = ax.imshow(values[..., channel], **scale)
        ax.set(xticks=[], yticks=[])
        ax.set_title(f"{channel}", fontsize=SMALL, pad=2)
        axes.append(ax)
    _bar(figure, places[1], image)
    return axes


def _strip(figure: Figure | SubFigure, places: Sequence[SubplotSpec], values: np.ndarray) -> Axes:
    ax = figure.add_subplot(places[0])
    _bar(figure, places[1], ax.imshow(values, aspect="auto", **color_scale([values])))
    ax.set(xticks=[], yticks=[])
    return ax


def _flat(
    figure: Figure | SubFigure,
    places: Sequence[SubplotSpec],
    values: np.ndarray,
    names: Sequence[Any] | np.ndarray | None,
    predicted: int | None,
) -> Axes:
    """Draw a few values as bars, many as a strip of colors."""
    if len(values) > MAX_BARS:
        return _strip(figure, places, values[None])
    ax = figure.add_subplot(places[0])
    colors = [PREDICTED_COLOR if i == predicted else BAR_COLOR for i in range(len(values))]
    ax.bar(np.arange(len(values)), values, color=colors)
    ax.set_xlim(-0.5 - (len(values) == 1), len(values) - 0.5 + (len(values) == 1))
    ax.axhline(0, color="black", linewidth=0.6)
    names = [str(name) for name in (range(len(values)) if names is None else names)]
    width = inches(ax)[0] / len(values)
    names, size = fitted(names, width)
    ax.set_xticks(np.arange(len(values)), names, fontsize=min(size, SMALL), **VERBATIM)
    ax.tick_params(axis="x", length=0, pad=1)
    ax.yaxis.tick_right()
    ax.tick_params(axis="y", labelsize=SMALL, length=2)
    ax.spines[["top", "left", "bottom"]].set_visible(False)
    return ax


def _bar(figure: Figure | SubFigure, place: SubplotSpec, image: AxesImage) -> None:
    ax = figure.add_subplot(place)
    low, high = image.get_clim()
    bar = figure.colorbar(image, cax=ax, ticks=[low, high] if low == 0 else [low, 0, high])
    bar.ax.set_yticklabels([f"{tick:.2g}" for tick in bar.get_ticks()], fontsize=SMALL)
    bar.ax.tick_params(length=2, pad=1)
