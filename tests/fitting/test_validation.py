"""Validation sets: where they come from, that they are not trained on, and which weights they choose."""

import numpy as np
import pandas as pd
import pytest
from fits import assert_same_weights
from sklearn.base import clone
from sklearn.metrics import log_loss

from convnet import ConvNetClassifier
from convnet.graph import Trainer
from convnet.layers import BatchNorm, Conv2D, Dense
from convnet.training.examples import permutation

SMALL = [Conv2D(4, 3, activation="relu"), Dense(8, activation="relu")]


@pytest.fixture
def parts(digits):
    """Rows to train and to validate on."""
    X, y = digits
    return X[:300], y[:300], dict(X_val=X[300:400], y_val=y[300:400])


@pytest.fixture
def clf():
    return ConvNetClassifier(
        SMALL,
        max_iter=3,
        random_state=0,
        batch_size=50,
        learning_rate_init=0.01,
        learning_rate="constant",
    )


def spy(monkeypatch):
    """Return a list of (X, rows) of each step from now on."""
    real, seen = Trainer.step, []

    def step(self, X, y, rows, *args, **kwargs):
        seen.append((X, rows.copy()))
        return real(self, X, y, rows, *args, **kwargs)

    monkeypatch.setattr(Trainer, "step", step)
    return seen


def assert_same_fit(one, other, **tolerance):
    for name in ("loss_curve_", "validation_loss_curve_", "validation_scores_"):
        np.testing.assert_allclose(
            getattr(one, name), getattr(other, name), **(tolerance or {"rtol": 0})
        )
    for name, weights in one.weights_.items():
        np.testing.assert_allclose(other.weights_[name], weights, **(tolerance or {"rtol": 0}))


def test_no_row_held_out_is_trained_on(clf, digits, parts, monkeypatch):
    X, y, val = parts
    seen = spy(monkeypatch)
    clf.fit(X, y, **val)
    assert all(np.shares_memory(data, X) and len(data) == 300 for data, _ in seen)
    assert sorted(np.concatenate([rows for _, rows in seen])) == sorted([*range(300)] * 3)
    seen.clear()
    clf.set_params(early_stopping=True, validation_fraction=0.2).fit(X, y)
    trained = np.concatenate([rows for _, rows in seen])
    train, held = clf._task(y).split(y, 0.2, clf._validation_split)
    assert len(held) == 60 and not np.isin(held, trained).any()
    assert sorted(trained) == sorted([*train] * 3)


def test_a_split_is_the_same_as_passing_its_rows(clf, digits):
    X, y = digits[0][:300], digits[1][:300]
    clf.set_params(shuffle=False, layers=[Conv2D(4, 3), BatchNorm(), Dense(8, activation="relu")])
    split = clone(clf).set_params(early_stopping=True).fit(X, y)
    train, held = (np.sort(rows) for rows in clf._task(y).split(y, 0.1, split._validation_split))
    val = dict(X_val=X[held], y_val=y[held])
    assert_same_fit(
        split, clone(clf).set_params(early_stopping=True).fit(X[train], y[train], **val)
    )
    assert_same_fit(split, clf.fit(X[train], y[train], **val))


def test_the_curves_are_those_of_the_net_after_each_epoch(clf, parts):
    X, y, val = parts
    clf.fit(X, y, **val)
    for n in (1, 2, 3):
        step = clone(clf).set_params(max_iter=n).fit(X, y)
        p = step.predict_proba(val["X_val"])
        assert clf.validation_loss_curve_[n - 1] == pytest.approx(
            log_loss(val["y_val"], p, labels=range(10)), rel=1e-9
        )
        assert clf.validation_scores_[n - 1] == step.score(*val.values())
    assert set(clf.history_) == {
        *("loss", "score", "learning_rate", "seconds", "validation_loss", "validation_score")
    }


