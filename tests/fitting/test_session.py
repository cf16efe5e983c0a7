"""fit, partial_fit, warm_start: what they leave behind, above all when they fail."""

import numpy as np
import pytest
from fits import raise_at_step
from sklearn.base import clone

from convnet import ConvNetClassifier
from convnet.inputs.tasks.classification import Classification
from convnet.layers import BatchNorm, Conv2D, Dense, Dropout, MaxPool2D
from convnet.schedules import Cosine

NET = [
    *(Conv2D(8, 3), BatchNorm(), MaxPool2D(2), Dropout(0.2)),
    *(Conv2D(12, 2, activation="relu"), Dense(24, activation="relu")),
]
SMALL = [Conv2D(4, 3, activation="relu"), Dense(8, activation="relu")]


def same_state(clf, before):
    assert vars(clf).keys() == before.keys()
    return all(vars(clf)[name] is value for name, value in before.items())


@pytest.mark.parametrize("n_jobs", [2, 3, 7])
def test_the_same_bits_at_any_number_of_threads(digits, n_jobs):
    X, y = digits[0][:300], digits[1][:300]
    clf = ConvNetClassifier(
        NET,
        max_iter=2,
        batch_size=70,
        early_stopping=True,
        random_state=3,
        learning_rate="constant",
    )
    one = clone(clf).set_params(n_jobs=1).fit(X, y)
    many = clone(clf).set_params(n_jobs=n_jobs).fit(X, y)
    assert (
        many.loss_curve_ == one.loss_curve_
        and many.validation_loss_curve_ == one.validation_loss_curve_
    )
    for name, weights in one.weights_.items():
        np.testing.assert_array_equal(many.weights_[name], weights)
    np.testing.assert_array_equal(many.predict_proba(X), one.predict_proba(X))


def test_random_state(digits):
    X, y = digits[0][:100], digits[1][:100]
    clf = ConvNetClassifier(SMALL, max_iter=1, learning_rate="constant")
    p = [
        clone(clf).set_params(random_state=s).fit(X, y).predict_proba(X)
        for s in (0, 0, 1, None, None)
    ]
    assert np.array_equal(p[0], p[1])
    assert not np.array_equal(p[0], p[2]) and not np.array_equal(p[3], p[4])
    state = np.random.RandomState(5)
    clf.set_params(random_state=state).fit(X, y)
    other = np.random.RandomState(5)
    other.randint(2**31 - 1)
    assert state.randint(1000) == other.randint(1000)  # one number was drawn


@pytest.mark.filterwarnings("ignore:.*Only uint8 and uint16 are divided by their maximum")
def test_fit_starts_afresh(digits):
    X, y = digits[0][:100], digits[1][:100]
    clf = ConvNetClassifier(
        SMALL, max_iter=2, random_state=0, early_stopping=True, learning_rate="constant"
    ).fit(X, y)
    assert len(clf.validation_scores_) == 2
    clf.set_params(early_stopping=False).fit(X[:50].astype(np.float32), y[:50])
    assert clf.n_iter_ == 2 and not hasattr(clf, "validation_scores_")


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError, MemoryError])
def test_a_failed_fit_leaves_the_estimator_as_it_was(digits, monkeypatch, error):
    X, y = digits
    new = ConvNetClassifier(SMALL, random_state=0, batch_size=100, learning_rate="constant")
    fitted = clone(new).set_params(max_iter=1).fit(X, y)
    expected = fitted.predict_proba(X)
    states = [(clf, dict(vars(clf))) for clf in (new, fitted)]
    for clf, before in states:
        with monkeypatch.context() as patch:
            raise_at_step(patch, 8, error)
            clf.max_iter = 2
            before["max_iter"] = 2
            with pytest.raises(error):
                clf.fit(X[..., :6, :], y)
        assert same_state(clf, before)
    np.testing.assert_array_equal(fitted.predict_proba(X), expected)


def test_a_failed_partial_fit_leaves_the_estimator_as_it_was(digits, monkeypatch):
    X, y = digits
    clf = ConvNetClassifier(
        SMALL, random_state=0, batch_size=100, learning_rate="constant"
    ).partial_fit(X, y, classes=range(10))
    before, expected = dict(vars(clf)), clf.predict_proba(X)
    with monkeypatch.context() as patch:
        raise_at_step(patch, 4, KeyboardInterrupt)
        with pytest.raises(KeyboardInterrupt):
            clf.partial_fit(X, y)
    assert same_state(clf, before)
    np.testing.assert_array_equal(clf.predict_proba(X), expected)
    assert clf.partial_fit(X, y).n_iter_ == 2


