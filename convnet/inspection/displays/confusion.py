"""ConfusionDisplay: an image and an explanation of each cell of a confusion matrix."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from convnet.inspection.displays.canvas import check_room, divided, given_inches, headed, inches
from convnet.inspection.displays.colors import draw_overlay_colorbar, is_signed, overlay
from convnet.inspection.displays.grid import BAR, GAP
from convnet.inspection.displays.images import BATCH_SIZE, DisplayImages
from convnet.inspection.displays.nets import check_fitted_net
from convnet.inspection.displays.text import VERBATIM, fitted, height
from convnet.values.constraints import choice, integer

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike

    from convnet.inspection.displays.nets import Net


SIDE = 7.0  # approximate longer side of a new figure, in inches
TILE = (0.7, 2.4)  # smallest and largest longer side of an image in a new figure, in inches
NAMES = 0.9  # width of the true labels at the left, in inches
LABELS = 0.75  # width of the labels of the color bar, in inches
MAX_MEAN_SIDE = 32  # pixels: larger images are photographs or scans, whose mean shows little
CORRECT, WRONG = "#009E73", "#BBBBBB"  # colors of frames


class ConfusionDisplay:
    """The confusion matrix, with an image and an explanation in each cell: of an example, or the means of its images.

    Rows are true classes and columns predicted ones, so the diagonal, framed in green, holds the correct predictions.
    The number in a cell counts its images. Colors are those of `ExplanationDisplay`.

    Parameters
    ----------
    images : ndarray of shape (k, k, h, w, 3)
        Mean images or examples, with colors from 0 to 1; NaN for empty cells.
    maps : ndarray of shape (k, k, h, w)
        Their maps, as ``explain_confusion`` returns them; NaN for empty cells.
    counts : ndarray of int, shape (k, k)
        Number of images in each cell.
    classes : ndarray of shape (k,)
        Class labels.
    rows : ndarray of int, shape (k, k), default=None
        Rows of the examples in X, -1 for empty cells. None if the images are means.
    method : str, default=None
        The method of ``explain`` that made the maps, which decides whether their colors show a sign. None: the sign is
        shown if a map has negative values.

    Attributes
    ----------
    figure_ : matplotlib Figure
        The figure. ``plot`` sets this and the following attributes.
    axes_ : ndarray of matplotlib Axes, shape (m, m)
        Cells of the m classes that were drawn.
    drawn_ : ndarray of int, shape (m,)
        Indices of these classes, ascending.

    Examples
    --------
    >>> from convnet import ConvNetClassifier
    >>> from convnet.inspection import ConfusionDisplay
    >>> from sklearn.datasets import load_digits
    >>> digits = load_digits()
    >>> X, y = digits.images / 16, digits.target
    >>> clf = ConvNetClassifier(max_iter=3, random_state=0).fit(X[:900], y[:900])
    >>> display = ConfusionDisplay.from_estimator(clf, X[900:], y[900:])
    >>> int(display.counts.sum())
    897
    """

    def __init__(
        self,
        images: np.ndarray,
        maps: np.ndarray,
        counts: np.ndarray,
        classes: np.ndarray,
        *,
        rows: np.ndarray | None = None,
        method: str | None = None,
    ) -> None:
        self.images = images
        self.maps = maps
        self.counts = counts
        self.classes = classes
        self.rows = rows
        self.method = method

    @classmethod
    def from_estimator(
        cls,
        estimator: Net,
        X: Any,
        y: ArrayLike,
        *,
        method: str = "gradcam",
        cells: str = "auto",
        n: int = 10,
        ax: Axes | None = None,
        **options: Any,
    ) -> Self:
        """Explain images of each cell, and draw them.

        Parameters
        ----------
        estimator : ConvNetClassifier
            A classifier fitted on images.
        X : array-like of shape (n_rows, h, w, c), (n_rows, h, w) or (n_rows, features)
            Images.
        y : array-like of shape (n_rows,)
            True labels.
        method : str, default="gradcam"
            Method of ``explain``.
        cells : {"auto", "mean", "example"}, default="auto"
            What a cell shows. "mean": the mean image and the mean map of its images, which suits small aligned images
            such as digits. "example": its image whose predicted class has the highest probability, with its own map;
            only these images are explained. "auto" is "example" for images in color and for those with a side of more
            than 32 pixels, else "mean".
        n : int, default=10
            See ``plot``.
        ax : matplotlib Axes, default=None
            See ``plot``.
        **options : dict
            Other parameters of ``explain_confusion``.

        Returns
        -------
        display : ConfusionDisplay
            The display, already drawn.

        Raises
        ------
        NotFittedError
            If the net is not fitted.
        ValueError
            If ``explain_confusion`` raises one, `cells` is none of these, or n is below 2.
        TypeError
            If `estimator` is not a ConvNetClassifier.
        ImportError
            If matplotlib is not installed.
        """
        check_fitted_net(estimator, cls.__name__)
        n = integer(2, inf).check(f"{cls.__name__}: n", n)
        if not hasattr(estimator, "explain_confusion"):
            kind = type(estimator).__name__
            raise TypeError(f"{cls.__name__} takes a ConvNetClassifier; {kind} has no classes.")
        pictures = DisplayImages(estimator, X, cls.__name__)  # raises unless X holds images
        cells = choice("auto", "mean", "example").check(f"{cls.__name__}: cells", cells)
        if cells == "auto":
            height, width, channels = estimator.input_shape_
            is_photograph = channels in (3, 4) or max(height, width) > MAX_MEAN_SIDE
            cells = "example" if is_photograph else "mean"
        found = estimator.explain_confusion(X, y, method, cells=cells, **options)
        images = np.full((*found.maps.shape, 3), np.nan, dtype=np.float32)
        if cells == "example":
            filled = found.rows >= 0
            images[filled] = pictures[found.rows[filled]]
            return cls(
                images, found.maps, found.counts, found.classes, rows=found.rows, method=method
            ).plot(ax=ax, n=n)
        y, predicted = np.asarray(y), estimator.predict(X)
        for i, j in np.argwhere(found.counts):
            rows = np.flatnonzero((y == found.classes[i]) & (predicted == found.classes[j]))
            parts = np.split(rows, range(BATCH_SIZE, len(rows), BATCH_SIZE))
            sums = [pictures[part].sum(axis=0) for part in parts]
            images[i, j] = np.sum(sums, axis=0) / len(rows)
        return cls(images, found.maps, found.counts, found.classes, method=method).plot(ax=ax, n=n)

    def plot(self, ax: Axes | None = None, *, n: int = 10) -> Self:
        """Draw the cells.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to divide. None makes a new figure.
        n : int, default=10
            Largest number of classes to draw. If there are more, those with the most mistakes are drawn.

        Returns
        -------
        self : ConfusionDisplay
            The display itself.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        ValueError
            If n is below 2, or `ax` was divided before or is too small.
        """
        self.drawn_ = self._most_confused(integer(2, inf).check("ConfusionDisplay: n", n))
        caller = "ConfusionDisplay.plot"
        k, (h, w) = len(self.drawn_), self.maps.shape[2:]
        names = [str(self.classes[i]) for i in self.drawn_]
        beside = 3 * GAP + BAR + LABELS
        if ax is None:
            long = float(np.clip(SIDE / k, *TILE))
            tile = long * min(1, w / h), long * min(1, h / w)
        else:
            width, high = given_inches(caller, ax)
            tile = (width - beside - NAMES) / k - GAP, high / k - GAP
            check_room(caller, ax, *tile)
        texts, font = fitted(names, tile[0])
        beside_rows, points = fitted(names, NAMES)
        strip = height(texts, font) + 0.05
        size = (
            NAMES + k * (tile[0] + GAP) - GAP + beside,
            strip + k * (tile[1] + GAP) - GAP,
        )
        some = f" ({k} of {len(self.classes)} classes)" if k < len(self.classes) else ""
        heading = f"rows: true class, columns: predicted class{some}"
        if self.rows is not None:
            heading += "; in each cell the most confident prediction"
        whole = headed(caller, ax, heading, size)
        width, high = inches(whole)
        check_room(caller, whole, high - strip)
        outer = divided(
            *(whole, 2, 5),
            width_ratios=[NAMES, width - beside - NAMES, 3 * GAP, BAR, LABELS],
            height_ratios=[strip, high - strip],
            wspace=0,
            hspace=0,
        )
        cells = outer[1, 1].subgridspec(k, k, wspace=GAP / tile[0], hspace=GAP / tile[1])
        self.figure_, self.axes_ = whole.figure, np.empty((k, k), dtype=object)
        for i, row in enumerate(self.drawn_):
            for j, column in enumerate(self.drawn_):
                one = self.axes_[i, j] = whole.figure.add_subplot(cells[i, j])
                self._draw_cell(one, row, column)
                if i == 0:
                    one.set_title(texts[j], fontsize=font, pad=3, linespacing=1.1, **VERBATIM)
            self.axes_[i, 0].set_ylabel(
                beside_rows[i],
                fontsize=points,
                rotation=0,
                ha="right",
                va="center",
                labelpad=4,
                **VERBATIM,
            )
        bar = whole.figure.add_subplot(outer[1, 3])
        draw_overlay_colorbar(bar, signed=is_signed(self.method, self.maps))
        return self

    def _draw_cell(self, ax: Axes, row: int, column: int) -> None:
        ax.set(xticks=[], yticks=[])
        ax.spines[:].set_color(CORRECT if row == column else WRONG)
        ax.spines[:].set_linewidth(2 if row == column else 0.8)
        count = self.counts[row, column]
        if not count:
            ax.set_box_aspect(self.maps.shape[2] / self.maps.shape[3])
            return
        image, values = self.images[row, column], self.maps[row, column]
        ax.imshow(overlay(image, values, signed=is_signed(self.method, self.maps)))
        box = dict(facecolor="white", edgecolor="none", alpha=0.8, pad=1)
        ax.text(
            *(0.04, 0.96, f"{count:,}"),
            transform=ax.transAxes,
            ha="left",
            va="top",
            fontsize=7,
            bbox=box,
        )

    def _most_confused(self, n: int) -> np.ndarray:
        """Return the indices, in ascending order, of the n classes that take part in the most mistakes."""
        mistakes = self.counts - np.diag(np.diag(self.counts))
        order = np.argsort(-(mistakes.sum(axis=0) + mistakes.sum(axis=1)), kind="stable")
        return np.sort(order[:n])
