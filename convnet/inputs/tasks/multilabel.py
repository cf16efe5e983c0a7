"""MultilabelClassification: any number of labels per sample."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from scipy.special import xlog1py, xlogy

from convnet.graph.losses import mean_loss
from convnet.inputs.targets import as_indicator, split_weights
from convnet.inputs.tasks.base import Target, Task
from convnet.inputs.tasks.classification import check_kind, class_array
from convnet.inspection.explain.targets import label_codes, output_targets
from convnet.values.messages import show
from convnet.values.user_warnings import warn_user

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import ArrayLike, NDArray

    from convnet.inspection.explain import TargetOutputs


MIN_ONE_HOT_SAMPLES = 10  # with fewer samples, each may have exactly one label by chance


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

    baseline: ClassVar[str] = "the label frequencies"

    class_weight: Any = None
    classes: np.ndarray | None = None

    def encode(
        self, y: Any, sample_weight: NDArray[np.float64] | None, *, classes: ArrayLike | None = None
    ) -> Target:
        """Return the indicator as float32."""
        if self.classes is not None:
            check_kind(y, indicator=True)
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
        classes, dtype = class_array(fitted), fitted["_indicator_dtype"]
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


def _warn_of_one_hot(y: np.ndarray) -> None:
    if len(y) >= MIN_ONE_HOT_SAMPLES and (y.sum(axis=1) == 1).all():
        warn_user(
            "y looks one-hot: every sample has exactly one label. If a sample always belongs to one class, pass "
            "y.argmax(axis=1). As y is, the net learns each column as a separate yes-or-no question.",
        )
