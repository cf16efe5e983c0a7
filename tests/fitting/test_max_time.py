"""max_time, by a clock that each step moves on by one second."""

import time
from types import SimpleNamespace

import numpy as np
import pytest
from fits import assert_same_weights
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from convnet import ConvNetClassifier
from convnet.fitting import session as fitting
from convnet.graph import Trainer
from convnet.layers import Conv2D, Dense
from convnet.training import loop

SMALL = [Conv2D(4, 3, activation="relu"), Dense(8, activation="relu")]


@pytest.fixture
def steps(monkeypatch):
    """The steps taken; a fit has 4 an epoch."""
    real, taken = Trainer.step, []

    def step(self, *args, **kwargs):
        taken.append(1)
        return real(self, *args, **kwargs)

    clock = SimpleNamespace(monotonic=lambda: float(len(taken)), perf_counter=time.perf_counter)
    monkeypatch.setattr(Trainer, "step", step)
    monkeypatch.setattr(fitting, "time", clock)
    monkeypatch.setattr(loop, "time", clock)
    return taken


@pytest.fixture
def data(digits):
    return digits[0][:200], digits[1][:200]


@pytest.fixture
def clf():
    return ConvNetClassifier(
        SMALL, max_iter=9, random_state=0, batch_size=50, learning_rate="constant"
    )


@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize(
    "seconds, epochs, n", [(9.5, 2, 10), (11, 3, 12), (11.5, 3, 12), (12, 3, 13)]
)
def test_the_epoch_under_way_is_dropped(clf, data, steps, seconds, epochs, n, early_stopping):
    clf.set_params(early_stopping=early_stopping, validation_fraction=0.05)
    limited = clone(clf).set_params(max_time=seconds).fit(*data)
    assert len(steps) == n and limited.n_iter_ == epochs == len(limited.loss_curve_)
    whole = clf.set_params(max_iter=epochs).fit(*data)
    assert limited.loss_curve_ == whole.loss_curve_
    assert_same_weights(limited, whole)
    np.testing.assert_array_equal(limited.predict_proba(data[0]), whole.predict_proba(data[0]))


def test_the_first_epoch_is_cut_short(clf, data, steps):
    clf.set_params(max_time=1.5, shuffle=False)
    with pytest.warns(ConvergenceWarning, match=r"max_time=1.5 .* first epoch, after 2 of 4 steps"):
        clf.fit(*data)
    assert len(steps) == 2 and clf.n_iter_ == 1
    part = clone(clf).set_params(max_iter=1, max_time=None).fit(data[0][:100], data[1][:100])
    assert clf.loss_ == part.loss_
    assert_same_weights(clf, part)


def test_it_counts_from_the_call_of_fit(clf, data, steps):
    clf.set_params(max_time=100, max_iter=1, warm_start=True)
    for n in (1, 2, 3):
        assert clf.fit(*data).n_iter_ == n
    clf.set_params(max_time=5, max_iter=3).fit(*data)
    assert clf.n_iter_ == 4
    with pytest.warns(ConvergenceWarning):
        clf.set_params(max_time=0.5).fit(*data)
    assert clf.n_iter_ == 5


def test_partial_fit_takes_no_notice(clf, data, steps):
    clf.set_params(max_time=0.1).partial_fit(*data, classes=range(10))
    assert len(steps) == 4
