"""HistoryDisplay: loss and score of each epoch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np

from convnet.inspection.displays.fits import STYLES, Fit, add_fit, next_color, panels
from convnet.inspection.displays.nets import check_fitted_net
from convnet.inspection.displays.text import VERBATIM
from convnet.values.messages import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D
    from numpy.typing import ArrayLike

    from convnet.inspection.displays.nets import Net


MAX_DOTS = 30  # epochs; with more, the curves have no dots
DEFAULT_SCORING = {
    "accuracy": "accuracy",
    "R²": "r2",
}  # the score without `scoring`, and its name in scikit-learn


class HistoryDisplay:
    """Loss and score of each epoch, with a mark at the epoch whose weights were kept.

    Training is dashed and validation solid. Several fits may be drawn on the same axes: each has its own color.

    Parameters
    ----------
    loss : array-like of shape (n_epochs,)
        Training loss, including the penalty.
    validation_loss : array-like of shape (n_epochs,), default=None
        Loss on the validation set.
    scores : array-like of shape (n_epochs,), default=None
        Score on the training set, measured during training: with augmentation, dropout and changing weights.
    validation_scores : array-like of shape (n_epochs,), default=None
        Score on the validation set.
    best_iter : int, default=None
        The epoch, from 1, whose weights were kept. None draws no mark.
    score_name : str, default="score"
        Name of the score, for the axis.
    name : str, default=None
        Name of the fit in the legend. Several fits of the same name are numbered.

    Attributes
    ----------
    figure_ : matplotlib Figure
        The figure. ``plot`` sets this and the following attributes.
    axes_ : ndarray of matplotlib Axes
        Axes of the loss and, if there are scores, of the scores.
    lines_ : dict of matplotlib Line2D
        Curves by name: "loss", "validation_loss", "scores", "validation_scores".
    best_iter_lines_ : list of matplotlib Line2D
        Marks of the best epoch, one for each axes.

    Examples
    --------
    >>> from convnet import ConvNetClassifier
    >>> from convnet.inspection import HistoryDisplay
    >>> from sklearn.datasets import load_digits
    >>> digits = load_digits()
    >>> clf = ConvNetClassifier(max_iter=3, early_stopping=True, random_state=0)
    >>> display = HistoryDisplay.from_estimator(clf.fit(digits.images / 16, digits.target))
    >>> [axes.get_ylabel() for axes in display.axes_]
    ['loss', 'accuracy']

    A second fit on the same axes:

    >>> clf = ConvNetClassifier(max_iter=3, early_stopping=True, alpha=0.1, random_state=0)
    >>> clf = clf.fit(digits.images / 16, digits.target)
    >>> display = HistoryDisplay.from_estimator(clf, ax=display.axes_, name="alpha=0.1")
    """

    def __init__(
        self,
        loss: ArrayLike,
        *,
        validation_loss: ArrayLike | None = None,
        scores: ArrayLike | None = None,
        validation_scores: ArrayLike | None = None,
        best_iter: int | None = None,
        score_name: str = "score",
        name: str | None = None,
    ) -> None:
        self.loss = loss
        self.validation_loss = validation_loss
        self.scores = scores
        self.validation_scores = validation_scores
        self.best_iter = best_iter
        self.score_name = score_name
        self.name = name

    @classmethod
    def from_estimator(
        cls,
        estimator: Net,
        *,
        name: str | None = None,
        ax: Axes | Iterable[Axes] | None = None,
        line_kw: Mapping[str, Any] | None = None,
    ) -> Self:
        """Draw the training history of a fitted net.

        The training score is drawn unless `scoring` selects another score for the validation set.

        Parameters
        ----------
        estimator : ConvNetClassifier or ConvNetRegressor
            A fitted net.
        name : str, default=None
            Name of the fit in the legend. None is the name of the class. Several fits of the same name are numbered.
        ax : matplotlib Axes or array-like of them, default=None
            See ``plot``.
        line_kw : dict, default=None
            See ``plot``.

        Returns
        -------
        display : HistoryDisplay
            The display, already drawn.

        Raises
        ------
        NotFittedError
            If the net is not fitted.
        TypeError
            If `estimator` is not a net.
        ImportError
            If matplotlib is not installed.
        """
        check_fitted_net(estimator, cls.__name__)
        validation_loss = getattr(estimator, "validation_loss_curve_", None)
        validation_scores = getattr(estimator, "validation_scores_", None)
        own = "accuracy" if hasattr(estimator, "predict_proba") else "R²"
        scoring = None if validation_scores is None else estimator.scoring
        scores = estimator.history_.get("score") or None  # empty before training
        display = cls(
            np.asarray(estimator.loss_curve_),
            validation_loss=_array(validation_loss),
            scores=_array(scores if scoring in (None, DEFAULT_SCORING[own]) else None),
            validation_scores=_array(validation_scores),
            best_iter=None if validation_scores is None else estimator.best_iter_ or None,
            score_name=own if scoring is None else _scorer_name(scoring),
            name=type(estimator).__name__ if name is None else name,
        )
        return display.plot(ax=ax, line_kw=line_kw)

    def plot(
        self, ax: Axes | Iterable[Axes] | None = None, *, line_kw: Mapping[str, Any] | None = None
    ) -> Self:
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib Axes or array-like of them, default=None
            Axes to divide if there are scores, or two axes, for the loss and for the scores. These may be the ``axes_``
            of another HistoryDisplay, or axes that one divided: then this fit is added to its panels. None makes a
            new figure.
        line_kw : dict, default=None
            Keyword arguments for ``Axes.plot`` of the curves.

        Returns
        -------
        self : HistoryDisplay
            The display itself.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        ValueError
            If `ax` holds another number of axes than there are panels, was divided by another display, or has to be
            divided but has curves; or if `best_iter` is not one of the epochs.
        """
        best, n_epochs = self.best_iter, np.size(self.loss)
        if best is not None and not 1 <= best <= n_epochs:
            raise ValueError(
                f"HistoryDisplay.plot: best_iter must be from 1 to {n_epochs}, the number of epochs; got {best}."
            )
        n = 1 if self.scores is None and self.validation_scores is None else 2
        axes = panels("HistoryDisplay.plot", ax, n)
        self.axes_, self.figure_ = axes[:n], axes[0].figure
        from matplotlib.cbook import normalize_kwargs
        from matplotlib.lines import Line2D

        own = normalize_kwargs(dict(line_kw or {}), Line2D)  # "lw" is "linewidth"
        options = dict(color=next_color(axes[0])) | own
        self.lines_: dict[str, Line2D] = {}
        self._draw(axes[0], "loss", "training", options)
        self._draw(axes[0], "validation_loss", "validation", options)
        axes[0].set_ylabel("loss")
        if n == 2:
            self._draw(axes[1], "scores", "training", options)
            self._draw(axes[1], "validation_scores", "validation", options)
            others = axes[1].get_ylabel()
            label = printable(self.score_name, keep="\n")
            axes[1].set_ylabel(label if others in ("", label) else "score", **VERBATIM)
        best, loss = self.best_iter, self.lines_["loss"]
        mark: dict[str, Any] = STYLES["best epoch"] | dict(color=loss.get_color())
        self.best_iter_lines_: list[Line2D] = []
        if best is not None:
            self.best_iter_lines_ = [one.axvline(best, **mark) for one in self.axes_]
        drawn = {
            "training": True,
            "validation": self.validation_loss is not None or self.validation_scores is not None,
            "best epoch": best is not None,
        }
        styles = frozenset(style for style, is_drawn in drawn.items() if is_drawn)
        name = None if self.name is None else str(self.name)
        fit = Fit(name, loss, styles, self._note())
        n_epochs = max(1, *(np.size(one.loss.get_xdata()) for one in add_fit(axes[0], fit)))
        joined = axes[0].get_shared_x_axes().joined(axes[0], axes[-1])
        for one in axes[-1:] if joined else axes:
            one.set_xlabel("epoch")
            one.xaxis.get_major_locator().set_params(integer=True)
            one.set_xlim(0.5, 1.02 * n_epochs + 0.5)
        return self

    def _draw(self, ax: Axes, name: str, style: str, options: Mapping[str, Any]) -> None:
        values = getattr(self, name)
        if values is None:
            return
        values = np.asarray(values, dtype=float)
        look: dict[str, Any] = dict(marker="." if len(values) <= MAX_DOTS else "")
        look |= STYLES[style] | dict(options)
        (self.lines_[name],) = ax.plot(np.arange(1, len(values) + 1), values, **look)

    def _note(self) -> str:
        """Return what the legend says about the best epoch."""
        if self.best_iter is None:
            return ""
        if self.validation_scores is None:
            return f"kept epoch {self.best_iter}"
        scores = np.asarray(self.validation_scores)
        score = scores[self.best_iter - 1]
        which = "best" if score == scores.max() else "kept"
        return f"{which} epoch {self.best_iter} ({self.score_name} {score:.4g})"


def _array(values: ArrayLike | None) -> np.ndarray | None:
    return None if values is None else np.asarray(values)


def _scorer_name(scoring: Any) -> str:
    name = scoring if isinstance(scoring, str) else getattr(scoring, "__name__", "score")
    return name.replace("_", " ")
