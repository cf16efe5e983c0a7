"""What fit promises: weights against repeated rows, partial_fit against fit."""

import numpy as np
import pytest
from fits import assert_same_fit
from sklearn.base import clone

from convnet import ConvNetClassifier
from convnet.layers import BatchNorm, Conv2D, Dense, Dropout, MaxPool2D
from convnet.schedules import OneCycle, Warmup

PLAIN = [Conv2D(4, 3, activation="relu"), MaxPool2D(2), Dense(8, activation="relu")]
RANDOM = [Conv2D(4, 3), BatchNorm(), Dropout(0.3), Dense(8, activation="relu")]
SOLVERS = ("adam", "adamw", "rmsprop", "sgd")


@pytest.fixture
def data(digits):
    return digits[0][:120], digits[1][:120]


def assert_close(one, other, tolerance):
    np.testing.assert_allclose(other.loss_curve_, one.loss_curve_, atol=tolerance)
    for name, weights in one.weights_.items():
        np.testing.assert_allclose(other.weights_[name], weights, atol=tolerance, err_msg=name)


@pytest.mark.parametrize("solver", SOLVERS)
def test_weights_of_ones_are_none(data, solver):
    """To the bit, whatever else depends on the rows that are drawn."""
    clf = ConvNetClassifier(
        RANDOM, solver=solver, max_iter=3, batch_size=32, random_state=0, early_stopping=True,
        label_smoothing=0.1, clip_norm=1.0, learning_rate=Warmup(1, OneCycle()),
    )  # fmt: skip
    plain = clone(clf).fit(*data)
    ones = np.ones(120)
    assert_same_fit(plain, clone(clf).fit(*data, sample_weight=ones))
    assert_same_fit(plain, clone(clf).fit(*data, sample_weight=[1] * 120))
    same = dict.fromkeys(range(10), 1.0)
    assert_same_fit(plain, clone(clf).set_params(class_weight=same).fit(*data))


def full_batch(**params):
    """A net whose one batch an epoch covers all rows, and where nothing depends on the rows drawn."""
    return ConvNetClassifier(PLAIN, max_iter=5, batch_size=10**6, random_state=0, **params)


# Adam divides by the size of a gradient: rounding counts in full where that is nearly 0, unless epsilon is large.
CASES = [{"solver": "sgd", "learning_rate_init": 0.1}, {"solver": "sgd", "clip_norm": 0.1}]
CASES += [{"solver": s, "epsilon": 1e-2, "label_smoothing": 0.1} for s in SOLVERS[:3]]


@pytest.mark.parametrize("params", CASES)
def test_integer_weights_are_repeated_rows(data, params):
    X, y = data
    counts = np.arange(120) % 4  # 0 drops a row, 2 is a row twice
    rows = np.repeat(np.arange(120), counts)
    weighted = full_batch(**params).fit(X, y, sample_weight=counts)
    assert_close(weighted, full_batch(**params).fit(X[rows], y[rows]), 1e-4)
    unweighted = full_batch(**params).fit(X, y)
    assert abs(unweighted.loss_ - weighted.loss_) > 1e-3


@pytest.mark.parametrize("params", CASES)
def test_integer_class_weights_are_repeated_rows(data, params):
    X, y = data
    weights = {label: label % 3 + 1 for label in range(10)}
    rows = np.repeat(np.arange(120), [weights[label] for label in y])
    weighted = full_batch(class_weight=weights, **params).fit(X, y)
    assert_close(weighted, full_batch(**params).fit(X[rows], y[rows]), 1e-4)


@pytest.mark.parametrize("solver", SOLVERS)
def test_two_partial_fits_are_two_unshuffled_epochs(data, solver):
    clf = ConvNetClassifier(
        RANDOM, solver=solver, shuffle=False, batch_size=32, max_iter=2, random_state=0,
        learning_rate="one_cycle", clip_norm=1.0, label_smoothing=0.1,
    )  # fmt: skip
    whole, parts = clone(clf).fit(*data), clone(clf)
    for _ in range(2):
        parts.partial_fit(*data, classes=range(10))
    assert_same_fit(whole, parts)
    np.testing.assert_array_equal(whole.predict_proba(data[0]), parts.predict_proba(data[0]))
