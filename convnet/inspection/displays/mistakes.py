"""MistakesDisplay: the images that a net gets wrong."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from convnet.inspection.displays.canvas import canvas
from convnet.inspection.displays.grid import draw_maps
from convnet.inspection.displays.images import DisplayImages
from convnet.inspection.displays.nets import check_fitted_net
from convnet.inspection.displays.text import percent, true_predicted
from convnet.values.constraints import integer

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike

    from convnet.inspection.displays.nets import Net


class MistakesDisplay:
    """The worst mistakes of a net: images with their true and predicted labels, and the predicted probability.

    For a classifier these are the images with a wrong prediction, in descending order of its probability; for a
    regressor the images with the largest absolute errors.

    Parameters
    ----------
    images : ndarray of shape (n, h, w, 3)
        Colors from 0 to 1.
    true : ndarray of shape (n,)
        True labels or values.
    predicted : ndarray of shape (n,)
        Predicted labels or values.
    probabilities : ndarray of shape (n,), default=None
        Probabilities of the predicted labels; None for a regressor.
    rows : ndarray of shape (n,), default=None
        Rows of the images in X.
    n_mistakes : int, default=None
        Number of mistakes in all of X; None is n.
    n_rows : int, default=None
        Number of rows of X.

    Attributes
    ----------
    figure_ : matplotlib Figure
        The figure. ``plot`` sets this and the following attributes.
    axes_ : ndarray of matplotlib Axes, shape (n_rows, n_cols)
        None in empty places; a single axes if there is no mistake.

    Examples
    --------
    >>> from convnet import ConvNetClassifier
    >>> from convnet.inspection import MistakesDisplay
    >>> from sklearn.datasets import load_digits
    >>> digits = load_digits()
    >>> X, y = digits.images / 16, digits.target
    >>> clf = ConvNetClassifier(max_iter=3, random_state=0).fit(X[:900], y[:900])
    >>> display = MistakesDisplay.from_estimator(clf, X[900:], y[900:], n=9)
    >>> bool((clf.predict(X[900:][display.rows]) == display.predicted).all())
    True
    """

    def __init__(
        self,
        images: np.ndarray,
        true: np.ndarray,
        predicted: np.ndarray,
        *,
        probabilities: np.ndarray | None = None,
        rows: np.ndarray | None = None,
        n_mistakes: int | None = None,
        n_rows: int | None = None,
    ) -> None:
        self.images = images
        self.true = true
        self.predicted = predicted
        self.probabilities = probabilities
        self.rows = rows
        self.n_mistakes = n_mistakes
        self.n_rows = n_rows

    @classmethod
    def from_estimator(
        cls, estimator: Net, X: Any, y: ArrayLike, *, n: int = 16, ax: Axes | None = None
    ) -> Self:
        """Find the worst mistakes and draw them.

        Parameters
        ----------
        estimator : ConvNetClassifier or ConvNetRegressor
            A net fitted on images.
        X : array-like of shape (n_rows, h, w, c), (n_rows, h, w) or (n_rows, features)
            Images.
        y : array-like of shape (n_rows,)
            True labels or values.
        n : int, default=16
            Largest number of mistakes to draw.
        ax : matplotlib Axes, default=None
            See ``plot``.

        Returns
        -------
        display : MistakesDisplay
            The display, already drawn.

        Raises
        ------
        NotFittedError
            If the net is not fitted.
        ValueError
            If X does not have the shape of the images in ``fit``, y has another length or several values per row, or n
            is below 1.
        TypeError
            If `estimator` is not a net.
        ImportError
            If matplotlib is not installed.
        """
        check_fitted_net(estimator, cls.__name__)
        n = integer(1, inf).check(f"{cls.__name__}: n", n)
        y, predicted = np.asarray(y), estimator.predict(X)
        if y.ndim != 1 or predicted.ndim != 1 or len(y) != len(predicted):
            raise ValueError(
                f"{cls.__name__} takes one label or value per row; y has shape {y.shape}, and predict returns "
                f"shape {predicted.shape}."
            )
        if hasattr(estimator, "predict_proba"):
            sure = estimator.predict_proba(X).max(axis=1)
            rows = worst_mistakes(y, predicted, sure)
            n_mistakes, probabilities = len(rows), sure[rows[:n]]
        else:
            rows = np.argsort(-np.abs(predicted - y), kind="stable")
            n_mistakes, probabilities = len(rows), None
        rows = rows[:n]
        display = cls(
            DisplayImages(estimator, X, cls.__name__)[rows],
            y[rows],
            predicted[rows],
            probabilities=probabilities,
            rows=rows,
            n_mistakes=n_mistakes,
            n_rows=len(y),
        )
        return display.plot(ax=ax)

    def plot(self, ax: Axes | None = None) -> Self:
        """Draw the images.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to divide. None makes a new figure.

        Returns
        -------
        self : MistakesDisplay
            The display itself.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        caller = "MistakesDisplay.plot"
        n_mistakes = len(self.images) if self.n_mistakes is None else self.n_mistakes
        among = "" if self.n_rows is None else f" in {self.n_rows:,} images"
        if not len(self.images):
            whole = canvas(caller, ax, size=(4.0, 1.0))
            whole.text(0.5, 0.5, f"no mistakes{among}", ha="center", va="center")
            self.figure_, self.axes_ = whole.figure, np.array([[whole]], dtype=object)
            return self
        if self.probabilities is None:
            heading, noun = "true → predicted, largest errors", "images"
            pairs = zip(self.true, self.predicted, strict=True)
            titles = [true_predicted(f"{t:.4g}", f"{p:.4g}") for t, p in pairs]
        else:
            heading, noun = f"true → predicted{among}", "mistakes"
            given = zip(self.true, self.predicted, self.probabilities, strict=True)
            titles = [f"{true_predicted(t, p)}\n{percent(chance)} sure" for t, p, chance in given]
        grid = draw_maps(
            caller,
            self.images,
            titles=titles,
            heading=heading,
            noun=noun,
            ax=ax,
            n_max=None,
            total=n_mistakes,
        )
        self.figure_, self.axes_ = grid.figure, grid.axes
        return self


def worst_mistakes(true: np.ndarray, predicted: np.ndarray, sure: np.ndarray) -> np.ndarray:
    """Return the rows of all mistakes, in descending order of the predicted probability; ties keep their order."""
    wrong = np.flatnonzero(true != predicted)
    return wrong[np.argsort(-sure[wrong], kind="stable")]
