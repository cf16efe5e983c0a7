"""HistoryDisplay: loss and score of each epoch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np

from convnet.inspection.displays.canvas import panels
from convnet.inspection.displays.nets import check_fitted_net
from convnet.inspection.displays.text import VERBATIM
from convnet.values.messages import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D
    from numpy.typing import ArrayLike

    from convnet.inspection.displays.nets import Net


# From Okabe and Ito's palette, which suits any color vision.
TRAINING, VALIDATION, BEST = "#0072B2", "#D55E00", "#555555"
MAX_DOTS = 30  # epochs; with more, the curves have no dots
PANEL = (6.0, 2.6)  # width and height of a panel, in inches
MARGINS = (0.75, 0.2, 0.55, 0.35)


class HistoryDisplay:
    """Loss and validation score of each epoch, with a mark at the epoch whose weights were kept.

    Parameters
    ----------
    loss : array-like of shape (n_epochs,)
        Training loss, including the penalty.
    validation_loss : array-like of shape (n_epochs,), default=None
        Loss on the validation set.
    validation_scores : array-like of shape (n_epochs,), default=None
        Score on the validation set.
    best_iter : int, default=None
        The epoch, from 1, whose weights were kept. None draws no mark.
    score_name : str, default="score"
        Name of the score, for the axis.

    Attributes
    ----------
    figure_ : matplotlib Figure
        The figure. ``plot`` sets this and the following attributes.
    axes_ : ndarray of matplotlib Axes
        Axes of the loss and, if there are scores, of the scores.
    lines_ : dict of matplotlib Line2D
        Curves by name: "loss", "validation_loss", "validation_scores".
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
    """

    def __init__(
        self,
        loss: ArrayLike,
        *,
        validation_loss: ArrayLike | None = None,
        validation_scores: ArrayLike | None = None,
        best_iter: int | None = None,
        score_name: str = "score",
    ) -> None:
        self.loss = loss
        self.validation_loss = validation_loss
        self.validation_scores = validation_scores
        self.best_iter = best_iter
        self.score_name = score_name

    @classmethod
    def from_estimator(
        cls,
        estimator: Net,
        *,
        ax: Axes | Iterable[Axes] | None = None,
        line_kw: Mapping[str, Any] | None = None,
    ) -> Self:
        """Draw the training history of a fitted net.

        Parameters
        ----------
        estimator : ConvNetClassifier or ConvNetRegressor
            A fitted net.
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
        curves = {
            name: None if values is None else np.asarray(values)
            for name, values in (
                ("validation_loss", getattr(estimator, "validation_loss_curve_", None)),
                ("validation_scores", getattr(estimator, "validation_scores_", None)),
            )
        }
        display = cls(
            np.asarray(estimator.loss_curve_),
            **curves,
            best_iter=estimator.best_iter_ or None,  # 0 before training
            score_name=_score_name(estimator),
        )
        return display.plot(ax=ax, line_kw=line_kw)

    def plot(
        self, ax: Axes | Iterable[Axes] | None = None, *, line_kw: Mapping[str, Any] | None = None
    ) -> Self:
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib Axes or array-like of them, default=None
            Axes to draw in, which are divided if there are scores; or one axes for each panel. None makes a new figure.
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
            If `ax` holds another number of axes than there are panels.
        """
        n = 1 if self.validation_scores is None else 2
        size = PANEL[0], PANEL[1] * n
        axes = panels("HistoryDisplay.plot", ax, n, size=size, margins=MARGINS, hspace=0.15)
        self.axes_, self.figure_ = axes, axes[0].figure
        self.lines_: dict[str, Line2D] = {}
        self._draw(axes[0], "loss", "training", TRAINING, line_kw)
        self._draw(axes[0], "validation_loss", "validation", VALIDATION, line_kw)
        axes[0].set_ylabel("loss")
        if n == 2:
            self._draw(axes[1], "validation_scores", "validation", VALIDATION, line_kw)
            axes[1].set_ylabel(printable(self.score_name, keep="\n"), **VERBATIM)
            axes[0].sharex(axes[1])
            axes[0].tick_params(labelbottom=False)
        axes[-1].set_xlabel("epoch")
        axes[-1].xaxis.get_major_locator().set_params(integer=True)
        n_epochs = max(1, np.size(self.loss))
        axes[-1].set_xlim(0.5, 1.02 * n_epochs + 0.5)
        best = self.best_iter
        self.best_iter_lines_ = [] if best is None else [self._mark(one, best) for one in axes]
        for one in axes:
            one.legend()
        return self

    def _draw(
        self, ax: Axes, name: str, label: str, color: str, line_kw: Mapping[str, Any] | None
    ) -> None:
        values = getattr(self, name)
        if values is None:
            return
        values = np.asarray(values, dtype=float)
        style: dict[str, Any] = dict(
            color=color, label=label, marker="." if len(values) <= MAX_DOTS else ""
        )
        epochs = np.arange(1, len(values) + 1)
        (self.lines_[name],) = ax.plot(epochs, values, **(style | dict(line_kw or {})))

    def _mark(self, ax: Axes, epoch: int) -> Line2D:
        scores = self.validation_scores
        is_best = scores is None or np.asarray(scores)[epoch - 1] == np.max(scores)
        label = f"{'best' if is_best else 'kept'} epoch: {epoch}"
        if scores is not None and ax is self.axes_[1]:
            label += f" ({np.asarray(scores)[epoch - 1]:.4g})"
        return ax.axvline(epoch, color=BEST, linestyle="--", linewidth=1, label=label)


def _score_name(estimator: Net) -> str:
    scoring = estimator.scoring
    if scoring is None:
        return "accuracy" if hasattr(estimator, "predict_proba") else "R²"
    name = scoring if isinstance(scoring, str) else getattr(scoring, "__name__", "score")
    return name.replace("_", " ")
