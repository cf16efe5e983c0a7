"""Classification: one label per sample."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from convnet.graph.losses import mean_loss
from convnet.inputs.targets import (
    as_labels,
    class_weights,
    is_indicator,
    known_classes,
    split_weights,
)
from convnet.inputs.tasks.base import Target, Task, split_indices
from convnet.inspection.explain.targets import class_targets, label_codes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence, Sized

    from numpy.typing import ArrayLike, NDArray

    from convnet.inspection.explain import TargetOutputs


# Nats. If one class has nearly all the weight, its frequency alone is hard to beat.
LOW_CROSS_ENTROPY = 0.25


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

    baseline: ClassVar[str] = "the class frequencies"
    low_loss: ClassVar[float] = LOW_CROSS_ENTROPY

    class_weight: Any = None
    classes: np.ndarray | None = None

    def encode(
        self, y: Any, sample_weight: NDArray[np.float64] | None, *, classes: ArrayLike | None = None
    ) -> Target:
        """Return class codes: int32, or float32 zeros and ones for two classes."""
        if self.classes is not None:
            check_kind(y, indicator=False)
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
        return split_indices(len(targets), validation_fraction, seed, targets)

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
        n = len(class_array(fitted))
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


def count_class_outputs(classes: Sized) -> int:
    """Return the units of the output layer: one for two classes, else one per class."""
    return 1 if len(classes) == 2 else len(classes)


def predicted_codes(logits: np.ndarray) -> NDArray[np.intp]:
    """Return class codes: the index of the largest logit, or whether the only logit is above 0."""
    if logits.shape[1] == 1:
        return (logits[:, 0] > 0).astype(np.intp)
    return logits.argmax(axis=1)


def check_kind(y: Any, *, indicator: bool) -> None:
    """Raise ValueError if y is not for the kind of classification that the net has learned."""
    kinds = "one label per sample", "an indicator of several labels per sample"
    if is_indicator(y) != indicator:
        raise ValueError(
            f"y is {kinds[not indicator]}, but the net has learned {kinds[indicator]}."
        )


def class_array(fitted: Mapping[str, Any]) -> np.ndarray:
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
