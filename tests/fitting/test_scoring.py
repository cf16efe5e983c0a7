"""`scoring`: any scorer of scikit-learn, and what is refused before the first epoch."""

import warnings
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.metrics import f1_score, get_scorer, make_scorer

from convnet import ConvNetClassifier, ConvNetRegressor
from convnet.estimators import base
from convnet.graph import Trainer
from convnet.layers import Dense
from convnet.training import examples

NET = [Dense(8, activation="relu")]


@pytest.fixture
def clf():
    return ConvNetClassifier(
        NET, max_iter=4, random_state=0, learning_rate_init=0.02, learning_rate="constant"
    )


def confident(estimator, X, y):
    """A scorer of a user's own, which looks at other rows too."""
    return estimator.predict_proba(X[::2]).max(axis=1).mean() + (estimator.predict(X) == y).mean()


@pytest.mark.parametrize(
    "scoring",
    [
        *("accuracy", "roc_auc", "neg_log_loss", "average_precision", "matthews_corrcoef"),
        make_scorer(f1_score, pos_label="three"),
        confident,
    ],
)
def test_the_score_is_the_scorers(clf, two, scoring):
    X, y = two[0][:80], two[1][:80]
    if scoring == "average_precision":
        y = (y == "three").astype(int)
    X_val, y_val = X[60:], y[60:]
    clf.set_params(scoring=scoring).fit(X[:60], y[:60], X_val=X_val, y_val=y_val)
    scorer = get_scorer(scoring) if isinstance(scoring, str) else scoring
    expected = [
        scorer(clone(clf).set_params(max_iter=n, scoring=None).fit(X[:60], y[:60]), X_val, y_val)
        for n in (1, 2, 3, 4)
    ]
    assert clf.validation_scores_ == expected
    assert clf.best_iter_ == np.argmax(expected) + 1
    assert scorer(clf, X_val, y_val) == max(expected)


def test_a_score_may_be_any_real_number(clf, digits):
    X, y = digits[0][:40], digits[1][:40]
    clf.set_params(scoring=lambda *_: Fraction(1, 4)).fit(X, y, X_val=X, y_val=y)
    assert clf.validation_scores_ == [0.25] * 4


@pytest.mark.parametrize("scoring", ["roc_auc_ovr", "neg_log_loss", "f1_macro"])
def test_more_than_two_classes_and_a_split(clf, digits, scoring):
    X, y = digits[0][:200], digits[1][:200]
    clf.set_params(scoring=scoring, early_stopping=True, validation_fraction=0.2).fit(X, y)
    _, held = clf._task(y).split(y, 0.2, clf._validation_split)
    assert max(clf.validation_scores_) == pytest.approx(get_scorer(scoring)(clf, X[held], y[held]))


def test_weights_are_passed_on(clf, two):
    X, y = two[0][:80], two[1][:80]
    w = np.random.default_rng(0).uniform(0.5, 2, 20).astype(np.float32)
    clf.set_params(scoring="neg_log_loss")
    clf.fit(X[:60], y[:60], X_val=X[60:], y_val=y[60:], sample_weight_val=w)
    score = get_scorer("neg_log_loss")(clf, X[60:], y[60:], sample_weight=w)
    assert max(clf.validation_scores_) == pytest.approx(score, rel=1e-12)
    assert score != get_scorer("neg_log_loss")(clf, X[60:], y[60:])


def test_the_net_is_run_once_an_epoch(clf, digits, monkeypatch):
    X, y = digits[0][:200], digits[1][:200]
    calls = []
    for module in (base, examples):
        real = module.predict_in_batches
        monkeypatch.setattr(
            module,
            "predict_in_batches",
            lambda *a, real=real, **k: calls.append(1) or real(*a, **k),
        )
    clf.set_params(early_stopping=True, scoring="roc_auc_ovr").fit(X, y)
    assert len(calls) == 1 + clf.n_iter_  # once before training
    assert clf.predict(X).shape == (200,) and len(calls) == 2 + clf.n_iter_
    clf.set_params(scoring=None).fit(X, y)
    assert len(calls) == 2 + 2 * clf.n_iter_


