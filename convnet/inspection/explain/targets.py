"""Which output of the net an explanation is of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from convnet.inputs.hints import Aims


def class_aims(codes: ArrayLike, n_outputs: int) -> Aims:
    """Return the numbers of the outputs, and their signs, that stand for classes by number."""
    codes = np.asarray(codes, dtype=np.intp)
    if n_outputs == 1:
        return np.zeros_like(codes), 2 * codes - 1
    return codes, np.ones_like(codes)


def output_aims(units: ArrayLike) -> Aims:
    """Return the numbers of the outputs, and their signs, of outputs that stand for themselves."""
    units = np.asarray(units, dtype=np.intp)
    return units, np.ones_like(units)


def codes_of(labels: Any, known: np.ndarray, n: int, name: str = "target") -> NDArray[np.intp]:
    """Return the number of each label.

    Parameters
    ----------
    labels : object or array-like of shape (n,)
        One for all rows, or one each.
    known : ndarray of shape (k,)
        All labels.
    n : int
        Rows of X.
    name : str, default="target"
        What they are called in errors.

    Returns
    -------
    codes : ndarray of int, shape (n,)

    Raises
    ------
    ValueError
        An unknown label, with the known ones; an array of another length.
    """
    labels = np.asarray(labels)
    if labels.ndim > 1 or (labels.ndim == 1 and len(labels) != n):
        raise ValueError(f"{name} has shape {labels.shape}; X has {n} rows.")
    numbers = {label: i for i, label in enumerate(known.tolist())}
    listed = labels.tolist() if labels.ndim else [labels.item()]
    if unknown := [label for label in listed if label not in numbers]:
        raise ValueError(f"{name} {unknown[0]!r} is none of {', '.join(map(repr, numbers))}.")
    return np.resize([numbers[label] for label in listed], n)