def test_the_best_weights_are_kept_without_early_stopping(clf, parts):
    X, y, val = parts
    clf.set_params(learning_rate=lambda epoch: [0.01, 0.01, 0.5, 0.5, 0.5, 0.5][epoch], max_iter=6)
    clf.set_params(n_iter_no_change=2, tol=0.0).fit(X, y, **val)
    assert clf.best_iter_ == np.argmax(clf.validation_scores_) + 1 < clf.n_iter_
    best = clone(clf).set_params(max_iter=int(clf.best_iter_)).fit(X, y)
    assert_same_weights(clf, best)
    assert clf.score(*val.values()) == max(clf.validation_scores_)


def test_early_stopping_decides_what_ends_training(clf, parts):
    X, y, val = parts
    clf.set_params(tol=0.5, n_iter_no_change=2, max_iter=12, scoring=lambda est, X, y: 1.0)
    by_score = clone(clf).set_params(early_stopping=True).fit(X, y, **val)
    assert by_score.n_iter_ == 4  # the first, and more than 2 without a gain
    by_loss = clf.set_params(tol=1e-9).fit(X, y, **val)
    assert by_loss.n_iter_ == 12 and by_loss.best_iter_ == 1


def test_validation_weights(clf, parts):
    X, y, val = parts
    plain = clone(clf).fit(X, y, **val)
    ones = clone(clf).fit(X, y, **val, sample_weight_val=np.ones(100))
    assert_same_fit(plain, ones)
    w = np.ones(100)
    w[:30], w[60:] = 2, 0
    rows = [*range(30), *range(60)]
    weighted = clone(clf).fit(X, y, **val, sample_weight_val=w)
    repeated = clone(clf).fit(X, y, X_val=val["X_val"][rows], y_val=val["y_val"][rows])
    assert_same_fit(weighted, repeated, rtol=1e-12)
    assert weighted.validation_loss_curve_ != plain.validation_loss_curve_


def test_rows_of_weight_zero_may_hold_any_label(clf, parts):
    X, y, val = parts
    w = np.ones(100)
    w[3] = 0
    odd = val["y_val"].copy()
    odd[3] = 99
    assert_same_fit(
        clone(clf).fit(X, y, **val, sample_weight_val=w),
        clone(clf).fit(X, y, X_val=val["X_val"], y_val=odd, sample_weight_val=w),
    )


def test_class_weights_are_those_of_the_training_rows(clf, two):
    X, y = two
    few = np.flatnonzero(y == "three")[:20]
    rows = np.concatenate([few, np.flatnonzero(y == "eight")[:40]])
    held = np.setdiff1d(np.arange(len(y)), rows)
    weights = {"three": 60 / 40, "eight": 60 / 80}  # "balanced" of 20 and 40
    clf.set_params(class_weight="balanced").fit(X[rows], y[rows], X_val=X[held], y_val=y[held])
    named = np.array([weights[label] for label in y[held]])
    expected = clone(clf).set_params(class_weight=None)
    expected.fit(
        X[rows],
        y[rows],
        sample_weight=[weights[label] for label in y[rows]],
        X_val=X[held],
        y_val=y[held],
        sample_weight_val=named,
    )
    assert_same_fit(clf, expected, rtol=1e-6)
    last = clone(clf).fit(X[rows], y[rows])
    hit = last.predict(X[held]) == y[held]
    assert clf.validation_scores_[-1] == pytest.approx(np.average(hit, weights=named))


def test_any_form_of_X(clf, parts):
    X, y, val = parts
    plain = clone(clf).fit(X, y, **val)
    flat = clone(clf).set_params(input_shape=(8, 8))
    frames = [pd.DataFrame(part.reshape(len(part), -1)) for part in (X, val["X_val"])]
    frames = [frame.rename(columns=str) for frame in frames]
    scored = flat.set_params(scoring="accuracy")
    assert_same_fit(
        plain, scored.fit(frames[0], list(y), X_val=frames[1], y_val=list(val["y_val"]))
    )
    first = clone(clf).set_params(data_format="channels_first")
    first.fit(np.moveaxis(X, -1, 1), y, X_val=np.moveaxis(val["X_val"], -1, 1), y_val=val["y_val"])
    assert_same_fit(plain, first)
    with pytest.raises(ValueError, match=r"X_val: .*feature names"):
        flat.fit(frames[0], y, X_val=frames[1].rename(columns={"0": "zero"}), y_val=val["y_val"])