def test_ctrl_c_under_warm_start_keeps_what_was_reached(digits, monkeypatch):
    X, y = digits
    clf = ConvNetClassifier(
        SMALL, random_state=0, batch_size=100, warm_start=True, learning_rate="constant"
    )
    with monkeypatch.context() as patch:
        raise_at_step(patch, 3, KeyboardInterrupt)
        with pytest.raises(KeyboardInterrupt):
            clf.fit(X, y)
    assert not hasattr(clf, "weights_")  # no epoch was done
    with monkeypatch.context() as patch:
        raise_at_step(patch, 15, KeyboardInterrupt)
        with pytest.raises(KeyboardInterrupt):
            clf.fit(X, y)
    two = clone(clf).set_params(max_iter=2).fit(X, y)
    assert clf.n_iter_ == 2 and clf.loss_curve_ == two.loss_curve_
    np.testing.assert_array_equal(clf.predict_proba(X), two.predict_proba(X))
    assert clf.set_params(max_iter=3).fit(X, y).n_iter_ == 5


def test_warm_start(digits):
    X, y = digits
    clf = ConvNetClassifier(
        SMALL, random_state=0, max_iter=3, warm_start=True, learning_rate="constant"
    ).fit(X, y)
    first = clf.loss_curve_
    clf.fit(X, y)
    assert clf.n_iter_ == clf.best_iter_ == 6 and clf.loss_curve_[:3] == first
    assert clf.loss_curve_[3] < first[0] and len(clf.history_["seconds"]) == 6
    with pytest.raises(
        ValueError, match="warm_start continues the last fit, but layers has changed"
    ):
        clf.set_params(layers__1__units=9).fit(X, y)
    clf.set_params(layers=SMALL)
    with pytest.raises(ValueError, match="y has classes"):
        clf.fit(X, y + 1)
    with pytest.raises(ValueError, match="rescale has changed"):
        clf.set_params(rescale=None).fit(X, y)


def test_partial_fit(digits):
    X, y = digits
    clf = ConvNetClassifier(NET, random_state=0, learning_rate_init=0.01, learning_rate="constant")
    with pytest.raises(ValueError, match="classes must be passed on the first call"):
        clf.partial_fit(X, y)
    for _ in range(10):
        for rows in np.array_split(np.arange(len(X)), 6):
            clf.partial_fit(X[rows], y[rows], classes=np.arange(10))
    assert clf.n_iter_ == 60 == len(clf.loss_curve_)
    assert clf.score(X, y) > 0.8
    with pytest.raises(ValueError, match="are not those of the last call"):
        clf.partial_fit(X, y, classes=[1, 2])
    with pytest.raises(ValueError, match=r"y has classes \[11\]"):
        clf.partial_fit(X[:1], [11])
    with pytest.raises(ValueError, match="early_stopping"):
        clf.set_params(early_stopping=True).partial_fit(X, y)
    with pytest.raises(ValueError, match="balanced"):
        clf.set_params(early_stopping=False, class_weight="balanced").partial_fit(X, y)
    with pytest.raises(ValueError, match=r"class_weight must be a dict, .* got 'even'"):
        clf.set_params(class_weight="even").partial_fit(X, y)


def test_partial_fit_is_an_epoch_of_fit(digits):
    """The moments and the order of the rows go on from call to call."""
    X, y = digits
    clf = ConvNetClassifier(SMALL, random_state=0, learning_rate=Cosine(), max_iter=3)
    whole, parts = clone(clf).fit(X, y), clone(clf)
    for _ in range(3):
        parts.partial_fit(X, y, classes=np.unique(y))
    assert parts.loss_curve_ == whole.loss_curve_
    np.testing.assert_array_equal(parts.predict_proba(X), whole.predict_proba(X))


def test_partial_fit_goes_on_from_fit(digits):
    X, y = digits
    clf = ConvNetClassifier(SMALL, random_state=0, max_iter=2, learning_rate="constant").fit(X, y)
    loss = clf.loss_
    assert clf.partial_fit(X, y).n_iter_ == 3 and clf.loss_ < loss


def test_a_loss_that_is_not_finite(digits):
    X, y = digits
    clf = ConvNetClassifier(
        SMALL,
        solver="sgd",
        learning_rate_init=1e20,
        batch_size=100,
        random_state=0,
        learning_rate="constant",
    )
    with pytest.raises(
        ValueError, match=r"in epoch 1, batch \d, at learning rate 1e\+20. Lower learning_rate_init"
    ):
        clf.fit(X, y)
    assert not hasattr(clf, "weights_")


def test_weights_that_are_not_finite(digits):
    X, y = digits[0][:50], digits[1][:50]
    clf = ConvNetClassifier(
        [],
        solver="sgd",
        learning_rate_init=1e38,
        alpha=1e10,
        batch_size=50,
        momentum=1.0,
        random_state=0,
        learning_rate="constant",
    )
    with pytest.raises(ValueError, match=r"(no longer finite|loss became .*) in epoch 1, batch 1,"):
        clf.fit(X, y)


