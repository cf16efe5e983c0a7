"""Several labels a row, from an indicator."""

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix
from sklearn.base import clone
from sklearn.metrics import accuracy_score, f1_score
from sklearn.neural_network import MLPClassifier

from convnet import ConvNetClassifier
from convnet.layers import Conv2D, Dense, MaxPool2D

NET = [Conv2D(8, 3, activation="relu"), MaxPool2D(2), Dense(32, activation="relu")]


@pytest.fixture(scope="module")
def labels(digits):
    """Of each digit: is it odd, is it above 4, is it a multiple of 3."""
    y = digits[1]
    return np.column_stack([y % 2, y > 4, y % 3 == 0]).astype(np.int64)


@pytest.fixture(scope="module")
def clf():
    return ConvNetClassifier(
        NET, batch_size=32, learning_rate_init=3e-3, random_state=0, learning_rate="constant"
    )


@pytest.fixture(scope="module")
def fitted(clf, digits, labels):
    return clone(clf).fit(digits[0], labels)


def test_it_learns_and_scores_whole_rows(fitted, digits, labels):
    X = digits[0]
    assert fitted.score(X, labels) == accuracy_score(labels, fitted.predict(X)) > 0.9


def test_outputs(fitted, digits):
    X = digits[0][:50]
    logits, p = fitted.decision_function(X), fitted.predict_proba(X)
    for array in (logits, p, fitted.predict_log_proba(X)):
        assert array.dtype == np.float64 and array.shape == (50, 3)
    np.testing.assert_allclose(p, 1 / (1 + np.exp(-logits)), rtol=1e-12)
    np.testing.assert_allclose(fitted.predict_log_proba(X), np.log(p), rtol=1e-9)
    np.testing.assert_array_equal(fitted.predict(X), p > 0.5)
    assert fitted.layers_[-1].output_shape == (3,)


def test_fitted_attributes_are_those_of_mlpclassifier(fitted, digits, labels):
    X = digits[0].reshape(len(labels), 64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        peer = MLPClassifier((4,), max_iter=1).fit(X, labels)
    np.testing.assert_array_equal(fitted.classes_, peer.classes_)
    ours, theirs = fitted.predict(digits[0]), peer.predict(X)
    assert ours.shape == theirs.shape and ours.dtype == theirs.dtype


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int64, np.float64])
def test_every_dtype_and_sparse_give_the_same(clf, fitted, digits, labels, dtype):
    X = digits[0]
    for y in (labels.astype(dtype), csr_matrix(labels.astype(dtype))):
        other = clone(clf).set_params(max_iter=2).fit(X, y)
        expected = clone(clf).set_params(max_iter=2).fit(X, labels).predict_proba(X)
        np.testing.assert_array_equal(other.predict_proba(X), expected)
        assert isinstance(other.predict(X), np.ndarray) and other.predict(X).dtype == dtype


def test_lists_will_do(clf, digits, labels):
    X = digits[0][:40]
    other = clone(clf).set_params(max_iter=1).fit(X, labels[:40].tolist())
    assert other.predict(X).shape == (40, 3)


def test_one_label_is_trained_as_two_classes(clf, digits, labels):
    """A column repeated is the mean of two equal losses, so that the head alone differs, in the last digits."""
    X, y = digits[0], labels[:, 0]
    net = clone(clf).set_params(
        layers=[], max_iter=5, alpha=0, solver="sgd", learning_rate_init=0.1
    )
    one = clone(net).fit(X, y)
    two = clone(net).set_params(learning_rate_init=0.2).fit(X, np.column_stack([y, y]))
    assert (one.predict(X) == two.predict(X)[:, 0]).mean() > 0.97
    assert abs(one.loss_ - two.loss_) < 0.05


def test_the_loss_is_the_mean_over_labels(digits, labels):
    """The first step's loss, against float64."""
    X = digits[0]
    weights = np.linspace(0.5, 2, len(X))
    clf = ConvNetClassifier(
        NET,
        batch_size=len(X),
        learning_rate_init=1e-30,
        alpha=0,
        max_iter=1,
        random_state=0,
        learning_rate="constant",
    ).fit(X, labels, weights)
    z = clf.decision_function(X)
    losses = (np.logaddexp(0, z) - labels * z).mean(axis=1)
    assert clf.loss_ == pytest.approx(np.average(losses, weights=weights), rel=1e-5)


def test_early_stopping(clf, digits, labels):
    X = digits[0]
    early = clone(clf).set_params(early_stopping=True, max_iter=4).fit(X, labels)
    train, held = early._task(labels).split(labels.astype(np.float32), 0.1, early._validation_split)
    assert len(held) == 60 and not np.intersect1d(train, held).size
    assert early.validation_scores_[early.best_iter_ - 1] == pytest.approx(
        early.score(X[held], labels[held])
    )
    z, y = early.decision_function(X[held]), labels[held]
    loss = (np.logaddexp(0, z) - y * z).mean()
    assert early.validation_loss_curve_[early.best_iter_ - 1] == pytest.approx(loss, rel=1e-5)


