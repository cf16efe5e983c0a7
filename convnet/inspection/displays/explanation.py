"""ExplanationDisplay: where a net looks."""

from __future__ import annotations

from math import ceil
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
from convnet.inspection.displays.colors import draw_scale, laid_over
from convnet.inspection.displays.grid import BAR, GAP, columns
from convnet.inspection.displays.images import Pictures
from convnet.inspection.displays.naming import confused, named, percent
from convnet.inspection.displays.nets import check_fitted_net
from convnet.inspection.displays.text import VERBATIM, fitted, height
from convnet.inspection.explain.given import whole as integer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike

    from convnet.inspection.displays.nets import Net


NAMES = {  # others are written as words
    "gradcam": "Grad-CAM",
    "saliency": "saliency, either way",  # a magnitude: red speaks neither for nor against
}
SIDE = 8.0  # inches of a new figure's longer side, about
TILE = (0.9, 2.4)  # inches of an image's longer side in a new figure, at least and at most
BETWEEN = 0.2  # inches between images, from what belongs to one to what belongs to the next
LABELS = 0.85  # inches beside the colour bar
SHAPE = 4 / 3  # width of a new figure, of its height


class ExplanationDisplay:
    """Images and, beside each, how much its pixels matter for what the net says, by one method or several.

    The image lies in pale grey below a map: red speaks for the class or raises the value, blue speaks against it; a
    saliency map is of magnitudes, and its red pixels move the output either way. The scale of each map ends at its own
    largest magnitudes, 0.5 % of the pixels left out: compare the colours within a map, and the numbers in `maps`.

    Parameters
    ----------
    images : ndarray of shape (n, h, w, 3)
        Colours from 0 to 1.
    maps : dict of ndarray of shape (n, h, w)
        By method, as ``explain`` returns them.
    titles : list of n str, default=None
        Above the images.
    heading : str, default=None
        Above all.
    n_rows : int, default=None
        How many images there are, where these are not all; None is n.

    Attributes
    ----------
    figure_ : matplotlib Figure
        Set by ``plot``.
    axes_ : ndarray of matplotlib Axes, shape (n, 1 + n_methods)
        Of each image, then of its maps.

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
        """Explain what a net says of images, and draw it.

        Parameters
        ----------
        estimator : ConvNetClassifier or ConvNetRegressor
            Fitted on images.
        X : array-like of shape (n_rows, h, w, c), (n_rows, h, w) or (n_rows, features)
            Images.
        y : array-like of shape (n_rows,), default=None
            Their labels or values, for the titles.
        method : str or list of str, default="gradcam"
            Of ``explain``.
        target : object, default=None
            Of ``explain``: the class or output that is meant; None is what the net says.
        n : int, default=16
            Images to draw at most: the first.
        ax : matplotlib Axes, default=None
            As for ``plot``.
        **options : dict
            Other parameters of ``explain``.

        Returns
        -------
        display : ExplanationDisplay
            Drawn.

        Raises
        ------
        NotFittedError
            The net is not fitted.
        ValueError
            X does not fit the net, y has another length, n is below 1, and what ``explain`` refuses.
        TypeError
            `estimator` is no net.
        ImportError
            matplotlib is not installed.
        """
        check_fitted_net(estimator, cls.__name__)
        n = integer(f"{cls.__name__}: n", n)
        pictures = Pictures(estimator, X, cls.__name__)
        n_rows = len(pictures)
        labels = None if y is None else np.asarray(y)
        if labels is not None and len(labels) != n_rows:
            raise ValueError(f"{cls.__name__}: X has {n_rows} rows and y has {len(labels)}.")
        heading = None
        if target is not None and np.ndim(target) == 0:
            heading = f"what speaks for {target}"
        elif target is not None and len(target) == n_rows:
            target = np.asarray(target)[:n]
        shown = pictures.first(n)
        methods = named(f"{cls.__name__}: method", method)
        maps = {name: estimator.explain(shown, name, target, **options) for name in methods}
        titles = _titles(estimator, shown, None if labels is None else labels[:n])
        display = cls(pictures[:n], maps, titles=titles, heading=heading, n_rows=n_rows)
        return display.plot(ax=ax)

    def plot(self, ax: Axes | None = None) -> Self:
        """Draw images and maps.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to divide. None makes a new figure.

        Returns
        -------
        self : ExplanationDisplay

        Raises
        ------
        ImportError
            matplotlib is not installed.
        ValueError
            `ax` was divided before, or is too small.
        """
        caller = "ExplanationDisplay.plot"
        n, (h, w), tiles = len(self.images), self.images.shape[1:3], 1 + len(self.maps)
        names = [NAMES.get(name, name.replace("_", " ")) for name in self.maps]
        titles = [""] * n if self.titles is None else list(self.titles)
        beside, strip = 3 * GAP + BAR + LABELS, 0.3
        if ax is None:
            cols = columns(n, tiles * w / h, SHAPE, strip)
            rows = ceil(n / cols)
            long = float(np.clip(SIDE / max(cols * tiles, rows), *TILE))
            tile = long * min(1, w / h), long * min(1, h / w)
        else:
            width, high = given_inches(caller, ax)
            cols = columns(n, tiles * w / h, max(width - beside, 0.1) / high, strip)
            rows = ceil(n / cols)
            tile = (width - beside) / (cols * tiles) - GAP, high / rows - strip - GAP
            check_room(caller, ax, *tile)
        words, font = fitted([*titles, *names], tile[0])
        strip = height(words, font) + 0.05
        block = tiles * (tile[0] + GAP) - GAP
        size = cols * (block + BETWEEN) - BETWEEN + beside, rows * (tile[1] + strip + GAP) - GAP
        some = self.n_rows is not None and n < self.n_rows
        words_above = [self.heading, f"{n} of {self.n_rows:,} images" if some else ""]
        heading = ": ".join(filter(None, words_above))
        whole = headed(caller, ax, heading, size) if heading else canvas(caller, ax, size=size)
        width, high = inches(whole)
        check_room(caller, whole, high - strip)
        outer = divided(
            *(whole, 2, 4),
            width_ratios=[width - beside, 3 * GAP, BAR, LABELS],
            height_ratios=[strip, high - strip],
            wspace=0,
            hspace=0,
        )
        spacing = dict(wspace=BETWEEN / block, hspace=(GAP + strip) / tile[1])
        blocks = outer[1, 0].subgridspec(rows, cols, **spacing)
        self.figure_, self.axes_ = whole.figure, np.empty((n, tiles), dtype=object)
        for i, picture in enumerate(self.images):
            places = blocks[divmod(i, cols)].subgridspec(1, tiles, wspace=GAP / tile[0])
            drawn = [picture, *(laid_over(picture, maps[i]) for maps in self.maps.values())]
            heads = [words[i], *(words[n:] if i < cols else [""] * len(names))]
            for j in range(tiles):
                one = self.axes_[i, j] = whole.figure.add_subplot(places[j])
                one.imshow(drawn[j])
                one.set(xticks=[], yticks=[])
                one.set_title(heads[j], fontsize=font, pad=3, linespacing=1.1, **VERBATIM)
        signed = any((maps < 0).any() for maps in self.maps.values())
        draw_scale(whole.figure.add_subplot(outer[1, 2]), signed=signed)
        return self


def _titles(estimator: Net, X: Any, y: np.ndarray | None) -> list[str] | None:
    """Return what the net says of each image, and what it is where `y` is known."""
    predicted = estimator.predict(X)
    if predicted.ndim > 1:
        return None
    if not hasattr(estimator, "predict_proba"):
        values = [f"{p:.4g}" for p in predicted]
        return (
            values
            if y is None
            else [confused(f"{t:.4g}", p) for t, p in zip(y, values, strict=True)]
        )
    sure = estimator.predict_proba(X).max(axis=1)
    truth = predicted if y is None else y
    said = [p if t == p else confused(t, p) for t, p in zip(truth, predicted, strict=True)]
    return [f"{text}\n{percent(chance)} sure" for text, chance in zip(said, sure, strict=True)]
