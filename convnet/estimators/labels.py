"""Labels and class numbers."""

import numpy as np
from sklearn.utils import assert_all_finite, check_array, column_or_1d
from sklearn.utils.multiclass import check_classification_targets


def as_labels(y):
    """Return y as a 1-D array of labels; ValueError for what cannot be classes."""
    y = check_array(
        y, ensure_2d=False, allow_nd=True, dtype=None, ensure_all_finite=False, input_name="y"
    )
    y = column_or_1d(y, warn=True)
    assert_all_finite(y, input_name="y")
    check_classification_targets(y)
    return y


def known_classes(found, classes, fitted):
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


def likeliest(logits):
    """Return class numbers: of the largest logit, or whether the only one is above 0."""
    if logits.shape[1] == 1:
        return (logits[:, 0] > 0).astype(np.intp)
    return logits.argmax(axis=1)
