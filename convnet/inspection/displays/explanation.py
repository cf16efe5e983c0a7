"""ExplanationDisplay: images, and the pixels that a prediction depends on."""

from __future__ import annotations

from math import ceil, inf
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from convnet.inspection.displays.canvas import (
    canvas,
    check_room,
    divided,
    given_inches,
    headed,
    inches,
)
from convnet.inspection.displays.colors import draw_overlay_colorbar, is_signed, overlay
from convnet.inspection.displays.grid import BAR, GAP, columns
from convnet.inspection.displays.images import DisplayImages
from convnet.inspection.displays.nets import check_fitted_net
from convnet.inspection.displays.text import (
    VERBATIM,
    fitted,
    height,
    name_list,
    percent,
    true_predicted,
)
from convnet.inspection.explain import METHODS
from convnet.values.constraints import integer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike

    from convnet.inspection.displays.nets import Net


NAMES = {"gradcam": "Grad-CAM"}  # of the other methods the underscores are replaced
SIDE = 8.0  # approximate longer side of a new figure, in inches
TILE = (0.9, 2.4)  # smallest and largest longer side of an image in a new figure, in inches
BETWEEN = 0.2  # distance between an image with its maps and the next one, in inches
STACKED = 2.7  # smallest height of a figure whose color bars stand above each other, in inches
LABELS = 0.75  # width of the labels of a color bar, in inches
SHAPE = 4 / 3  # width of a new figure divided by its height