def test_early_stopping_keeps_the_best_weights(digits):
    X, y = digits
    clf = ConvNetClassifier(
        SMALL,
        early_stopping=True,
        validation_fraction=0.3,
        learning_rate_init=0.02,
        n_iter_no_change=3,
        max_iter=60,
        learning_rate="constant",
    )
    clf.set_params(random_state=0, batch_size=32).fit(X, y)
    assert clf.n_iter_ < 60
    assert clf.best_iter_ == np.argmax(clf.validation_scores_) + 1
    assert len(clf.validation_scores_) == len(clf.validation_loss_curve_) == clf.n_iter_
    assert clf.loss_ == clf.loss_curve_[clf.best_iter_ - 1]
    again = clone(clf).set_params(max_iter=int(clf.best_iter_)).fit(X, y)
    np.testing.assert_array_equal(again.predict_proba(X), clf.predict_proba(X))


def spy_on_splits(monkeypatch):
    """Return a list that gets the validation rows of each split from now on."""
    real, held = Classification.split, []

    def split(self, targets, validation_fraction, seed):
        rows = real(self, targets, validation_fraction, seed)
        held.append(np.sort(rows[1]))
        return rows

    monkeypatch.setattr(Classification, "split", split)
    return held


@pytest.mark.parametrize("random_state", [0, None])
def test_the_best_weights_outlive_worse_epochs(digits, monkeypatch, random_state):
    X, y = digits
    np.random.seed(0)  # noqa: NPY002 - what None draws from: a few seeds give nets that learn nothing
    held = spy_on_splits(monkeypatch)
    clf = ConvNetClassifier(
        SMALL,
        early_stopping=True,
        warm_start=True,
        max_iter=8,
        batch_size=32,
        learning_rate="constant",
    )
    clf.set_params(random_state=random_state, learning_rate_init=0.01).fit(X, y)
    best, loss, weights = clf.best_iter_, clf.loss_, dict(clf.weights_)
    score = clf.validation_scores_[best - 1]
    clf.set_params(learning_rate_init=10.0, max_iter=2).fit(X, y)
    assert max(clf.validation_scores_[8:]) < score and clf.n_iter_ == 10
    assert clf.best_iter_ == best == np.argmax(clf.validation_scores_) + 1 and clf.loss_ == loss
    for name, array in weights.items():
        np.testing.assert_array_equal(clf.weights_[name], array)
    assert np.mean(clf.predict(X[held[1]]) == y[held[1]]) == pytest.approx(score)
    np.testing.assert_array_equal(held[0], held[1])
    clf.set_params(learning_rate_init=0.001, max_iter=40, n_iter_no_change=40).fit(X, y)
    assert clf.best_iter_ == np.argmax(clf.validation_scores_) + 1
    np.testing.assert_array_equal(held[0], held[2])


def test_weights_that_no_validation_chose_are_no_candidates(digits, monkeypatch):
    X, y = digits
    held = spy_on_splits(monkeypatch)
    clf = ConvNetClassifier(SMALL, warm_start=True, max_iter=5, learning_rate="constant").fit(X, y)
    clf.set_params(early_stopping=True, max_iter=1).fit(X, y)
    assert clf.best_iter_ == 6
    clf.set_params(early_stopping=False).fit(X, y)  # trains on the former validation set, too
    clf.set_params(early_stopping=True).fit(X, y)
    assert clf.best_iter_ == 8 and not np.array_equal(*held)


def test_ctrl_c_before_an_epoch_of_a_warm_start_changes_nothing(digits, monkeypatch):
    X, y = digits
    clf = ConvNetClassifier(
        SMALL, early_stopping=True, warm_start=True, max_iter=2, learning_rate="constant"
    ).fit(X, y)
    before = dict(vars(clf))
    raise_at_step(monkeypatch, 2, KeyboardInterrupt)
    with pytest.raises(KeyboardInterrupt):
        clf.fit(X, y)
    assert same_state(clf, before)


def test_the_validation_split_is_stratified():
    y = np.repeat([0, 1, 2], [60, 30, 10])
    train, held = Classification().split(y, 0.2, 0)
    assert np.bincount(y[held]).tolist() == [12, 6, 2] and len(np.intersect1d(train, held)) == 0
    with pytest.raises(
        ValueError,
        match=r"early_stopping=True cannot split off validation_fraction=0.1 of 4 samples",
    ):
        ConvNetClassifier(early_stopping=True, learning_rate="constant").fit(
            np.zeros((4, 2)), [0, 0, 0, 1]
        )


def test_training_ends_without_progress(digits):
    X, y = digits[0][:50], digits[1][:50]
    clf = ConvNetClassifier(
        [], max_iter=50, tol=10.0, n_iter_no_change=4, random_state=0, learning_rate="constant"
    ).fit(X, y)
    assert clf.n_iter_ == 6  # the first, and more than 4 without a gain
    assert clf.set_params(n_iter_no_change=np.inf).fit(X, y).n_iter_ == 50