@pytest.mark.parametrize("form", [np.asarray, csr_matrix])
def test_validation_on_rows_that_are_passed(clf, digits, labels, form):
    X = digits[0]
    net = clone(clf).set_params(max_iter=3, scoring="f1_macro")
    net.fit(X[:400], form(labels[:400]), X_val=X[400:], y_val=form(labels[400:]))
    best = max(net.validation_scores_)
    assert best == f1_score(labels[400:], net.predict(X[400:]), average="macro")
    for y_val, message in [
        (digits[1][400:], "y_val: y is one label per sample, but the net has learned an indicator"),
        (labels[400:, :2], "y_val: y has 2 columns; the net has 3 outputs"),
        (form(labels[401:]), "y_val has 199 entries; X_val has 200 samples"),
    ]:
        with pytest.raises(ValueError, match=message):
            net.fit(X[:400], form(labels[:400]), X_val=X[400:], y_val=y_val)


def test_partial_fit_is_unshuffled_epochs(clf, digits, labels):
    X = digits[0]
    whole = clone(clf).set_params(shuffle=False, max_iter=2).fit(X, labels)
    parts = clone(clf).set_params(shuffle=False)
    parts.partial_fit(X, labels).partial_fit(X, labels, classes=[0, 1, 2])
    np.testing.assert_array_equal(parts.predict_proba(X), whole.predict_proba(X))


@pytest.mark.parametrize(
    "rows",
    [
        [[0], [1, 2]],
        [{0}, {1, 2}],
        pd.Series([[0], [1, 2]]),
        np.array([(0,), (1, 2)], dtype=object),
    ],
)
def test_labels_in_lists_are_refused_with_the_way_to_an_indicator(clf, digits, rows):
    with pytest.raises(ValueError, match=r"^y has a list .*MultiLabelBinarizer"):
        clf.fit(digits[0][:2], rows)


def test_pickle(fitted, digits):
    X = digits[0][:20]
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(fitted)).predict(X), fitted.predict(X))


def test_fitting_again_forgets_the_indicator(clf, digits, labels):
    X, y = digits
    both = clone(clf).set_params(max_iter=1).fit(X, labels).fit(X, y)
    assert both.predict(X).shape == y.shape and both.predict_proba(X).shape == (len(y), 10)


def test_class_weight_is_refused(clf, digits, labels):
    for weight in ("balanced", {0: 2.0, 1: 1.0}):
        with pytest.raises(ValueError, match=r"class_weight=.* needs one label per sample"):
            clone(clf).set_params(class_weight=weight).fit(digits[0], labels)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (
            [[0, 1, 2], [1, 1, 0], [2, 2, 0]],
            "must be an indicator of 0 and 1, .*multiclass-multioutput",
        ),
        ([[1, 2], [2, 1], [1, 1]], "must be an indicator of 0 and 1"),
        ([[0.5, 1], [0.25, 0], [1, 1]], "Unknown label type: continuous-multioutput"),
        ([[0, np.nan], [1, 0], [1, 1]], "Input y contains NaN"),
        ([[0, np.inf], [1, 0], [1, 1]], "Input y contains infinity"),
        ([[], [], []], "0 feature"),
        ([[0, 1], [1, 0]], "X has 3 samples, but y has 2"),
    ],
)
def test_what_is_no_indicator_is_refused(digits, y, message):
    with pytest.raises(ValueError, match=message):
        ConvNetClassifier([Dense(2)], learning_rate="constant").fit(digits[0][:3], np.array(y))


def test_a_fit_that_goes_on_keeps_to_its_kind_of_y(clf, digits, labels):
    X, y = digits
    for first, second, message in [
        (labels, y, "y is one label per sample, but the net has learned an indicator"),
        (y, labels, "y is an indicator of several labels per sample, but the net has learned one"),
        (labels, labels[:, :2], "y has 2 columns; the net has 3 outputs"),
    ]:
        warm = clone(clf).set_params(max_iter=1, warm_start=True).fit(X, first)
        with pytest.raises(ValueError, match=message):
            warm.fit(X, second)
    with pytest.raises(ValueError, match="classes of an indicator with 3 columns"):
        clone(clf).partial_fit(X, labels, classes=[0, 1])


def test_one_hot_labels_get_a_warning(clf, digits, labels):
    X, y = digits
    net = clone(clf).set_params(max_iter=1)
    with pytest.warns(UserWarning, match=r"exactly one label.*y.argmax"):
        net.fit(X, np.eye(10)[y])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        net.fit(X, labels)


def test_a_single_column_is_a_column_of_labels(clf, digits, labels):
    X, y = digits[0], labels[:, :1]
    with pytest.warns(UserWarning, match="column-vector y"):
        net = clone(clf).set_params(max_iter=1).fit(X, y)
    assert net.predict(X).shape == (len(X),)


def test_summary_counts_the_labels(digits, labels):
    summary = ConvNetClassifier(NET, learning_rate="constant").summary(digits[0], labels)
    assert summary.layers[-1].output_shape == (3,)
    assert (
        ConvNetClassifier(NET, learning_rate="constant")
        .summary(digits[0], csr_matrix(labels))
        .layers[-1]
        .name
        == "output"
    )
