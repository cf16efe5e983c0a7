"""What a net learns to predict: classes, several labels per sample, or numbers.

A `Task` encodes y for the trainer, splits off a validation set, computes its metrics, and knows which output of the net
stands for what. Estimators make one from their parameters, and from the fitted attributes if they have them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from scipy.special import xlog1py, xlogy
from sklearn.metrics import r2_score

from convnet.graph.losses import mean_loss
from convnet.inputs.target_scaling import MAX_FLOAT32, TargetScaling
from convnet.inputs.targets import (
    as_indicator,
    as_labels,
    as_numbers,
    class_weights,
    is_indicator,
    known_classes,
    split_weights,
)
from convnet.inspection.explain.targets import class_targets, label_codes, output_targets
from convnet.values.messages import show
from convnet.values.user_warnings import warn_user

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence, Sized

    from numpy.typing import ArrayLike, NDArray

    from convnet.inspection.explain import TargetOutputs


# Some solvers square the gradients of squared errors.
MAX_SQUARED_ERROR_TARGET = np.sqrt(MAX_FLOAT32)
# Nats. If one class has nearly all the weight, its frequency alone is hard to beat.
LOW_CROSS_ENTROPY = 0.25
MIN_ONE_HOT_SAMPLES = 10  # with fewer samples, each may have exactly one label by chance


@dataclass(frozen=True, eq=False)
class Target:
    """y of a fit, encoded for the trainer.

    Parameters
    ----------
    values : ndarray of shape (n,) or (n, n_outputs)
        int32 class codes or float32; numbers of a regression as float64, before `Task.scaling`.
    rows : ndarray of int64
        Indices of the samples with a positive weight.
    weights : ndarray of float32 or None
        Weights of the samples, classes included. None is a weight of 1 for all.
    n_outputs : int
        Units of the output layer.
    loss : str
        The trainer's name of the loss.
    attributes : dict
        Fitted attributes about y, such as ``classes_``.
    class_weight : dict, default=None
        Weights of the classes by label, which `weights` include.
    """

    values: np.ndarray
    rows: np.ndarray
    weights: np.ndarray | None
    n_outputs: int
    loss: str
    attributes: dict[str, Any]
    class_weight: dict[Any, float] | None = None


class Task(ABC):
    """What a net learns, before a fit or with the classes or outputs of a fitted net."""

    description: ClassVar[str]
    baseline: ClassVar[str]  # a prediction that does not depend on X
    low_loss: ClassVar[float] = 0.0  # a data loss up to here is low, whatever that of the baseline
    min_validation_samples: ClassVar[int] = 1  # that the score of ``score`` needs

    @abstractmethod
    def encode(
        self, y: Any, sample_weight: NDArray[np.float64] | None, *, classes: ArrayLike | None = None
    ) -> Target:
        """Return y and the weights for the trainer.

        Parameters
        ----------
        y : array-like of shape (n,) or (n, n_outputs)
            As passed to ``fit``.
        sample_weight : ndarray of float64, shape (n,), or None
            Weights of the samples.
        classes : array-like, default=None
            As passed to ``partial_fit``.

        Raises
        ------
        ValueError
            y does not suit the task, or the classes or outputs of the fitted net.
        """

    @abstractmethod
    def fitted(self, target: Target) -> Self:
        """Return the task with the classes or outputs of `target`, to encode the y of a validation set."""

    def scaling(self, values: np.ndarray, weights: np.ndarray | None) -> TargetScaling | None:
        """Return the scaling of targets that are numbers, or None for classes.

        Parameters
        ----------
        values : ndarray of float64, shape (n,) or (n, n_outputs)
            Targets of the training set.
        weights : ndarray of float32, shape (n,), or None
            Its sample weights.
        """
        return None

    def score_weights(
        self, targets: np.ndarray, weights: np.ndarray | None
    ) -> tuple[NDArray[np.float64], float] | None:
        """Return how the squared residuals of the outputs become the training score, or None for classes.

        Parameters
        ----------
        targets : ndarray of float32, shape (n,) or (n, n_outputs)
            Targets of the training set, as the net learns them.
        weights : ndarray of float32, shape (n,), or None
            Its sample weights.

        Returns
        -------
        weights : ndarray of float64, shape (n_outputs,)
            The score is `offset` minus the mean over the samples of Σ weights · residuals².
        offset : float
            The score without residuals.
        """
        return None

    @abstractmethod
    def baseline_loss(
        self,
        train: tuple[np.ndarray, np.ndarray | None],
        test: tuple[np.ndarray, np.ndarray | None],
    ) -> float:
        """Return the loss of a prediction that does not depend on X.

        Parameters
        ----------
        train, test : (ndarray, ndarray or None)
            Targets, as the net learns them, and sample weights. The class frequencies, or the means, of `train` are the
            prediction for `test`.

        Returns
        -------
        loss : float
            0 if all targets of `train` are equal.
        """

    @abstractmethod
    def baseline_score(
        self,
        train: tuple[np.ndarray, np.ndarray | None],
        test: tuple[np.ndarray, np.ndarray | None],
    ) -> float:
        """Return the score of a prediction that does not depend on X; see `baseline_loss` for the parameters."""

    @abstractmethod
    def metrics(
        self, outputs: np.ndarray, targets: np.ndarray, weights: np.ndarray | None
    ) -> tuple[float, float]:
        """Return loss and score.

        Parameters
        ----------
        outputs : ndarray of float32, shape (n, n_outputs)
            Of the net.
        targets : ndarray of shape (n,) or (n, n_outputs)
            As `encode` returns them in ``values``.
        weights : ndarray of float32, shape (n,), or None
            Weights of the samples.
        """

    @abstractmethod
    def count_outputs(self, y: Any) -> int:
        """Return the units of the output layer for y."""

    @abstractmethod
    def check_attributes(self, fitted: Mapping[str, Any], n_outputs: int) -> None:
        """Raise ValueError unless the fitted attributes about y suit a net with this number of outputs."""

    @abstractmethod
    def explain_targets(
        self, target: Any, n: int, outputs: Callable[[], np.ndarray]
    ) -> TargetOutputs:
        """Return which output, with which sign, an explanation of each sample is about.

        Parameters
        ----------
        target : label, int, array-like of shape (n,) or None
            As passed to ``explain``. None is the prediction.
        n : int
            Number of samples.
        outputs : callable
            Computes the outputs of the net, shape (n, n_outputs).
        """

    def split(
        self, targets: np.ndarray, validation_fraction: float, seed: int
    ) -> Sequence[np.ndarray]:
        """Return the indices of the training set and of the validation set."""
        return _split(len(targets), validation_fraction, seed)


@dataclass(frozen=True, eq=False)
class Classification(Task):
    """One label per sample.

    Parameters
    ----------
    class_weight : dict, "balanced" or None, default=None
        Weights of the classes.
    classes : ndarray, default=None
        Classes of the fitted net, sorted.
    """

    description: ClassVar[str] = "one label per sample"
    baseline: ClassVar[str] = "the class frequencies"
    low_loss: ClassVar[float] = LOW_CROSS_ENTROPY

    class_weight: Any = None
    classes: np.ndarray | None = None

    def encode(
        self, y: Any, sample_weight: NDArray[np.float64] | None, *, classes: ArrayLike | None = None
    ) -> Target:
        """Return class codes: int32, or float32 zeros and ones for two classes."""
        if self.classes is not None:
            _check_kind(y, self)
        y = as_labels(y)
        given = np.ones(len(y)) if sample_weight is None else sample_weight
        rows = np.flatnonzero(given)
        known = known_classes(np.unique(y[rows]), classes, self.classes)
        codes = np.zeros(len(y), dtype=np.int32)
        codes[rows] = np.searchsorted(known, y[rows])
        factors = class_weights(self.class_weight, known, codes[rows], given[rows])
        if factors is not None:
            with np.errstate(over="ignore", invalid="ignore"):  # refused next
                given = given * factors[codes]
        rows, weights = split_weights(given)
        n_outputs = count_class_outputs(known)
        by_label = None if factors is None else dict(zip(known.tolist(), factors, strict=True))
        return Target(
            values=codes.astype(np.float32) if n_outputs == 1 else codes,
            rows=rows,
            weights=weights,
            n_outputs=n_outputs,
            loss="sigmoid" if n_outputs == 1 else "softmax",
            attributes={"classes_": known},
            class_weight=by_label,
        )

    def fitted(self, target: Target) -> Self:
        """Return the task with the classes and class weights of `target`."""
        return replace(
            self, classes=target.attributes["classes_"], class_weight=target.class_weight
        )

    def split(
        self, targets: np.ndarray, validation_fraction: float, seed: int
    ) -> Sequence[np.ndarray]:
        """Return the indices of both sets, with the same share of each class."""
        return _split(len(targets), validation_fraction, seed, targets)

    def metrics(
        self, outputs: np.ndarray, targets: np.ndarray, weights: np.ndarray | None
    ) -> tuple[float, float]:
        """Return cross-entropy and accuracy."""
        correct = predicted_codes(outputs) == targets
        loss = "softmax" if targets.dtype == np.int32 else "sigmoid"
        accuracy = float(np.average(correct, weights=weights))
        return mean_loss(loss, outputs, targets, weights), accuracy

    def baseline_loss(
        self,
        train: tuple[np.ndarray, np.ndarray | None],
        test: tuple[np.ndarray, np.ndarray | None],
    ) -> float:
        """Return the cross-entropy of the class frequencies."""
        assert self.classes is not None
        codes, n = [targets.astype(np.intp) for targets, _ in (train, test)], len(self.classes)
        frequencies = np.bincount(codes[0], weights=train[1], minlength=n)
        with np.errstate(divide="ignore"):  # a class that is only in `test` makes the loss infinite
            log_p = np.log(frequencies / frequencies.sum())
        return -float(np.average(log_p[codes[1]], weights=test[1]))

    def baseline_score(
        self,
        train: tuple[np.ndarray, np.ndarray | None],
        test: tuple[np.ndarray, np.ndarray | None],
    ) -> float:
        """Return the accuracy of the most frequent class."""
        codes = [targets.astype(np.intp) for targets, _ in (train, test)]
        majority = np.bincount(codes[0], weights=train[1]).argmax()
        return float(np.average(codes[1] == majority, weights=test[1]))

    def count_outputs(self, y: Any) -> int:
        """Return 1 for two classes, else the number of classes."""
        return count_class_outputs(np.unique(as_labels(y)))

    def check_attributes(self, fitted: Mapping[str, Any], n_outputs: int) -> None:
        """Raise ValueError unless ``classes_`` holds sorted classes, as many as the net tells apart."""
        n = len(_class_array(fitted))
        if n < 2 or count_class_outputs(fitted["classes_"]) != n_outputs:
            raise ValueError(f"{n} classes do not go with {n_outputs} outputs.")
        _check_sorted(fitted["classes_"])

    def explain_targets(
        self, target: Any, n: int, outputs: Callable[[], np.ndarray]
    ) -> TargetOutputs:
        """Return the logits of the classes `target`, or of the predicted classes."""
        assert self.classes is not None
        codes = (
            predicted_codes(outputs()) if target is None else label_codes(target, self.classes, n)
        )
        return class_targets(codes, count_class_outputs(self.classes))


@dataclass(frozen=True, eq=False)
class MultilabelClassification(Task):
    """Any number of labels per sample: y is an indicator with a column of zeros and ones for each label.

    Parameters
    ----------
    class_weight : object, default=None
        Refused by `encode` unless it is None, because a sample does not belong to one class.
    classes : ndarray, default=None
        Column indices of the fitted net.
    """

    description: ClassVar[str] = "an indicator of several labels per sample"
    baseline: ClassVar[str] = "the label frequencies"

    class_weight: Any = None
    classes: np.ndarray | None = None

    def encode(
        self, y: Any, sample_weight: NDArray[np.float64] | None, *, classes: ArrayLike | None = None
    ) -> Target:
        """Return the indicator as float32."""
        if self.classes is not None:
            _check_kind(y, self)
        y = as_indicator(y)
        if self.class_weight is not None:
            raise ValueError(
                f"class_weight={show(self.class_weight)} needs one label per sample, but y is an indicator of shape "
                f"{y.shape}. Set class_weight=None, or pass sample_weight."
            )
        columns = np.arange(y.shape[1])
        if classes is not None and not np.array_equal(np.ravel(classes), columns):
            raise ValueError(
                f"classes of an indicator with {len(columns)} columns must be None or the column indices, 0 to "
                f"{len(columns) - 1}; got {show(classes)}."
            )
        if self.classes is not None and len(self.classes) != len(columns):
            raise ValueError(
                f"y has {len(columns)} columns; the net has {len(self.classes)} outputs."
            )
        given = np.ones(len(y)) if sample_weight is None else sample_weight
        rows, weights = split_weights(given)
        values = np.ascontiguousarray(y, dtype=np.float32)
        if self.classes is None:
            _warn_of_one_hot(values)
        return Target(
            values=values,
            rows=rows,
            weights=weights,
            n_outputs=len(columns),
            loss="sigmoid",
            attributes={"classes_": columns, "_indicator_dtype": y.dtype},
        )

    def fitted(self, target: Target) -> Self:
        """Return the task with the columns of `target`."""
        return replace(self, classes=target.attributes["classes_"])

    def metrics(
        self, outputs: np.ndarray, targets: np.ndarray, weights: np.ndarray | None
    ) -> tuple[float, float]:
        """Return binary cross-entropy, and the share of samples whose labels are all correct."""
        correct = ((outputs > 0) == targets).all(axis=1)
        accuracy = float(np.average(correct, weights=weights))
        return mean_loss("sigmoid", outputs, targets, weights), accuracy

    def baseline_loss(
        self,
        train: tuple[np.ndarray, np.ndarray | None],
        test: tuple[np.ndarray, np.ndarray | None],
    ) -> float:
        """Return the binary cross-entropy of the label frequencies, the mean over the labels."""
        p = np.average(train[0], axis=0, weights=train[1]).astype(np.float64)
        share = np.average(test[0], axis=0, weights=test[1]).astype(np.float64)
        return float(-(xlogy(share, p) + xlog1py(1 - share, -p)).mean())

    def baseline_score(
        self,
        train: tuple[np.ndarray, np.ndarray | None],
        test: tuple[np.ndarray, np.ndarray | None],
    ) -> float:
        """Return the share of samples with exactly the frequent labels."""
        frequent = np.average(train[0], axis=0, weights=train[1]) > 0.5
        return float(np.average((test[0] == frequent).all(axis=1), weights=test[1]))

    def count_outputs(self, y: Any) -> int:
        """Return the number of columns of y."""
        return as_indicator(y).shape[1]

    def check_attributes(self, fitted: Mapping[str, Any], n_outputs: int) -> None:
        """Raise ValueError unless ``classes_`` holds the column indices and the dtype is one of numbers."""
        classes, dtype = _class_array(fitted), fitted["_indicator_dtype"]
        if len(classes) != n_outputs:
            raise ValueError(f"{len(classes)} classes do not go with {n_outputs} outputs.")
        is_number = isinstance(dtype, np.dtype) and dtype.kind in "biuf"
        is_index = classes.dtype.kind == "i" and np.array_equal(classes, np.arange(n_outputs))
        if not (is_number and is_index):
            raise ValueError("its classes are not those of an indicator.")

    def explain_targets(
        self, target: Any, n: int, outputs: Callable[[], np.ndarray]
    ) -> TargetOutputs:
        """Return the outputs of the labels `target`, or of the likeliest labels."""
        assert self.classes is not None
        codes = outputs().argmax(axis=1) if target is None else label_codes(target, self.classes, n)
        return output_targets(codes)


@dataclass(frozen=True, eq=False)
class Regression(Task):
    """One number or several per sample.

    Parameters
    ----------
    loss : {"squared_error", "absolute_error", "huber"}
        The loss.
    normalize_y : bool
        Whether the net learns standardized targets.
    n_outputs : int, default=None
        Outputs of the fitted net.
    fitted_scaling : TargetScaling, default=None
        Scaling of the fitted net.
    """

    description: ClassVar[str] = "numbers"
    baseline: ClassVar[str] = "the means of y"
    min_validation_samples: ClassVar[int] = 2  # R² is not defined for one sample

    loss: str
    normalize_y: bool
    n_outputs: int | None = None
    fitted_scaling: TargetScaling | None = None

    def encode(
        self, y: Any, sample_weight: NDArray[np.float64] | None, *, classes: ArrayLike | None = None
    ) -> Target:
        """Return y as float64, in its own units. `classes` has no effect."""
        values = as_numbers(y)
        n_outputs = 1 if values.ndim == 1 else values.shape[1]
        if self.n_outputs is not None and n_outputs != self.n_outputs:
            raise ValueError(f"y has {n_outputs} columns; the net has {self.n_outputs} outputs.")
        given = np.ones(len(values)) if sample_weight is None else sample_weight
        rows, weights = split_weights(given)
        return Target(
            values=values,
            rows=rows,
            weights=weights,
            n_outputs=n_outputs,
            loss=self.loss,
            attributes={"n_outputs_": n_outputs},
        )

    def fitted(self, target: Target) -> Self:
        """Return the task with the number of outputs of `target`."""
        return replace(self, n_outputs=target.n_outputs)

    def scaling(self, values: np.ndarray, weights: np.ndarray | None) -> TargetScaling:
        """Return the scaling of the fitted net, or one that standardizes `values`, or one that changes nothing."""
        if self.fitted_scaling is not None:
            scaling = self.fitted_scaling
        elif self.normalize_y:
            scaling = TargetScaling.standardizing(values, weights)
        else:
            scaling = TargetScaling.identity(1 if values.ndim == 1 else values.shape[1])
        squared = self.loss == "squared_error"
        return replace(scaling, limit=MAX_SQUARED_ERROR_TARGET if squared else MAX_FLOAT32)

    def metrics(
        self, outputs: np.ndarray, targets: np.ndarray, weights: np.ndarray | None
    ) -> tuple[float, float]:
        """Return the loss and R²."""
        values = outputs if targets.ndim == 2 else outputs[:, 0]
        with np.errstate(over="ignore", invalid="ignore"):
            score = r2_score(targets, values, sample_weight=weights)
        if not np.isfinite(score):  # squares of large numbers overflow float32
            wide = targets.astype(np.float64), values.astype(np.float64)
            score = r2_score(*wide, sample_weight=weights)
        return mean_loss(self.loss, outputs, targets, weights), float(score)

    def score_weights(
        self, targets: np.ndarray, weights: np.ndarray | None
    ) -> tuple[NDArray[np.float64], float]:
        """Return weights and offset of R², the mean over the outputs. A constant output counts as 0."""
        columns = targets.reshape(len(targets), -1).astype(np.float64)
        mean = np.average(columns, axis=0, weights=weights)
        variance = np.average((columns - mean) ** 2, axis=0, weights=weights)
        varies = np.ptp(columns, axis=0) > 0
        factors = np.divide(1, variance * len(varies), out=np.zeros(len(varies)), where=varies)
        return factors, float(varies.mean())

    def baseline_loss(
        self,
        train: tuple[np.ndarray, np.ndarray | None],
        test: tuple[np.ndarray, np.ndarray | None],
    ) -> float:
        """Return the loss of the weighted mean of each output."""
        if not np.ptp(train[0], axis=0).any():
            return 0.0
        mean = np.average(train[0].astype(np.float64), axis=0, weights=train[1])
        outputs = np.broadcast_to(mean, test[0].shape).reshape(len(test[0]), -1)
        return mean_loss(self.loss, outputs, test[0], test[1])

    def baseline_score(
        self,
        train: tuple[np.ndarray, np.ndarray | None],
        test: tuple[np.ndarray, np.ndarray | None],
    ) -> float:
        """Return 0, the R² of the mean."""
        return 0.0

    def count_outputs(self, y: Any) -> int:
        """Return 1 for one axis, else the number of columns of y."""
        values = as_numbers(y)
        return 1 if values.ndim == 1 else values.shape[1]

    def check_attributes(self, fitted: Mapping[str, Any], n_outputs: int) -> None:
        """Raise ValueError unless ``n_outputs_`` is the number of outputs, each with a mean and a scale."""
        if fitted["n_outputs_"] != n_outputs or fitted.keys() & {"classes_", "_indicator_dtype"}:
            raise ValueError(f"its attributes do not go with {n_outputs} outputs.")
        mean, scale = fitted["y_mean_"], fitted["y_scale_"]
        for array in (mean, scale):
            if not isinstance(array, np.ndarray) or array.dtype != np.float64:
                raise ValueError("y_mean_ and y_scale_ are not arrays of float64.")
            if array.shape != (n_outputs,) or not np.isfinite(array).all():
                raise ValueError(f"y_mean_ and y_scale_ are not {n_outputs} finite numbers each.")
        if not (scale > 0).all():
            raise ValueError("y_scale_ is not above 0.")

    def explain_targets(
        self, target: Any, n: int, outputs: Callable[[], np.ndarray]
    ) -> TargetOutputs:
        """Return the outputs with the indices `target`, or the only output, in the units of y."""
        assert self.n_outputs is not None and self.fitted_scaling is not None
        if target is None and self.n_outputs > 1:
            raise ValueError(
                f"target must say which of the {self.n_outputs} outputs to explain, from 0 to {self.n_outputs - 1}."
            )
        index = 0 if target is None else target
        codes = label_codes(index, np.arange(self.n_outputs), n)
        return output_targets(codes, self.fitted_scaling.scale)


def count_class_outputs(classes: Sized) -> int:
    """Return the units of the output layer: one for two classes, else one per class."""
    return 1 if len(classes) == 2 else len(classes)


def predicted_codes(logits: np.ndarray) -> NDArray[np.intp]:
    """Return class codes: the index of the largest logit, or whether the only logit is above 0."""
    if logits.shape[1] == 1:
        return (logits[:, 0] > 0).astype(np.intp)
    return logits.argmax(axis=1)


def classification_type(y: Any) -> type[Classification] | type[MultilabelClassification]:
    """Return the task that y is for: one label per sample, or several."""
    return MultilabelClassification if is_indicator(y) else Classification


def _check_kind(y: Any, fitted: Task) -> None:
    """Raise ValueError if y is for another kind of classification than a fitted task."""
    found = classification_type(y)
    if found is not type(fitted):
        raise ValueError(f"y is {found.description}, but the net has learned {fitted.description}.")


def _class_array(fitted: Mapping[str, Any]) -> np.ndarray:
    """Return ``classes_``. Raise ValueError unless it is a 1-D array, or if there is ``n_outputs_``."""
    classes = fitted["classes_"]
    if not isinstance(classes, np.ndarray) or classes.ndim != 1:
        raise ValueError("classes_ is not a 1-D array.")
    if "n_outputs_" in fitted:
        raise ValueError("a classifier has no n_outputs_.")
    return classes


def _check_sorted(classes: np.ndarray) -> None:
    """Raise ValueError unless the classes are sorted and unique. Their number must be checked before."""
    expected = np.unique(classes)
    if classes.dtype != expected.dtype or not np.array_equal(classes, expected):
        raise ValueError("its classes are not sorted.")


def _split(
    n: int, validation_fraction: float, seed: int, strata: np.ndarray | None = None
) -> Sequence[np.ndarray]:
    """Return shuffled indices of both sets, with the same share of each value of `strata`."""
    from sklearn.model_selection import train_test_split  # slow to import

    return train_test_split(
        np.arange(n), test_size=validation_fraction, stratify=strata, random_state=seed
    )


def _warn_of_one_hot(y: np.ndarray) -> None:
    if len(y) >= MIN_ONE_HOT_SAMPLES and (y.sum(axis=1) == 1).all():
        warn_user(
            "y looks one-hot: every sample has exactly one label. If a sample always belongs to one class, pass "
            "y.argmax(axis=1). As y is, the net learns each column as a separate yes-or-no question.",
        )
