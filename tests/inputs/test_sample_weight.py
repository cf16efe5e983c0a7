"""sample_weight and class_weight."""

import numpy as np
import pytest
from sklearn.base import clone

from convnet import ConvNetClassifier, ConvNetRegressor
from convnet.layers import Conv2D, Dense, MaxPool2D

NET = [Conv2D(6, 3, activation="relu"), MaxPool2D(2), Dense(16, activation="relu")]


@pytest.fixture
def clf():
    return ConvNetClassifier(NET, random_state=0, max_iter=5)


def test_weights_of_one_equal_none(clf, digits):
    X, y = digits
    expected = clone(clf).fit(X, y).predict_proba(X)
    for weights in (np.ones(len(X)), np.ones(len(X), int), [1] * len(X)):
        np.testing.assert_array_equal(
            clone(clf).fit(X, y, sample_weight=weights).predict_proba(X), expected
        )
    ones = clone(clf).set_params(class_weight=dict.fromkeys(range(10), 1)).fit(X, y)
    np.testing.assert_array_equal(ones.predict_proba(X), expected)


@pytest.mark.parametrize("n_classes", [2, 10])
def test_weight_two_is_a_row_given_twice(clf, digits, n_classes):
    X, y = digits[0][:200], digits[1][:200] % n_classes
    weights = np.random.default_rng(0).integers(0, 4, len(X))
    clf.set_params(batch_size=1000, shuffle=False, alpha=0.1, max_iter=20)
    weighted = clone(clf).fit(X, y, sample_weight=weights)
    repeated = clone(clf).fit(X.repeat(weights, axis=0), y.repeat(weights))
    np.testing.assert_allclose(
        weighted.predict_proba(X), repeated.predict_proba(X), rtol=0, atol=1e-4
    )
    np.testing.assert_allclose(weighted.loss_curve_, repeated.loss_curve_, rtol=1e-4)
    balanced = [clone(c).set_params(class_weight="balanced") for c in (weighted, repeated)]
    balanced[0].fit(X, y, sample_weight=weights)
    balanced[1].fit(X.repeat(weights, axis=0), y.repeat(weights))
    np.testing.assert_allclose(
        balanced[0].predict_proba(X), balanced[1].predict_proba(X), rtol=0, atol=1e-4
    )


@pytest.mark.filterwarnings("ignore:.*Only uint8 and uint16 are divided by their maximum")
def test_rows_of_weight_zero_are_removed(clf, digits):
    X, y = digits[0][:200].astype(np.float32), digits[1][:200].copy()
    weights = np.ones(200)
    weights[::3] = 0
    y[::3] = 99  # a class that no row of weight has
    kept = weights > 0
    clf.set_params(batch_size=16, shuffle=False)
    weighted = clone(clf).fit(X, y, sample_weight=weights)
    removed = clone(clf).fit(X[kept], y[kept])
    assert 99 not in weighted.classes_
    np.testing.assert_array_equal(weighted.predict_proba(X), removed.predict_proba(X))


def test_loss_is_a_weighted_mean(digits):
    X, y = digits[0][:100], digits[1][:100]
    weights = np.random.default_rng(0).random(100)
    clf = ConvNetClassifier(
        [], random_state=0, alpha=0, learning_rate_init=1e-30, max_iter=1, batch_size=30
    )
    clf.fit(X, y, sample_weight=weights)
    losses = -clf.predict_log_proba(X)[np.arange(100), y]
    assert clf.loss_ == pytest.approx(np.average(losses, weights=weights), rel=1e-5)


def test_alpha_is_divided_by_the_weights_of_the_batch(digits):
    X, y = digits[0][:100], digits[1][:100]
    clf = ConvNetClassifier(
        [], random_state=0, learning_rate_init=1e-30, max_iter=1, batch_size=100
    )
    plain = clone(clf).set_params(alpha=0).fit(X, y).loss_
    clf.set_params(alpha=5.0).fit(X, y)
    squares = sum(
        (w.astype(float) ** 2).sum() for name, w in clf.weights_.items() if name.endswith("weights")
    )
    assert clf.loss_ - plain == pytest.approx(5 / 2 * squares / 100, rel=1e-4)


def test_balanced_class_weight(two):
    X, y = two
    rows = np.r_[np.flatnonzero(y == "three")[:50], np.flatnonzero(y == "eight")[:5]]
    X, y = X[rows], y[rows]
    clf = ConvNetClassifier([], random_state=0, max_iter=5)
    as_dict = {"three": 55 / (2 * 50), "eight": 55 / (2 * 5)}
    p = [
        clone(clf).set_params(class_weight=w).fit(X, y).predict_proba(X)[:, 0].mean()
        for w in ("balanced", as_dict)
    ]
    assert p[0] == p[1] > clf.fit(X, y).predict_proba(X)[:, 0].mean()


def test_a_class_of_weight_zero_stays_a_class(digits):
    X, y = digits
    clf = ConvNetClassifier(NET, class_weight={9: 0}, max_iter=2).fit(X, y)
    assert clf.classes_[9] == 9 and clf.predict_proba(X).shape[1] == 10


@pytest.mark.parametrize(
    "weights, text",
    [
        ([1, 2, 3], "sample_weight has 3 entries; X has 4 samples."),
        ([[1, 1]] * 4, "sample_weight must have one entry per sample"),
        ([1, 1, 1, -1], "must not be negative"),
        ([1, 1, 1, 10**400], "Input sample_weight contains infinity or a value too large"),
        ([0] * 4, "zero for every sample"),
        ([1, 1, np.nan, 1], "Input sample_weight contains NaN"),
        ([1, 1, np.inf, 1], "Input sample_weight contains infinity"),
        ([1, 1, 1e300, 1], "out of the range of float32"),
    ],
)
def test_weights_that_cannot_be_used(weights, text):
    with pytest.raises(ValueError, match=text):
        ConvNetClassifier().fit(np.zeros((4, 2)), [0, 1, 0, 1], sample_weight=weights)


@pytest.mark.parametrize("value", [np.nan, np.inf, -1.0])
@pytest.mark.parametrize("kind", [ConvNetClassifier, ConvNetRegressor])
def test_weights_of_a_score(kind, value):
    net, X, y = kind(max_iter=1), np.zeros((4, 2)), np.array([0, 1, 0, 1])
    net.fit(X, y)
    for weights in ([1, 1, 1, value], [0] * 4, [1] * 3):
        with pytest.raises(ValueError, match="sample_weight"):
            net.score(X, y, weights)
    assert net.score(X, y, [1, 1, 0, 0]) == net.score(X[:2], y[:2])


def test_validation_is_weighted(digits):
    X, y = digits
    weights = np.where(y < 5, 1.0, 1e-9)
    y = np.where(y < 5, y, 0)  # worthless rows with a wrong label
    clf = ConvNetClassifier(NET, early_stopping=True, max_iter=20, batch_size=32, random_state=0)
    clf.set_params(learning_rate_init=3e-3).fit(X, y, sample_weight=weights)
    assert max(clf.validation_scores_) > 0.9
