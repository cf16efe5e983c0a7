"""Labels, class numbers, and what a net learns of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils import assert_all_finite, check_array, column_or_1d
from sklearn.utils.multiclass import check_classification_targets

from convnet.inputs.sample_weight import class_weights, split_weights
from convnet.inputs.target import Target

if TYPE_CHECKING:
    from collections.abc import Sized

    from numpy.typing import ArrayLike, NDArray


def as_labels(y: Any) -> np.ndarray:
    """Return y as a 1-D array of labels; ValueError for what cannot be classes."""
    y = check_array(
        y, ensure_2d=False, allow_nd=True, dtype=None, ensure_all_finite=False, input_name="y"
    )
    y = column_or_1d(y, warn=True)
    assert_all_finite(y, input_name="y")
    with np.errstate(invalid="ignore"):  # of numbers too large for an integer, which are no classes
        check_classification_targets(y)
    return y


def known_classes(
    found: np.ndarray, classes: ArrayLike | None, fitted: np.ndarray | None
) -> np.ndarray:
    """Return all labels, sorted.

    Parameters
    ----------
    found : ndarray
        The labels in y.
    classes : array-like or None
        What was passed to ``partial_fit``.
    fitted : ndarray or None
        ``classes_`` of the fit that goes on.
    """
    declared = None if classes is None else np.unique(as_labels(classes))
    if fitted is not None and declared is not None and not np.array_equal(declared, fitted):
        raise ValueError(
            f"classes={declared.tolist()} are not those of the last call, {fitted.tolist()}."
        )
    known = next(labels for labels in (fitted, declared, found) if labels is not None)
    if len(known) < 2:
        raise ValueError(f"y has only one class, {known.tolist()}; a classifier needs two or more.")
    new = np.setdiff1d(found, known)
    if len(new):
        raise ValueError(f"y has classes {new.tolist()} that are not among {known.tolist()}.")
    return known


def encode(
    y: Any,
    sample_weight: NDArray[np.float64] | None,
    class_weight: Any,
    *,
    classes: ArrayLike | None,
    fitted: np.ndarray | None,
) -> Target:
    """Return the `Target` of labels; `classes` and `fitted` as for `known_classes`."""
    y = as_labels(y)
    given = np.ones(len(y)) if sample_weight is None else sample_weight
    rows = np.flatnonzero(given)
    known = known_classes(np.unique(y[rows]), classes, fitted)
    codes = np.zeros(len(y), dtype=np.int32)
    codes[rows] = np.searchsorted(known, y[rows])
    factors = class_weights(class_weight, known, codes[rows], given[rows])
    if factors is not None:
        with np.errstate(over="ignore", invalid="ignore"):  # which is refused next
            given = given * factors[codes]
    rows, weights = split_weights(given)
    n_outputs = count_outputs(known)
    return Target(
        values=codes.astype(np.float32) if n_outputs == 1 else codes,
        rows=rows,
        weights=weights,
        n_outputs=n_outputs,
        loss="sigmoid" if n_outputs == 1 else "softmax",
        attributes={"classes_": known},
        class_weight=None if factors is None else dict(zip(known.tolist(), factors, strict=True)),
    )


def count_outputs(classes: Sized) -> int:
    """Return the units of the head: one for two classes, else one each."""
    return 1 if len(classes) == 2 else len(classes)


def likeliest(logits: np.ndarray) -> NDArray[np.intp]:
    """Return class numbers: of the largest logit, or whether the only one is above 0."""
    if logits.shape[1] == 1:
        return (logits[:, 0] > 0).astype(np.intp)
    return logits.argmax(axis=1)
