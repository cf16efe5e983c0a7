"""y and weights as arrays: labels, indicators of several labels per sample, numbers; sample and class weights."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import issparse
from sklearn.utils import assert_all_finite, column_or_1d
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets, type_of_target

from convnet.data.arraylikes import ARRAY_ATTRIBUTES, as_array, as_objects
from convnet.values.constraints import as_float, is_number
from convnet.values.messages import listed, shortened, show

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


LABEL_LISTS = (
    "y has a list or a set of labels for a sample. Make y an indicator, with a column of 0 and 1 for each label: "
    "sklearn.preprocessing.MultiLabelBinarizer().fit_transform(y)."
)


MAX_TARGET = 1e150  # magnitude of a regression target: R² takes sums of squares


def as_target(y: Any, name: str = "y") -> Any:
    """Return y as an array or a sparse matrix: all of convnet sees it only after this. Its values are not checked.

    Raises
    ------
    TypeError
        If y is a single value, or cannot be made an array.
    ValueError
        If y has a list of labels for each sample, or lists of different lengths.
    """
    if issparse(y) or (type(y) is np.ndarray and y.ndim > 0):
        return y
    if _is_single(y):
        raise TypeError(
            f"{name} is {show(y)}. Pass an array or a list with a target for each sample."
        )
    try:
        return as_array(
            y,
            name,
            accept_sparse=True,
            ensure_2d=False,
            allow_nd=True,
            dtype=None,
            ensure_all_finite=False,
        )
    except ValueError:
        if _has_label_lists(y):
            raise ValueError(LABEL_LISTS) from None
        raise


def _is_single(y: Any) -> bool:
    """Return whether y is one value, such as a number or a string."""
    if isinstance(y, str | bytes) or getattr(y, "shape", None) == ():
        return True
    return not isinstance(y, Iterable) and not any(hasattr(y, name) for name in ARRAY_ATTRIBUTES)


def check_lengths(X: Any, y: Any) -> None:
    """Raise ValueError unless X, which has a length, and y, as `as_target` returns it, have as many samples."""
    if len(X) != y.shape[0]:
        raise ValueError(
            f"X has {len(X)} samples, but y has {y.shape[0]}. Pass a target for each sample."
        )


def _has_label_lists(y: Any) -> bool:
    """Return whether y lists the labels of each sample, whose numbers differ."""
    objects = as_objects(y)
    return objects.ndim == 1 and any(
        isinstance(one, list | tuple | set | frozenset) for one in objects
    )


def count_samples(y: Any) -> int | None:
    """Return the number of samples in y, or None if that is known only after y is converted."""
    shape = getattr(y, "shape", None)  # a sparse matrix has no length
    if shape:
        return shape[0]
    return len(y) if hasattr(y, "__len__") and shape is None else None


def as_labels(y: Any, name: str = "y") -> np.ndarray:
    """Return y, called `name` in errors, as a 1-D array of labels. Raise ValueError if its values cannot be classes."""
    y = as_array(y, name, ensure_2d=False, allow_nd=True, dtype=None, ensure_all_finite=False)
    if y.ndim > 2:
        raise ValueError(f"{name} must have shape (n,) or (n, n_labels); got {y.shape}.")
    y = column_or_1d(y, warn=True)
    _refuse_missing(y, name)
    assert_all_finite(y, input_name=name)
    with np.errstate(invalid="ignore"):  # numbers too large for an integer are not classes
        try:
            check_classification_targets(y)
        except ValueError as error:
            if y.dtype.kind != "f":
                raise
            fractions = y[y != np.trunc(y)]
            example = (
                fractions[0] if len(fractions) else np.abs(y).max()
            )  # too large for an integer
            raise ValueError(
                f"Unknown label type: continuous. {name} has numbers such as {example:g}. For classes, pass "
                "integers or strings. To predict numbers, use ConvNetRegressor."
            ) from error
    return y


def _refuse_missing(y: np.ndarray, name: str) -> None:
    """Raise ValueError if y has None or NaN."""
    if y.dtype.kind not in "fO":
        return
    missing = [_is_missing(one) for one in y.flat] if y.dtype == object else np.isnan(y)
    rows = np.flatnonzero(np.reshape(missing, (len(y), -1)).any(axis=1))
    if len(rows):
        raise ValueError(
            f"Input {name} contains NaN or None in {len(rows)} of {len(y)} samples; the first has index {rows[0]}. "
            "Remove these samples from X and y."
        )


def _is_missing(value: object) -> bool:
    """Return whether a value is None, NaN, or a missing value of pandas."""
    if isinstance(value, float):
        return value != value
    return value is None or type(value).__name__ in ("NAType", "NaTType")


def known_classes(
    found: np.ndarray, declared: ArrayLike | None, fitted: np.ndarray | None
) -> np.ndarray:
    """Return all classes, sorted.

    Parameters
    ----------
    found : ndarray
        The labels in y.
    declared : array-like or None
        The `classes` passed to ``partial_fit``.
    fitted : ndarray or None
        ``classes_`` of the fit that is resumed.
    """
    declared = None if declared is None else np.unique(as_labels(declared, "classes"))
    if fitted is not None and declared is not None and not np.array_equal(declared, fitted):
        raise ValueError(
            f"classes={_labels(declared)} are not those of the last call, {_labels(fitted)}."
        )
    known = next(labels for labels in (fitted, declared, found) if labels is not None)
    if len(known) < 2:
        raise ValueError(
            f"y has only one class, {_labels(known)}; a classifier needs two or more. If it is the first part of "
            "data that are sorted by class, shuffle the data before they are split."
        )
    new = np.setdiff1d(found, known)
    if len(new):
        raise ValueError(f"y has classes {_labels(new)} that are not among {_labels(known)}.")
    return known


def _labels(labels: np.ndarray) -> str:
    return f"[{listed(map(repr, labels.tolist()))}]"


def is_indicator(y: Any) -> bool:
    """Return whether y, as `as_target` returns it, is an indicator: two axes, and not a single column."""
    if issparse(y):
        return True
    if y.ndim == 1 and y.dtype == object and _has_label_lists(y[:1]):
        raise ValueError(LABEL_LISTS)
    return y.ndim == 2 and y.shape[1] != 1


def as_indicator(y: Any) -> np.ndarray:
    """Return y as a dense array of zeros and ones of shape (n, n_labels). Raise ValueError for other values."""
    y = as_array(y, "y", accept_sparse=True)
    y = y.toarray() if issparse(y) else y
    with np.errstate(invalid="ignore"):  # numbers too large for an integer are refused below
        check_classification_targets(y)
        kind = type_of_target(y, input_name="y")
    if kind == "multiclass-multioutput" or not np.isin(y, (0, 1)).all():
        raise ValueError(
            f"y of shape {y.shape} must be an indicator of 0 and 1, or of shape (n,) with one label per sample; "
            f"got {kind} with values such as {show(y[~np.isin(y, (0, 1))][0])}. For several targets with many "
            "classes, use sklearn.multioutput.MultiOutputClassifier."
        )
    return y


def as_numbers(y: Any, *, warn: bool = True) -> NDArray[np.float64]:
    """Return y as float64 of shape (n,) or (n, n_outputs). Raise ValueError unless all are numbers up to `MAX_TARGET`.

    With `warn`, a single column in place of one axis gives scikit-learn's warning.
    """
    y = as_array(y, "y", ensure_2d=False, allow_nd=True, dtype=None, ensure_all_finite=False)
    _refuse_missing(y, "y")
    try:
        y = as_array(y, "y", ensure_2d=False, allow_nd=True)
    except ValueError:
        text = next((one for one in y.ravel().tolist() if isinstance(one, str | bytes)), None)
        if text is None:
            raise
        raise ValueError(
            f"y has text such as {show(text)}. A regressor needs numbers. For classes, use ConvNetClassifier."
        ) from None
    if y.dtype.kind not in "buif":
        raise ValueError(f"y has dtype {y.dtype}; regression takes numbers.")
    if y.ndim > 2:
        raise ValueError(f"y must have shape (n,) or (n, n_outputs); got {y.shape}.")
    if y.ndim == 2 and y.shape[1] == 1:
        y = column_or_1d(y, warn=warn)
    y = as_array(y, "y", ensure_2d=False, dtype=np.float64, order="C")
    largest = np.abs(y).max(initial=0)
    if largest > MAX_TARGET:
        raise ValueError(
            f"y has values up to {largest:.3g}. Squares of values above {MAX_TARGET:g} are too large for "
            "dtype('float64'). Scale y."
        )
    return y


def check_sample_weight(
    sample_weight: ArrayLike | None, n: int | None, name: str = "sample_weight", of: str = "X"
) -> NDArray[np.float64] | None:
    """Return the weights as float64, or None. Raise ValueError unless they are finite, not negative and not all 0.

    Parameters
    ----------
    sample_weight : array-like of shape (n,) or None
        As passed.
    n : int or None
        Number of samples.
    name, of : str
        Names of the weights and of their samples in errors.
    """
    if sample_weight is None:
        return None
    weights = as_array(sample_weight, name, ensure_2d=False, allow_nd=True, dtype=np.float64)
    if weights.ndim != 1:
        raise ValueError(f"{name} must have one entry per sample; got shape {weights.shape}.")
    if len(weights) != n:
        raise ValueError(f"{name} has {len(weights)} entries; {of} has {n} samples.")
    if weights.min() < 0:
        raise ValueError(f"{name} must not be negative.")
    if not weights.any():
        raise ValueError(
            f"{name} is zero for every sample of {of}. Give at least one sample a positive weight."
        )
    return weights


def class_weights(
    class_weight: Any, classes: np.ndarray, codes: np.ndarray, sample_weight: np.ndarray | None
) -> NDArray[np.float64] | None:
    """Return a float64 weight for each class.

    Parameters
    ----------
    class_weight : dict, "balanced" or None
        "balanced" gives each class the weight Σ w / (K · Σ w of the class), where w is `sample_weight`.
    classes : ndarray
        The K labels, sorted.
    codes : ndarray of int
        Indices into `classes` of the samples of positive weight.
    sample_weight : ndarray or None
        Weights of those samples.

    Returns
    -------
    weights : ndarray of float64, shape (K,), or None
    """
    if class_weight is None:
        return None
    if isinstance(class_weight, str) and class_weight == "balanced":
        sums = np.bincount(codes, weights=sample_weight, minlength=len(classes))
        with np.errstate(over="ignore", invalid="ignore"):  # refused by `split_weights`
            return np.divide(
                sums.sum(), len(classes) * sums, out=np.zeros(len(classes)), where=sums > 0
            )
    if not isinstance(class_weight, dict):
        raise ValueError(
            f'class_weight must be a dict, "balanced" or None; got {show(class_weight)}.'
        )
    if not all(is_number(w) and 0 <= as_float(w) < np.inf for w in class_weight.values()):
        raise ValueError(
            f"class_weight must have finite weights, 0 or more; got {show(class_weight)}."
        )
    try:
        return compute_class_weight(class_weight, classes=classes, y=classes)
    except ValueError as error:
        raise shortened(error) from None


def split_weights(weights: np.ndarray) -> tuple[NDArray[np.int64], NDArray[np.float32] | None]:
    """Return the indices of the samples of positive weight, and the weights as float32, None if all of those are 1."""
    with np.errstate(over="ignore", under="ignore"):
        weights = weights.astype(np.float32)
    rows = np.flatnonzero(weights)
    if not np.isfinite(weights).all() or not len(rows):
        raise ValueError(
            "sample_weight times class_weight is out of the range of float32, or 0 for all samples."
        )
    return rows.astype(np.int64, copy=False), None if (weights[rows] == 1).all() else weights
