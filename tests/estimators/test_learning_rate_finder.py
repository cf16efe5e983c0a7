"""find_learning_rate."""

from dataclasses import dataclass

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.pipeline import make_pipeline

from convnet import ConvNetClassifier, ConvNetRegressor, find_learning_rate
from convnet.graph import Trainer
from convnet.layers import Conv2D, Dense, Dropout
from convnet.schedules import Schedule

NET = [Conv2D(4, 3, activation="relu"), Dropout(0.2), Dense(8, activation="relu")]


@dataclass(frozen=True)
class Sweep(Schedule):
    """The same rates as a schedule: 25 steps over 5 epochs of 5."""

    @property
    def per_step(self):
        return True

    def multiplier(self, epoch, max_iter, step=0, steps=1):
        return 1e-4 * (0.05 / 1e-4) ** ((epoch * steps + step) / 24)


@pytest.mark.parametrize("shuffle", [False, True])
def test_the_losses_are_those_of_a_fit_at_these_rates(digits, monkeypatch, shuffle):
    X, y = digits[0][:220], digits[1][:220]
    clf = ConvNetClassifier(NET, random_state=0, batch_size=50, shuffle=shuffle, solver="sgd")
    search = find_learning_rate(clf, X, y, lowest=1e-4, highest=0.05, steps=25)
    assert not hasattr(clf, "weights_")
    real, seen = Trainer.step, []
    monkeypatch.setattr(Trainer, "step", lambda *a, **k: seen.append(real(*a, **k)) or seen[-1])
    clf.set_params(learning_rate=Sweep(), learning_rate_init=1.0, max_iter=5).fit(X, y)
    np.testing.assert_array_equal(search.losses, seen)
    np.testing.assert_allclose(search.rates, np.geomspace(1e-4, 0.05, 25))
    capped = np.minimum(seen, max(seen[:3]))
    average = [np.average(capped, weights=0.9 ** abs(np.arange(25) - n)) for n in range(25)]
    np.testing.assert_allclose(search.smoothed, average)


def test_the_suggestion_is_where_the_loss_falls_fastest(digits):
    clf = ConvNetClassifier(NET, random_state=0)
    search = find_learning_rate(clf, *digits)
    best = int(np.argmin(search.smoothed))
    slopes = np.gradient(search.smoothed[: best + 1], np.log(search.rates[: best + 1]))
    assert search.suggestion == search.rates[np.argmin(slopes)] < search.rates[best]
    assert len(search.rates) == len(search.losses)
    assert f"suggestion={search.suggestion:.3g}" in repr(search)
    scores = [
        clone(clf).set_params(max_iter=8, learning_rate_init=rate).fit(*digits).loss_
        for rate in (search.suggestion, search.suggestion / 100, search.suggestion * 100)
    ]
    assert scores[0] == min(scores)


def test_it_ends_where_the_loss_has_grown(digits):
    clf = ConvNetClassifier(NET, random_state=0, solver="sgd")
    search = find_learning_rate(clf, *digits, lowest=1e-3, highest=1e3)
    assert len(search.rates) < 100 and search.losses[-1] > 4 * search.losses.min()
    assert search.suggestion < 1


def test_a_fitted_estimator_does_not_change(digits):
    X, y = digits[0][:100], digits[1][:100]
    clf = ConvNetClassifier(NET, random_state=0, max_iter=1, warm_start=True).fit(X, y)
    before, expected = dict(vars(clf)), clf.predict_proba(X)
    find_learning_rate(clf, X, y, sample_weight=np.ones(100), steps=30)
    assert vars(clf) == before
    np.testing.assert_array_equal(clf.predict_proba(X), expected)


def test_a_random_state_does_not_move_on(digits):
    X, y = digits[0][:100], digits[1][:100]
    clf = ConvNetClassifier(NET, random_state=np.random.RandomState(3), batch_size=100)
    one, two = (find_learning_rate(clf, X, y, steps=9) for _ in range(2))
    np.testing.assert_array_equal(one.losses, two.losses)
    assert clf.random_state.randint(10**6) == np.random.RandomState(3).randint(10**6)


@pytest.mark.parametrize(
    "params, message",
    [
        ({"lowest": 0}, "lowest must be a number above 0; got 0"),
        ({"highest": "1"}, "highest must be a number above 0; got '1'"),
        ({"lowest": 1, "highest": 0.1}, r"lowest=1 must be below highest=0\.1"),
        ({"steps": 2}, "steps must be an integer from 3 to 1048576; got 2"),
        ({"steps": 10**30}, "steps must be an integer from 3 to 1048576; got 1000"),
        ({"highest": 10**400}, "highest must be a number above 0; got 1000"),
        ({"lowest": 1e20, "highest": 1e21}, r"does not fall at any rate from lowest=1e\+20 on"),
    ],
)
def test_refusals(digits, params, message):
    with pytest.raises((TypeError, ValueError), match=message):
        find_learning_rate(ConvNetClassifier(NET, random_state=0), *digits, **params)


def test_nets_only(digits):
    with pytest.raises(TypeError, match="takes an estimator of convnet; got Pipeline"):
        find_learning_rate(make_pipeline(ConvNetClassifier()), *digits)


def test_a_regressor(digits):
    X, y = digits[0][:200], digits[1][:200] * 1.0
    reg = ConvNetRegressor(NET, random_state=0, solver="sgd")
    search = find_learning_rate(reg, X, np.stack([y, -y], axis=1), steps=40, highest=1e6)
    assert 1e-6 <= search.suggestion < search.rates[-1] and len(search.rates) < 40
