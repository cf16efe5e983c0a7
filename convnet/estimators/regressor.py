"""ConvNetRegressor: one or more numbers per sample."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np

from convnet._sklearn_bases import RegressorMixin
from convnet.estimators.base import BaseConvNet
from convnet.estimators.call_checks import checked_call
from convnet.estimators.declaration import declares_parameters, documents_fitted_attributes
from convnet.fitted.state import fit_snapshot
from convnet.inputs.target_scaling import TargetScaling
from convnet.inputs.targets import as_numbers, as_target, check_sample_weight
from convnet.inputs.tasks.regression import Regression
from convnet.model_io.files import register_estimator
from convnet.values import foreign_estimator_tables
from convnet.values.constraints import boolean, choice, parameter

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike, NDArray
    from sklearn.utils import Tags


@register_estimator
@documents_fitted_attributes
@declares_parameters
class ConvNetRegressor(RegressorMixin, BaseConvNet):
    """Convolutional neural network regressor, of one or many outputs.

    The net is declared by its layers. The output layer, linear with one unit per output, is added, and a Flatten where
    one is needed. By default the net learns standardized targets, and predictions are in the units of y.

    Parameters
    ----------
    loss : {"squared_error", "absolute_error", "huber"}, default="squared_error"
        Loss of a residual r: r² / 2, |r|, or Huber's loss (1964), which is r² / 2 up to |r| = 1 and |r| - 1/2 beyond.
        With several outputs it is their mean. r is in standardized units, unless `normalize_y` is False.
    normalize_y : bool, default=True
        Whether the net learns (y - mean) / scale, with the weighted mean and standard deviation of each output in the
        training set. They act outside the net: `weights_`, `loss_curve_` and the threshold of Huber's loss are in
        standardized units; ``predict``, ``score`` and ``explain`` use the units of y. ``fit`` and the first
        ``partial_fit`` compute them; later calls of ``partial_fit`` and fits with `warm_start` keep them.

    Attributes
    ----------
    n_outputs_ : int
        Number of outputs.
    y_mean_, y_scale_ : ndarray of float64, shape (n_outputs,)
        Mean and scale of the targets. 0 and 1 with ``normalize_y=False``. The scale of a constant output is 1.

    Examples
    --------
    >>> from convnet import ConvNetRegressor
    >>> from convnet.layers import Conv2D, Dense, MaxPool2D
    >>> from sklearn.datasets import load_digits
    >>> digits = load_digits()
    >>> ink = digits.data.sum(axis=1)
    >>> net = ConvNetRegressor(
    ...     [Conv2D(8, 3, activation="relu"), MaxPool2D(2), Dense(32, activation="relu")],
    ...     learning_rate_init=0.01,
    ...     random_state=0,
    ... )
    >>> net.fit(digits.images / 16, ink).score(digits.images / 16, ink) > 0.8
    True
    """

    loss: str = parameter(
        choice(
            "squared_error", "absolute_error", "huber", elsewhere=foreign_estimator_tables.LOSSES
        ),
        default="squared_error",
    )
    normalize_y: bool = parameter(boolean, default=True)

    @checked_call
    def partial_fit(self, X: Any, y: Any, sample_weight: ArrayLike | None = None) -> Self:
        """Train for one epoch on these samples, starting from the weights of the last call or fit.

        The moments of the solver are kept between calls. After a ``fit`` or after unpickling, they start from zero.

        A learning rate schedule starts with the first call, or with the first call after a ``fit``. It runs for
        `max_iter` calls and then keeps its last rate.

        Parameters
        ----------
        X : array-like of shape (n, h, w, c), (n, h, w), (n, length, c) or (n, features)
            Images, signals or flat rows.
        y : array-like of shape (n,) or (n, n_outputs)
            Targets.
        sample_weight : array-like of shape (n,), default=None
            Sample weights. Samples with weight 0 are not used.

        Returns
        -------
        self : object
            Fitted estimator.

        Raises
        ------
        ValueError
            If `early_stopping` is True, because it needs all samples at once; or as in ``fit``.
        """
        if self.early_stopping:
            raise ValueError("partial_fit does not support early_stopping=True.")
        return self._fit(X, y, sample_weight, resume=hasattr(self, "weights_"), partial=True)

    @checked_call
    def predict(self, X: Any) -> NDArray[np.float64]:
        """Return the predicted values of each sample.

        Parameters
        ----------
        X : array-like of shape (n, h, w, c), (n, h, w), (n, length, c) or (n, features)
            Images, signals or flat rows, in memory or read as in ``fit``.

        Returns
        -------
        values : ndarray of float64, shape (n,) or (n, n_outputs)
            Predictions, in the units of y in ``fit``. The shape is (n,) if there is one output.
        """
        self = fit_snapshot(self)
        outputs = self._outputs(X)
        values = TargetScaling.of(vars(self)).inverse_transform(outputs)
        return values[:, 0] if self.n_outputs_ == 1 else values

    @checked_call
    def score(self, X: Any, y: Any, sample_weight: ArrayLike | None = None) -> float:
        """Return the coefficient of determination R², averaged over the outputs.

        Parameters
        ----------
        X : array-like of shape (n, h, w, c), (n, h, w), (n, length, c) or (n, features)
            Images, signals or flat rows.
        y : array-like of shape (n,) or (n, n_outputs)
            Targets, finite numbers.
        sample_weight : array-like of shape (n,), default=None
            Sample weights, finite and 0 or more.

        Returns
        -------
        score : float
            At most 1. Predicting the mean of y gives 0.
        """
        y = as_target(y)
        weights = check_sample_weight(sample_weight, len(as_numbers(y, warn=False)))
        return super().score(X, y, sample_weight=weights)

    def _task(self, y: Any) -> Regression:
        return Regression(self.loss, self.normalize_y)

    def _fitted_task(self, fitted: Mapping[str, Any]) -> Regression:
        return Regression(
            self.loss, self.normalize_y, fitted["n_outputs_"], TargetScaling.of(fitted)
        )

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