def test_the_estimator_that_is_scored(clf, two):
    """It is a fitted one of its own; the one being fitted is as it was."""
    X, y = two[0][:80], two[1][:80]
    seen = []

    def scoring(estimator, X, y):
        assert estimator is not clf and not hasattr(clf, "weights_")
        seen.append(float(estimator.weights_["output/bias"][0]))
        assert estimator.input_shape_ == (8, 8, 1) and list(estimator.classes_) == [
            "eight",
            "three",
        ]
        return len(seen)

    clf.set_params(scoring=scoring, early_stopping=True).fit(X, y)
    assert len(seen) == 5 and seen[0] == 0 and len(set(seen)) == 5
    assert clf.best_iter_ == 4 and clf.weights_["output/bias"][0] == seen[-1]


@pytest.mark.parametrize(
    "scoring, message",
    [
        ("acuracy", "scoring='acuracy' is not a scorer .* Did you mean 'accuracy'"),
        ("r2", "scoring='r2' scores numbers, but ConvNetClassifier predicts classes"),
        ("neg_root_mean_squared_error", "predicts classes. Use a scorer for classification"),
        ("roc_auc", "scoring='roc_auc' cannot score this target: multi_class must be in"),
        ("f1", "scoring='f1' cannot score this target: Target is multiclass"),
        (f1_score, "looks like it is a metric"),
        (
            lambda est, X, y: "good",
            "cannot score this target: scoring=.* gave 'good', not a number",
        ),
        (lambda est, X, y: np.nan, "gave nan, not a number"),
        (lambda est, X, y: 1 / 0, "cannot score this target: division by zero"),
    ],
)
def test_what_does_not_fit_is_refused_before_the_first_epoch(
    clf, digits, monkeypatch, scoring, message
):
    X, y = digits[0][:200], digits[1][:200]
    monkeypatch.setattr(Trainer, "step", lambda *args, **kwargs: pytest.fail("trained"))
    with pytest.raises(ValueError, match=message):
        clf.set_params(scoring=scoring, early_stopping=True).fit(X, y)
    assert not hasattr(clf, "weights_")


def test_a_scorer_that_takes_no_weights(clf, two):
    X, y = two
    clf.set_params(scoring=confident, early_stopping=True, class_weight={"three": 2})
    with pytest.raises(ValueError, match=r"scoring=<.*confident.* takes no sample_weight"):
        clf.fit(X, y)
    clf.set_params(class_weight=None).fit(X, y)


def test_a_score_that_becomes_no_number(clf, two):
    scores = iter([1.0, 1.0, np.nan])
    clf.set_params(scoring=lambda *args: next(scores), early_stopping=True)
    with pytest.raises(ValueError, match="gave nan, not a number"):
        clf.fit(*two)
    assert not hasattr(clf, "weights_")


def test_scoring_needs_rows(clf, two):
    with pytest.raises(
        ValueError, match="scoring='accuracy' needs a validation set: pass X_val and"
    ):
        clf.set_params(scoring="accuracy").fit(*two)
    clf.partial_fit(*two, classes=["three", "eight"])  # it has no validation at all


@pytest.mark.parametrize("outputs", [1, 2])
@pytest.mark.parametrize("scoring", ["r2", "neg_mean_absolute_error"])
def test_regression(digits, outputs, scoring):
    X, y = digits[0][:200], digits[1][:200] * 1.5
    y = y if outputs == 1 else np.stack([y, 1 - y], axis=1)
    reg = ConvNetRegressor(
        NET, max_iter=4, random_state=0, scoring=scoring, learning_rate="constant"
    )
    reg.fit(X[:150], y[:150], X_val=X[150:], y_val=y[150:])
    expected = get_scorer(scoring)(reg, X[150:], y[150:])
    assert max(reg.validation_scores_) == pytest.approx(expected, rel=1e-9)
    with pytest.raises(ValueError, match="scoring='accuracy' cannot score this target"):
        reg.set_params(scoring="accuracy", early_stopping=True).fit(X, y)


def test_a_scorer_of_ones_own_may_look_at_some_rows(digits):
    X, y = digits[0][:100].reshape(100, -1), digits[1][:100]
    names = [f"pixel{i}" for i in range(X.shape[1])]

    def score(estimator, X, y):
        return np.mean(estimator.predict(X[:7]) == y[:7])

    clf = ConvNetClassifier(
        random_state=0, max_iter=2, early_stopping=True, scoring=score, learning_rate="constant"
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        clf.fit(pd.DataFrame(X, columns=names), y)
    assert list(clf.feature_names_in_) == names
