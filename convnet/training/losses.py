"""Probabilities and losses in float64, from the logits of one output (two classes) or of K."""

import numpy as np


def log_probabilities(logits):
    """Return log p of each class.

    Parameters
    ----------
    logits : ndarray of shape (n, 1) or (n, K)
        One logit z means two classes: log p = (-log(1 + eᶻ), -log(1 + e⁻ᶻ)).

    Returns
    -------
    log_p : ndarray of float64, shape (n, 2) or (n, K)
    """
    z = np.asarray(logits, dtype=np.float64)
    if z.shape[1] == 1:
        return -np.logaddexp(0.0, z * [1.0, -1.0])
    z = z - z.max(axis=1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=1, keepdims=True))


def probabilities(logits):
    """Return p of each class, float64, rows that sum to 1; shapes as `log_probabilities`."""
    p = np.exp(log_probabilities(logits))
    return p / p.sum(axis=1, keepdims=True)


def cross_entropy(logits, targets, weights=None):
    """Return Σ w·(-log p of the target) / Σ w; `targets` are class numbers."""
    log_p = log_probabilities(logits)
    losses = -log_p[np.arange(len(log_p)), np.asarray(targets, dtype=np.intp)]
    return float(np.average(losses, weights=weights))
