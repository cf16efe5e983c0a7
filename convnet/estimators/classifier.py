"""ConvNetClassifier: classes, or several labels per sample."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np

from convnet._sklearn_bases import ClassifierMixin
from convnet.estimators.base import BaseConvNet
from convnet.estimators.call_checks import checked_call
from convnet.estimators.declaration import declares_parameters, documents_fitted_attributes
from convnet.estimators.inspection import ClassifierInspectionMixin
from convnet.estimators.parameter_constraints import fraction
from convnet.fitted.state import fit_snapshot
from convnet.graph.losses import (
    label_probabilities,
    log_probabilities,
    log_sigmoid,
    probabilities,
)
from convnet.inputs.images import check_folder_classes
from convnet.inputs.targets import as_target, check_sample_weight, count_samples, is_indicator
from convnet.inputs.tasks.classification import Classification, predicted_codes
from convnet.inputs.tasks.multilabel import MultilabelClassification
from convnet.model_io.files import register_estimator
from convnet.model_io.onnx.exporting import ClassifierOnnxMixin
from convnet.values.constraints import parameter

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike, NDArray
    from sklearn.utils import Tags


@register_estimator
@documents_fitted_attributes
@declares_parameters
class ConvNetClassifier(
    ClassifierMixin, ClassifierInspectionMixin, ClassifierOnnxMixin, BaseConvNet
):
    """Convolutional neural network classifier.

    The net is declared by its layers. The output layer is added, and a Flatten where one is needed. The output layer
    has one unit for two classes and K units for K > 2 classes. Training minimizes the cross-entropy.

    The classifier also supports several labels per sample. y is then a multilabel indicator, with one column of 0 and 1
    per label. The output layer has one unit per label, and training minimizes the mean of their binary cross-entropies.

    Parameters
    ----------
    class_weight : dict, "balanced" or None, default=None
        Weights of the classes, which multiply `sample_weight`. "balanced" gives all classes the same total weight.
        Must be None if y is an indicator.
    label_smoothing : float, default=0.0
        Share s of the target, from 0 to below 1, that is spread evenly over all K classes (Szegedy et al., 2016). The
        target is 1 - s + s / K for the class of a sample and s / K for each other class. For an indicator, the targets
        1 and 0 become 1 - s / 2 and s / 2. The validation loss is computed without smoothing.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted. For an indicator, the indices of its columns.

    Examples
    --------
    >>> from convnet import ConvNetClassifier
    >>> from convnet.layers import Conv2D, Dense, MaxPool2D
    >>> from sklearn.datasets import load_digits
    >>> digits = load_digits()
    >>> clf = ConvNetClassifier(
    ...     [Conv2D(16, 3, activation="relu"), MaxPool2D(2), Dense(32, activation="relu")], random_state=0
    ... )
    >>> clf.fit(digits.images / 16, digits.target).score(digits.images / 16, digits.target) > 0.9
    True
    """

    class_weight: Mapping[Any, float] | str | None = parameter(None, default=None)
    label_smoothing: float = parameter(fraction, default=0.0)

    @checked_call
    def partial_fit(
        self,
        X: Any,
        y: Any,
        classes: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Train for one epoch on these samples, starting from the weights of the last call or fit.

        The moments of the solver are kept between calls. After a ``fit`` or after unpickling, they start from zero.

        A learning rate schedule starts with the first call, or with the first call after a ``fit``. It runs for
        `max_iter` calls and then keeps its last rate.

        Parameters
        ----------
        X : array-like of shape (n, h, w, c), (n, h, w), (n, length, c) or (n, features)
            Images, signals or flat rows.
        y : array-like of shape (n,), or (n, n_classes)
            Labels, or an indicator.
        classes : array-like of shape (n_classes,), default=None
            All labels that may occur in any call. Required in the first call, unless y is an indicator.
        sample_weight : array-like of shape (n,), default=None
            Sample weights. Samples with weight 0 are not used.

        Returns
        -------
        self : object
            Fitted estimator.

        Raises
        ------
        ValueError
            If `early_stopping` is True or `class_weight` is "balanced", because both need all samples at once; if the
            first call lacks `classes`; or as in ``fit``.
        """
        if self.early_stopping:
            raise ValueError("partial_fit does not support early_stopping=True.")
        if isinstance(self.class_weight, str) and self.class_weight == "balanced":
            raise ValueError('partial_fit does not support class_weight="balanced". Pass a dict.')
        resume = hasattr(self, "weights_")
        if not resume and classes is None and not is_indicator(as_target(y)):
            raise ValueError("classes must be passed on the first call to partial_fit.")
        return self._fit(X, y, sample_weight, resume=resume, partial=True, classes=classes)

    @checked_call
    def predict(self, X: Any) -> np.ndarray:
        """Return the most probable label of each sample or, for an indicator, the labels with probability above 0.5.

        Parameters
        ----------
        X : array-like of shape (n, h, w, c), (n, h, w), (n, length, c) or (n, features)
            Images, signals or flat rows, in memory or read as in ``fit``.

        Returns
        -------
        labels : ndarray of shape (n,), or (n, n_classes) for an indicator
            Labels, or an indicator, with the dtype of y in ``fit``.
        """
        self = fit_snapshot(self)
        logits = self._outputs(X)
        if self._indicator_dtype is not None:
            return (logits > 0).astype(self._indicator_dtype)
        return self.classes_[predicted_codes(logits)]

    @checked_call
    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return the probability of each class.

        Parameters
        ----------
        X : array-like of shape (n, h, w, c), (n, h, w), (n, length, c) or (n, features)
            Images, signals or flat rows.

        Returns
        -------
        p : ndarray of float64, shape (n, n_classes)
            Probabilities, in the order of ``classes_``. Rows sum to 1, except for an indicator, whose labels do not
            exclude each other.
        """
        self = fit_snapshot(self)
        logits = self._outputs(X)
        if self._indicator_dtype is not None:
            return label_probabilities(logits)
        return probabilities(logits)

    @checked_call
    def predict_log_proba(self, X: Any) -> NDArray[np.float64]:
        """Return the logarithm of the probability of each class.

        It is accurate even if the probability is close to 0.

        Parameters
        ----------
        X : array-like of shape (n, h, w, c), (n, h, w), (n, length, c) or (n, features)
            Images, signals or flat rows.

        Returns
        -------
        log_p : ndarray of float64, shape (n, n_classes)
            Logarithms, in the order of ``classes_``.
        """
        self = fit_snapshot(self)
        logits = self._outputs(X)
        return log_probabilities(logits) if self._indicator_dtype is None else log_sigmoid(logits)

    @checked_call
    def decision_function(self, X: Any) -> NDArray[np.float64]:
        """Return the logits.

        Parameters
        ----------
        X : array-like of shape (n, h, w, c), (n, h, w), (n, length, c) or (n, features)
            Images, signals or flat rows.

        Returns
        -------
        logits : ndarray of float64, shape (n, n_classes) or, for two classes, (n,)
            Logits, in the order of ``classes_``. For two classes, a logit above 0 predicts ``classes_[1]``. For an
            indicator, a logit above 0 predicts the label.
        """
        self = fit_snapshot(self)
        logits = self._outputs(X).astype(np.float64)
        return logits[:, 0] if logits.shape[1] == 1 else logits

    @checked_call
    def score(self, X: Any, y: Any, sample_weight: ArrayLike | None = None) -> float:
        """Return the accuracy: the share of samples whose label is predicted correctly.

        For an indicator, all labels of the sample must be predicted correctly.

        Parameters
        ----------
        X : array-like of shape (n, h, w, c), (n, h, w), (n, length, c) or (n, features)
            Images, signals or flat rows.
        y : array-like of shape (n,) or (n, n_classes)
            Labels, or an indicator.
        sample_weight : array-like of shape (n,), default=None
            Sample weights, finite and 0 or more.

        Returns
        -------
        score : float
            Accuracy, from 0 to 1, weighted by `sample_weight`.
        """
        y = as_target(y)
        check_folder_classes(getattr(self, "_folder_classes", None), X, y, ("X", "y"))
        weights = check_sample_weight(sample_weight, count_samples(y))
        with np.errstate(
            invalid="ignore"
        ):  # from numbers that are too large for an integer and so are not classes
            return super().score(X, y, sample_weight=weights)

    def _task(self, y: Any) -> Classification | MultilabelClassification:
        task = MultilabelClassification if is_indicator(y) else Classification
        return task(self.class_weight)

    def _fitted_task(self, fitted: Mapping[str, Any]) -> Classification | MultilabelClassification:
        multilabel = fitted.get("_indicator_dtype") is not None
        task = MultilabelClassification if multilabel else Classification
        return task(self.class_weight, fitted["classes_"])

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
