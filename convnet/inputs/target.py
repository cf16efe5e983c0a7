"""What an estimator makes of y and the weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from convnet.inputs.hints import Fitted


@dataclass(frozen=True, eq=False)
class Target:
    """What is learnt, of every row.

    Parameters
    ----------
    values : ndarray of shape (n,) or (n, n_outputs)
        For the trainer: int32 class numbers or float32.
    rows : ndarray of int64
        Rows of positive weight.
    weights : ndarray of float32 or None
        None is a weight of 1 for all rows.
    n_outputs : int
        Units of the head.
    loss : str
        The trainer's name of the loss.
    attributes : dict
        Fitted attributes, such as ``classes_``.
    class_weight : dict, default=None
        Weights of the classes by label, which are in `weights` too.
    """

    values: np.ndarray
    rows: np.ndarray
    weights: np.ndarray | None
    n_outputs: int
    loss: str
    attributes: Fitted
    class_weight: dict[Any, float] | None = None


def split(
    n: int, share: float, seed: int, strata: np.ndarray | None = None
) -> Sequence[np.ndarray]:
    """Return positions to train on and a share of them to hold out, of each value of `strata` where given."""
    from sklearn.model_selection import train_test_split  # slow to import

    return train_test_split(np.arange(n), test_size=share, stratify=strata, random_state=seed)
