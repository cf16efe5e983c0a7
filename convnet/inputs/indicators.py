"""Indicators: any number of labels a row, as a column of zeros and ones for each label."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import issparse
from sklearn.utils import check_array
from sklearn.utils.multiclass import check_classification_targets, type_of_target

from convnet.inputs.sample_weight import split_weights
from convnet.inputs.target import Target
from convnet.values.fields import show

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


ONE_HOT_ROWS = 10  # fewer may have one label each by chance
LISTS = (
    "y has a list or a set of labels in a row. Make it an indicator, a column of 0 and 1 for each label: "
    "sklearn.preprocessing.MultiLabelBinarizer().fit_transform(y)."
)


def is_indicator(y: Any) -> bool:
    """Return whether y has the shape of an indicator: two axes, and not a single column."""
    if issparse(y):
        return True
    try:
        y = y if hasattr(y, "shape") else np.asarray(y)
    except ValueError:  # rows of several lengths make no array
        raise ValueError(LISTS) from None
    row = np.asarray(y[:1]).tolist() if len(y.shape) == 1 else ()
    if any(isinstance(labels, list | tuple | set | frozenset) for labels in row):
        raise ValueError(LISTS)
    return len(y.shape) == 2 and y.shape[1] != 1


def as_indicator(y: Any) -> np.ndarray:
    """Return y as a dense array of zeros and ones, shape (n, n_labels); ValueError for what is none."""
    y = check_array(y, accept_sparse=True, input_name="y")
    y = y.toarray() if issparse(y) else y
    with np.errstate(invalid="ignore"):  # of numbers too large for an integer, which are refused
        check_classification_targets(y)
        kind = type_of_target(y, input_name="y")
    if kind == "multiclass-multioutput" or not np.isin(y, (0, 1)).all():
        raise ValueError(
            f"y of shape {y.shape} must be an indicator of 0 and 1, or of shape (n,) with one label a row; "
            f"got {kind} with values such as {y[~np.isin(y, (0, 1))][0]!r}. For several targets of many "
            "classes there is sklearn.multioutput.MultiOutputClassifier."
        )
    return y


def encode_indicator(
    y: Any,
    sample_weight: NDArray[np.float64] | None,
    class_weight: object,
    *,
    classes: ArrayLike | None,
    fitted: np.ndarray | None,
) -> Target:
    """Return the `Target` of an indicator.

    Parameters
    ----------
    y : array-like or sparse matrix of shape (n, n_labels)
        Zeros and ones.
    sample_weight : ndarray of float64, shape (n,), or None
        Weights of the rows.
    class_weight : None
        Anything else is refused: a row has no one class.
    classes : array-like or None
        What was passed to ``partial_fit``: the numbers of the columns.
    fitted : ndarray or None
        ``classes_`` of the fit that goes on.
    """
    y = as_indicator(y)
    if class_weight is not None:
        raise ValueError(
            f"class_weight={show(class_weight)} needs one label a row, but y is an indicator of shape {y.shape}. "
            "Set class_weight=None; sample_weight weighs rows."
        )
    numbers = np.arange(y.shape[1])
    if classes is not None and not np.array_equal(np.ravel(classes), numbers):
        raise ValueError(
            f"classes of an indicator with {len(numbers)} columns are their numbers, 0 to {len(numbers) - 1}, or "
            f"None; got {show(classes)}."
        )
    if fitted is not None and len(fitted) != len(numbers):
        raise ValueError(f"y has {len(numbers)} columns; the net has {len(fitted)} outputs.")
    given = np.ones(len(y)) if sample_weight is None else sample_weight
    rows, weights = split_weights(given)
    values = np.ascontiguousarray(y, dtype=np.float32)
    if fitted is None:
        _warn_of_one_hot(values)
    return Target(
        values=values,
        rows=rows,
        weights=weights,
        n_outputs=len(numbers),
        loss="sigmoid",
        attributes={"classes_": numbers, "_indicator_dtype": y.dtype},
    )


def _warn_of_one_hot(y: np.ndarray) -> None:
    if len(y) >= ONE_HOT_ROWS and (y.sum(axis=1) == 1).all():
        warnings.warn(
            "Every row of y has exactly one label. If the labels exclude each other, pass y.argmax(axis=1): one "
            "label a row trains a softmax, an indicator trains each label by itself.",
            UserWarning,
            stacklevel=2,
        )
