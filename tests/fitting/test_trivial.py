"""Nets that are no better than a constant give a warning, and no others do."""

import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

from convnet import ConvNetClassifier, ConvNetRegressor
from convnet.layers import Dense, Dropout

MESSAGE = "no better than a constant prediction"


def learnable(n=300):
    """Return X, and a class and a number that depend on it."""
    X = np.random.default_rng(0).normal(size=(n, 6)).astype(np.float32)
    return X, (X[:, 0] > 0).astype(int) + (X[:, 1] > 1), X[:, 0] - X[:, 1]


def noise(n=300):
    rng = np.random.default_rng(1)
    return rng.normal(size=(n, 6)).astype(np.float32), rng.integers(0, 3, n), rng.normal(size=n)


def net(kind, **params):
    params = dict(learning_rate_init=0.01, learning_rate="constant", max_iter=20) | params
    return kind([Dense(8, activation="relu")], random_state=0, batch_size=30, **params)


@pytest.mark.parametrize("kind", [ConvNetClassifier, ConvNetRegressor])
@pytest.mark.parametrize("early_stopping", [False, True])
def test_a_rate_that_is_too_high(kind, early_stopping):
    X, *targets = learnable()
    y = targets[kind is ConvNetRegressor]
    clf = net(kind, solver="adam", learning_rate_init=1000, early_stopping=early_stopping)
    name = "validation" if early_stopping else "training"
    message = (
        rf"^{kind.__name__}: the net is {MESSAGE}. Its {name} loss is [\d.e+]+; the "
        r"(class frequencies|means of y) alone would give [\d.]+. "
        r"Training diverged. Lower learning_rate_init \(now 1000\)"
    )
    with pytest.warns(ConvergenceWarning, match=message):
        clf.fit(X, y)


@pytest.mark.parametrize("kind", [ConvNetClassifier, ConvNetRegressor])
def test_noise(kind):
    """After 100 updates, a net that has learned nothing gives a warning; before that, it may still be learning."""
    X, *targets = noise()
    y = targets[kind is ConvNetRegressor]
    X = X / 100  # the outputs are nearly 0 at first, which is no worse than a constant
    clf = net(kind, learning_rate_init=1e-5)
    with pytest.warns(ConvergenceWarning, match="check that X and y have the same order"):
        clf.set_params(max_iter=10, tol=-0.0).fit(X, y)  # 100 updates
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        worse = clf.set_params(max_iter=9).fit(X, y)
    assert worse.n_iter_ == 9


def quiet(estimator, *data, **params):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return estimator.fit(*data, **params)


def test_what_gives_no_warning():
    X, y, z = learnable()
    quiet(net(ConvNetClassifier), X, y)
    quiet(net(ConvNetRegressor), X, z)
    quiet(net(ConvNetRegressor, normalize_y=False, loss="absolute_error"), X, z)
    quiet(net(ConvNetRegressor), X, np.stack([z, z * 0], axis=1))  # a constant output
    for normalize_y in (True, False):  # a constant target
        quiet(net(ConvNetRegressor, normalize_y=normalize_y), X, np.full(300, 7.0))
    quiet(net(ConvNetClassifier), X, np.zeros((300, 2), int))  # labels that are constant
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        net(ConvNetClassifier, learning_rate_init=1000).partial_fit(X, y, classes=[0, 1, 2])


def test_the_loss_is_that_of_the_data():
    """Penalty, smoothing and dropout raise the loss that is minimized, but not the data loss."""
    X, y, _ = learnable()
    heavy = net(ConvNetClassifier, alpha=12.0)
    assert quiet(heavy, X, y).loss_ > 0.934  # as a data loss it would give a warning
    smooth = net(ConvNetClassifier, label_smoothing=0.6)
    assert quiet(smooth, X, y).loss_ > 0.9
    dropped = ConvNetClassifier(
        [Dense(64, activation="relu"), Dropout(0.99)], random_state=0, learning_rate_init=0.01
    )
    assert quiet(dropped, X, y).loss_ > 1


