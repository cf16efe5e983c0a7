"""Regression: one number or several per sample."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from sklearn.metrics import r2_score

from convnet.graph.losses import mean_loss
from convnet.inputs.target_scaling import MAX_FLOAT32, TargetScaling
from convnet.inputs.targets import as_numbers, split_weights
from convnet.inputs.tasks.base import Target, Task
from convnet.inspection.explain.targets import label_codes, output_targets

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import ArrayLike, NDArray

    from convnet.inspection.explain import TargetOutputs


# Some solvers square the gradients of squared errors.
MAX_SQUARED_ERROR_TARGET = np.sqrt(MAX_FLOAT32)


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