class ExplanationDisplay:
    """Images, each beside maps of how much its pixels affect the output of the net, by one or several methods.

    The image lies in gray under a map, which is transparent where it is 0 and more opaque the larger its magnitude is.
    In maps of methods with negative values, red is evidence for the class or raises the value, and blue is evidence
    against it. Other maps, such as saliency, go from red to yellow, the strongest effect. The color bars show these
    colors over black at the left and over white at the right. Each map has its own scale, which ends at the 99.5 %
    quantile of its magnitudes: compare colors within a map only, and use the numbers in `maps` to compare maps.

    Parameters
    ----------
    images : ndarray of shape (n, h, w, 3)
        Colors from 0 to 1.
    maps : dict of ndarray of shape (n, h, w)
        Maps by method, as ``explain`` returns them.
    titles : list of n str, default=None
        Titles of the images.
    heading : str, default=None
        Heading of the figure.
    n_rows : int, default=None
        Number of rows of X, of which `images` may be the first ones; None is n.

    Attributes
    ----------
    figure_ : matplotlib Figure
        The figure. ``plot`` sets this and the following attributes.
    axes_ : ndarray of matplotlib Axes, shape (n, 1 + n_methods)
        For each image its axes, then those of its maps.

    Examples
    --------
    >>> import numpy as np
    >>> from convnet import load_pretrained
    >>> from convnet.inspection import ExplanationDisplay
    >>> from sklearn.datasets import load_digits
    >>> X = load_digits().images.repeat(3, axis=1).repeat(3, axis=2)[:2] / 16
    >>> X = np.pad(X, [(0, 0), (2, 2), (2, 2)])
    >>> net = load_pretrained("mnist-small")
    >>> display = ExplanationDisplay.from_estimator(net, X, method=["gradcam", "occlusion"])
    >>> bool((display.maps["occlusion"] == net.explain(X, "occlusion")).all())
    True
    """

    def __init__(
        self,
        images: np.ndarray,
        maps: Mapping[str, np.ndarray],
        *,
        titles: Sequence[str] | None = None,
        heading: str | None = None,
        n_rows: int | None = None,
    ) -> None:
        self.images = images
        self.maps = maps
        self.titles = titles
        self.heading = heading
        self.n_rows = n_rows

    @classmethod
    def from_estimator(
        cls,
        estimator: Net,
        X: Any,
        y: ArrayLike | None = None,
        *,
        method: str | Sequence[str] = "gradcam",
        target: Any = None,
        n: int = 16,
        ax: Axes | None = None,
        **options: Any,
    ) -> Self:
        """Explain the predictions of a net, and draw the maps.

        Parameters
        ----------
        estimator : ConvNetClassifier or ConvNetRegressor
            A net fitted on images.
        X : array-like of shape (n_rows, h, w, c), (n_rows, h, w) or (n_rows, features)
            Images.
        y : array-like of shape (n_rows,), default=None
            True labels or values, for the titles.
        method : str or list of str, default="gradcam"
            One or several methods of ``explain``.
        target : object, default=None
            Target of ``explain``: a class or an output. None is the prediction.
        n : int, default=16
            Largest number of images to draw. If there are more, the first ones are drawn.
        ax : matplotlib Axes, default=None
            See ``plot``.
        **options : dict
            Other parameters of ``explain``. Each is passed to the methods that take it.

        Returns
        -------
        display : ExplanationDisplay
            The display, already drawn.

        Raises
        ------
        NotFittedError
            If the net is not fitted.
        ValueError
            If X does not have the shape of the images in ``fit``, y has another length, n is below 1, or ``explain``
            raises one.
        TypeError
            If `estimator` is not a net.
        ImportError
            If matplotlib is not installed.
        """
        check_fitted_net(estimator, cls.__name__)
        n = integer(1, inf).check(f"{cls.__name__}: n", n)
        pictures = DisplayImages(estimator, X, cls.__name__)
        n_rows = len(pictures)
        labels = None if y is None else np.asarray(y)
        if labels is not None and len(labels) != n_rows:
            raise ValueError(f"{cls.__name__}: X has {n_rows} rows, but y has {len(labels)}.")
        heading = None
        if target is not None and np.ndim(target) == 0:
            heading = f"evidence for {target}"
        elif target is not None and len(target) == n_rows:
            target = np.asarray(target)[:n]
        shown = pictures.first(n)
        methods = name_list(f"{cls.__name__}: method", method)
        maps = {
            name: estimator.explain(shown, name, target, **_options_of(name, methods, options))
            for name in methods
        }
        titles = _titles(estimator, shown, None if labels is None else labels[:n])
        display = cls(pictures[:n], maps, titles=titles, heading=heading, n_rows=n_rows)
        return display.plot(ax=ax)

    def plot(self, ax: Axes | None = None) -> Self:
        """Draw the images and the maps.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to divide. None makes a new figure.

        Returns
        -------
        self : ExplanationDisplay
            The display itself.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        ValueError
            If `ax` was divided before, or is too small.
        """
        caller = "ExplanationDisplay.plot"
        n, (h, w), tiles = len(self.images), self.images.shape[1:3], 1 + len(self.maps)
        names = [NAMES.get(name, name.replace("_", " ")) for name in self.maps]
        titles = [""] * n if self.titles is None else list(self.titles)
        signed = {name: is_signed(name, maps) for name, maps in self.maps.items()}
        bars = [kind for kind in (False, True) if kind in signed.values()]
        room, strip = 3 * GAP + BAR + LABELS, 0.3
        if ax is None:
            cols = columns(n, tiles * w / h, SHAPE, strip / tiles)
            rows = ceil(n / cols)
            long = float(np.clip(SIDE / max(cols * tiles, rows), *TILE))
            tile = long * min(1, w / h), long * min(1, h / w)
            n_columns = 1 if rows * tile[1] >= STACKED else len(bars)
        else:
            width, high = given_inches(caller, ax)
            n_columns = 1 if high >= STACKED else len(bars)
            free = max(width - n_columns * room, 0.1)
            cols = columns(n, tiles * w / h, free / high, strip / tiles)
            rows = ceil(n / cols)
            tile = (width - n_columns * room) / (cols * tiles) - GAP, high / rows - strip - GAP
            check_room(caller, ax, *tile)
        beside = n_columns * room
        texts, font = fitted([*titles, *names], tile[0])
        strip = height(texts, font) + 0.05
        block = tiles * (tile[0] + GAP) - GAP
        size = cols * (block + BETWEEN) - BETWEEN + beside, rows * (tile[1] + strip + GAP) - GAP
        some = self.n_rows is not None and n < self.n_rows
        parts = [self.heading, f"{n} of {self.n_rows:,} images" if some else ""]
        heading = ": ".join(filter(None, parts))
        whole = headed(caller, ax, heading, size) if heading else canvas(caller, ax, size=size)
        width, high = inches(whole)
        check_room(caller, whole, high - strip)
        outer = divided(
            *(whole, 2, 1 + 3 * n_columns),
            width_ratios=[width - beside, *[3 * GAP, BAR, LABELS] * n_columns],
            height_ratios=[strip, high - strip],
            wspace=0,
            hspace=0,
        )
        spacing = dict(wspace=BETWEEN / block, hspace=(GAP + strip) / tile[1])
        blocks = outer[1, 0].subgridspec(rows, cols, **spacing)
        self.figure_, self.axes_ = whole.figure, np.empty((n, tiles), dtype=object)
        for i, picture in enumerate(self.images):
            places = blocks[divmod(i, cols)].subgridspec(1, tiles, wspace=GAP / tile[0])
            drawn = [picture]
            for name, maps in self.maps.items():
                drawn.append(overlay(picture, maps[i], signed=signed[name]))
            heads = [texts[i], *(texts[n:] if i < cols else [""] * len(names))]
            for j in range(tiles):
                one = self.axes_[i, j] = whole.figure.add_subplot(places[j])
                one.imshow(drawn[j])
                one.set(xticks=[], yticks=[])
                one.set_title(heads[j], fontsize=font, pad=3, linespacing=1.1, **VERBATIM)
        for i, kind in enumerate(bars):
            column = i % n_columns
            stack = outer[1, 2 + 3 * column].subgridspec(len(bars) // n_columns, 1, hspace=0.1)
            bar = whole.figure.add_subplot(stack[i // n_columns])
            draw_overlay_colorbar(bar, signed=kind)
        return self


def _options_of(method: str, methods: Sequence[str], options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of a method, and those that none of the methods takes, which ``explain`` refuses."""
    taken = {name: METHODS[name].parameters for name in methods if name in METHODS}
    others = {key for name, keys in taken.items() if name != method for key in keys}
    return {k: v for k, v in options.items() if k in taken.get(method, ()) or k not in others}


def _titles(estimator: Net, X: Any, y: np.ndarray | None) -> list[str] | None:
    """Return the prediction for each image, with the true label or value if `y` is given."""
    predicted = estimator.predict(X)
    if predicted.ndim > 1:
        return None
    if not hasattr(estimator, "predict_proba"):
        values = [f"{p:.4g}" for p in predicted]
        return (
            values
            if y is None
            else [true_predicted(f"{t:.4g}", p) for t, p in zip(y, values, strict=True)]
        )
    sure = estimator.predict_proba(X).max(axis=1)
    truth = predicted if y is None else y
    labels = [p if t == p else true_predicted(t, p) for t, p in zip(truth, predicted, strict=True)]
    return [f"{text}\n{percent(chance)} sure" for text, chance in zip(labels, sure, strict=True)]