def test_weights_count():
    """The class frequencies are weighted: a majority class without weight does not count."""
    X, y, _ = noise()
    weights = np.where(y == 0, 1e-3, 1.0)
    with pytest.warns(ConvergenceWarning, match=r"alone would give 0\.69"):
        net(ConvNetClassifier, learning_rate_init=1000).fit(X, y, weights)


def test_a_class_that_only_the_validation_set_has():
    X, y, _ = learnable()
    train = y < 2
    with pytest.raises(ValueError, match="y_val"):
        net(ConvNetClassifier).fit(X[train], y[train], X_val=X, y_val=y)


def test_an_earlier_fit_chose_the_weights():
    X, y, _ = learnable()
    clf = net(ConvNetClassifier, warm_start=True, max_iter=5, learning_rate_init=0.01)
    data = dict(X_val=X[:100], y_val=y[:100])
    best = quiet(clf, X[100:], y[100:], **data).best_iter_
    quiet(clf.set_params(learning_rate_init=1000, max_iter=1), X[100:], y[100:], **data)
    assert clf.best_iter_ == best


@pytest.mark.parametrize("weighted", [False, True])
def test_the_training_score_is_recorded(weighted):
    """Of one batch that is not updated much, it is the score of the net."""
    X, y, z = learnable()
    weights = np.linspace(0.5, 3, 300) if weighted else None
    params = dict(batch_size=300, max_iter=1, learning_rate_init=1e-30)
    clf = net(ConvNetClassifier).set_params(**params).fit(X, y, weights)
    assert clf.history_["score"] == pytest.approx([clf.score(X, y, weights)], abs=1e-6)
    for targets in (z, 3 + 5 * np.stack([z, -z, z**2], axis=1)):
        for normalize_y in (True, False):
            reg = net(ConvNetRegressor, normalize_y=normalize_y).set_params(**params)
            reg.fit(X, targets, weights)
            expected = reg.score(X, targets, weights)
            assert reg.history_["score"] == pytest.approx([expected], rel=1e-4)
    labels = np.stack([y > 0, z > 0], axis=1).astype(int)
    clf.fit(X, labels, weights)
    assert clf.history_["score"] == pytest.approx([clf.score(X, labels, weights)], abs=1e-6)
    binary = clf.fit(X, z > 0, weights)
    assert binary.history_["score"] == pytest.approx([clf.score(X, z > 0, weights)], abs=1e-6)


def test_a_net_that_is_too_sure_but_predicts_better():
    """Overfitting raises the validation loss above that of a constant, while the score is better."""
    rng = np.random.default_rng(3)
    X = rng.normal(size=(80, 6)).astype(np.float32)
    y = (X[:, 0] + 0.7 * rng.normal(size=80) > 0).astype(int)
    clf = ConvNetClassifier(
        [Dense(256, activation="relu")],
        learning_rate_init=0.02,
        learning_rate="constant",
        max_iter=60,
        random_state=0,
        batch_size=10,
    )
    quiet(clf, X[:40], y[:40], X_val=X[40:], y_val=y[40:])
    assert clf.history_["score"][-1] == 1 and clf.validation_loss_curve_[-1] > np.log(2)


def test_targets_whose_mean_float32_cannot_hold():
    X = np.random.default_rng(4).normal(size=(300, 2)).astype(np.float32)
    for y in (np.full(300, 1 / 3), np.full((300, 2), 1000000.3)):
        quiet(net(ConvNetRegressor, normalize_y=False, max_iter=1), X, y)
    both = np.stack([X.sum(axis=1), np.full(300, 1 / 3)], axis=1)
    reg = net(ConvNetRegressor, normalize_y=False, max_iter=2).fit(
        X, both, np.linspace(0.1, 1, 300)
    )
    assert all(abs(score) < 100 for score in reg.history_["score"])
