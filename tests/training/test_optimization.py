"""partial_fit from call to call: learning rates, memory, moments."""

import copy
import pickle
import tracemalloc

import numpy as np
import pytest
from fits import assert_same_weights
from sklearn.base import clone

from convnet import ConvNetClassifier
from convnet.graph import Trainer
from convnet.layers import Conv2D, Dense
from convnet.schedules import Cosine, OneCycle, Step, Warmup

SMALL = [Conv2D(4, 3, activation="relu"), Dense(8, activation="relu")]
FALLING = [1.0, 0.75, 0.25]  # a cosine's rates in three epochs


def rates(clf):
    return clf.history_["learning_rate"]


@pytest.fixture
def few(digits):
    return digits[0][:60], digits[1][:60]


@pytest.fixture
def cosine():
    return ConvNetClassifier(
        [], learning_rate="cosine", learning_rate_init=1.0, max_iter=3, random_state=0
    )


def test_a_schedule_begins_with_the_first_partial_fit_after_a_fit(few, cosine):
    clf = cosine.fit(*few)
    before = clf.weights_["output/weights"]
    for _ in range(3):
        clf.partial_fit(*few)
    np.testing.assert_allclose(rates(clf), [*FALLING, *FALLING], rtol=1e-12)
    assert not np.array_equal(clf.weights_["output/weights"], before)
    clf.set_params(warm_start=True).fit(*few).partial_fit(*few)
    np.testing.assert_allclose(rates(clf)[6:], [*FALLING, 1.0], rtol=1e-12)


@pytest.mark.parametrize(
    "schedule", [Cosine(), Cosine(0.1), Cosine(warmup=1), Step(1, 0.5), OneCycle()]
)
def test_a_schedule_that_is_over_stays_at_its_last_rate(few, cosine, schedule):
    clf = cosine.set_params(learning_rate=schedule)
    for _ in range(7):
        clf.partial_fit(*few, classes=range(10))
    found = rates(clf)
    assert found[:3] == rates(clone(clf).fit(*few))
    assert min(found) > 0 and found[3:] == [found[2]] * 4


def test_rates_change_from_step_to_step(few, cosine, monkeypatch):
    real, seen = Trainer.step, []

    def step(self, *args, learning_rate, **kwargs):
        seen.append(learning_rate)
        return real(self, *args, learning_rate=learning_rate, **kwargs)

    monkeypatch.setattr(Trainer, "step", step)
    schedule = Warmup(1, OneCycle())
    clf = cosine.set_params(learning_rate=schedule, learning_rate_init=0.1, batch_size=25)
    clf.fit(*few)
    expected = [0.1 * schedule.multiplier(e, 3, i, 3) for e in range(3) for i in range(3)]
    np.testing.assert_allclose(seen, expected, rtol=1e-12)
    assert rates(clf) == seen[2::3]  # the history has the last of each epoch


def test_a_callable_counts_from_the_first_partial_fit_too(few, cosine):
    clf = cosine.set_params(learning_rate=lambda epoch: 0.1 * (epoch + 1)).fit(*few)
    for _ in range(5):
        clf.partial_fit(*few)
    np.testing.assert_allclose(rates(clf)[3:], [0.1, 0.2, 0.3, 0.4, 0.5])


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda clf: pickle.loads(pickle.dumps(clf))])
def test_a_copy_goes_on_in_the_schedule(few, cosine, copied):
    clf = cosine.fit(*few).partial_fit(*few)
    clf = copied(clf).partial_fit(*few)
    np.testing.assert_allclose(rates(clf)[3:], FALLING[:2], rtol=1e-12)


def test_another_rate_under_way_keeps_the_place_in_the_schedule(few, cosine):
    clf = cosine.fit(*few).partial_fit(*few)
    clf.set_params(learning_rate_init=0.5).partial_fit(*few)
    assert rates(clf)[-1] == pytest.approx(0.5 * FALLING[1])


def test_a_trainer_that_cannot_be_made_leaves_the_last_settings(few, monkeypatch):
    X, y = few
    clf = ConvNetClassifier(SMALL, random_state=0).partial_fit(X, y, classes=range(10))
    expected = copy.deepcopy(clf).set_params(solver="sgd").partial_fit(X, y)

    def fails(self, batch_size):
        raise MemoryError

    clf.set_params(solver="sgd")
    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "resize", fails)
        with pytest.raises(MemoryError):
            clf.partial_fit(X, y)
    clf.partial_fit(X, y)
    assert clf._network_cache.optimization_state.trainer.solver == "sgd"
    assert_same_weights(clf, expected)


def test_memory_is_that_of_the_rows(few):
    X, y = few
    clf = ConvNetClassifier(SMALL, random_state=0, batch_size=10**10)
    tracemalloc.start()
    clf.partial_fit(X, y, classes=range(10))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**24
    assert_same_weights(
        clf, clone(clf).set_params(batch_size=60).partial_fit(X, y, classes=range(10))
    )


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_more_rows_and_a_larger_batch_keep_the_moments(digits, solver):
    X, y = digits[0][:200], digits[1][:200]
    clf = ConvNetClassifier(SMALL, random_state=0, solver=solver, batch_size=150)
    parts = [slice(0, 20), slice(20, 170), slice(170, 200)]
    grown, roomy = clone(clf), clone(clf)
    for rows in parts:
        grown.partial_fit(X[rows], y[rows], classes=range(10))
    real = Trainer.__init__
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            Trainer,
            "__init__",
            lambda self, network, *, batch_size, **kw: real(self, network, batch_size=150, **kw),
        )
        for rows in parts:
            roomy.partial_fit(X[rows], y[rows], classes=range(10))
    assert grown._network_cache.optimization_state.trainer.batch_size == 150
    for name, weights in roomy.weights_.items():
        np.testing.assert_allclose(grown.weights_[name], weights, rtol=0, atol=1e-5)
    trainer = grown._network_cache.optimization_state.trainer
    grown.set_params(batch_size=200).partial_fit(X, y)
    assert grown._network_cache.optimization_state.trainer is trainer