def test_refusals(clf, parts):
    X, y, val = parts
    X_val, y_val = val.values()
    for passed, message in [
        (dict(X_val=X_val), "X_val is passed without y_val"),
        (dict(y_val=y_val), "y_val is passed without X_val"),
        (dict(sample_weight_val=[1]), "sample_weight_val is passed without X_val and y_val"),
        (dict(X_val=X_val[:, :7], y_val=y_val), r"X_val: X has shape \(n, 7, 8, 1\); expected"),
        (
            dict(X_val=X_val / 9, y_val=y_val),
            r"X_val: Fitted on uint8 images \(÷255\) but got float",
        ),
        (dict(X_val=X_val, y_val=y_val[:9]), "y_val has 9 entries; X_val has 100 samples"),
        (
            dict(X_val=X_val, y_val=y_val + 5),
            r"y_val: y has classes \[10, 11, 12, 13, 14\] that are",
        ),
        (
            dict(**val, sample_weight_val=-np.ones(100)),
            "sample_weight_val must not be",
        ),
        (dict(**val, sample_weight_val=np.zeros(100)), "_val is zero for every sample of X_val"),
        (
            dict(**val, sample_weight_val=np.ones(9)),
            "sample_weight_val has 9 entries; X_val has 100 samples",
        ),
    ]:
        with pytest.raises((ValueError, TypeError), match=message):
            clf.fit(X, y, **passed)
        assert not hasattr(clf, "weights_")


def test_warm_start_with_rows_that_are_passed(clf, parts):
    """The weights that such rows chose stand until an epoch betters them; others are not candidates."""
    X, y, val = parts
    clf.set_params(warm_start=True, max_iter=8).fit(X, y, **val)
    best, weights = clf.best_iter_, dict(clf.weights_)
    clf.set_params(max_iter=2, learning_rate_init=10.0).fit(X, y, **val)
    assert clf.n_iter_ == 10 and clf.best_iter_ == best
    for name, array in weights.items():
        np.testing.assert_array_equal(clf.weights_[name], array)
    clf.fit(X, y)
    assert clf.best_iter_ == 12
    clf.fit(X, y, **val)
    assert clf.best_iter_ > 12
    split = clone(clf).set_params(early_stopping=True, max_iter=1).fit(X, y)
    assert split.fit(X, y, **val).best_iter_ == 2


def test_the_order_of_the_rows_is_that_of_a_fit_without_validation(clf, parts, monkeypatch):
    X, y, val = parts
    seen = spy(monkeypatch)
    clf.fit(X, y, **val)
    seed = np.random.RandomState(0).randint(2**31 - 1)
    for epoch in range(3):
        rows = np.concatenate([rows for _, rows in seen[epoch * 6 : epoch * 6 + 6]])
        np.testing.assert_array_equal(rows, permutation(np.arange(300), seed, epoch))


def test_a_validation_set_that_chooses_nothing():
    """As the command line passes it: curves are recorded, and the weights are those of the last epoch."""
    X, y = np.random.default_rng(0).random((40, 5)), np.arange(40) % 2
    net = {"max_iter": 6, "random_state": 0, "learning_rate_init": 0.1}
    validation = (X[::-1], y, None)
    clf = ConvNetClassifier([], **net)
    clf._fit(X, y, None, resume=False, validation=validation, keep_best=False)
    expected = ConvNetClassifier([], **net).fit(X, y)
    for name, array in expected.weights_.items():
        np.testing.assert_array_equal(clf.weights_[name], array)
    assert clf.best_iter_ == 6 and len(clf.validation_scores_) == 6
    best = ConvNetClassifier([], **net).fit(X, y, X_val=X[::-1], y_val=y)
    assert best.validation_scores_ == clf.validation_scores_ and best.best_iter_ < 6
