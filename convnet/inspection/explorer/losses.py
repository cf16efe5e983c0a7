"""How wrong each prediction is, to sort images by it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from convnet.inspection.explorer.samples import FinalFunction

LEAST = np.finfo(np.float64).tiny  # probability of a label that the net does not know


def sample_losses(
    final: FinalFunction, true: np.ndarray, values: np.ndarray
) -> NDArray[np.float64]:
    """Return the loss of each prediction.

    Parameters
    ----------
    final : FinalFunction
        What the net predicts.
    true : ndarray of shape (n,), (n, n_classes) or (n, n_outputs)
        Positions of the labels in the classes, -1 for labels that are not among them; an indicator of several labels;
        or the values of a regressor.
    values : ndarray of shape (n, n_classes) or (n, n_outputs)
        Probabilities, or predicted values.

    Returns
    -------
    losses : ndarray of shape (n,)
        −log of the label's probability. Of several labels: how many are wrong, plus a fraction below 1 that grows with
        their mean log loss. Of one number: its distance from the label. Of several: the Euclidean distance in units of
        their standard deviations.
    """
    values = np.asarray(values, np.float64).reshape(len(true), -1)
    if final.name == "identity":
        residuals = np.reshape(true, values.shape) - values
        if residuals.shape[1] > 1 and final.scale is not None:
            residuals = residuals / final.scale
        return np.sqrt(np.sum(residuals**2, axis=1))
    if final.name == "multilabel":
        positive = np.asarray(true, bool)
        wrong = np.sum((values > 0.5) != positive, axis=1)
        log_loss = -np.log(np.maximum(np.where(positive, values, 1 - values), LEAST)).mean(axis=1)
        return wrong + log_loss / (1 + log_loss)
    p = np.where(true >= 0, values[np.arange(len(true)), np.maximum(true, 0)], 0)
    return -np.log(np.maximum(p, LEAST)) + 0.0  # 0.0: no negative zero
