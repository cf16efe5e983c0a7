"""Task: what a net learns to predict.

A `Task` encodes y for the trainer, splits off a validation set, computes its metrics, and knows which output of the net
stands for what. Estimators make one from their parameters, and from the fitted attributes if they have them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

    from convnet.inputs.target_scaling import TargetScaling
    from convnet.inspection.explain import TargetOutputs


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
        return split_indices(len(targets), validation_fraction, seed)


def split_indices(
    n: int, validation_fraction: float, seed: int, strata: np.ndarray | None = None
) -> Sequence[np.ndarray]:
    """Return shuffled indices of both sets, with the same share of each value of `strata`."""
    from sklearn.model_selection import train_test_split  # slow to import

    return train_test_split(
        np.arange(n), test_size=validation_fraction, stratify=strata, random_state=seed
    )
