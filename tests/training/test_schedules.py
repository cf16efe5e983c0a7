"""Learning rates by epoch."""

import copy
import pickle

import pytest

from convnet.schedules import Cosine, Step
from convnet.training.schedules import NAMED, Rates, check_learning_rate


@pytest.mark.parametrize("schedule", [Step(), Step(3, 0.5), Cosine(), Cosine(0.1, warmup=2)])
def test_schedules_are_values(schedule):
    assert eval(repr(schedule)) == schedule == pickle.loads(pickle.dumps(schedule))
    assert copy.deepcopy(schedule) is schedule and hash(schedule) == hash(schedule.replace())
    with pytest.raises(AttributeError):
        schedule.every = 3
    check_learning_rate(schedule)


def test_multipliers_stay_between_final_and_one():
    for schedule, low in [(Step(2, 0.5), 0), (Cosine(0.2), 0.2), (Cosine(warmup=3), 0)]:
        factors = [schedule.multiplier(epoch, 10) for epoch in range(30)]
        assert low <= min(factors) and max(factors) <= 1
    assert Cosine(0.2).multiplier(0, 10) == 1 and Cosine(0.2).multiplier(10, 10) == pytest.approx(
        0.2
    )
    assert Cosine(warmup=12).multiplier(12, 10) == 1  # a warmup longer than the fit


def test_names():
    assert (NAMED["step"], NAMED["cosine"]) == (Step(), Cosine())
    assert Rates("step", 0.1, 20).rate(10) == pytest.approx(0.01)
    with pytest.raises(
        ValueError, match="learning_rate must be one of constant, adaptive, step, cosine"
    ):
        check_learning_rate("invscaling")


def test_schedules_count_from_the_first_epoch_of_a_fit():
    assert Rates(Step(2, 0.5), 1.0, 20, first_epoch=10).rate(11) == 1
    assert Rates(lambda epoch: epoch, 1.0, 20, first_epoch=10).rate(12) == 2


def test_only_an_adaptive_rate_can_be_lowered():
    assert not Rates("constant", 0.1, 20).lower() and not Rates(Step(), 0.1, 20).lower()
    rates = Rates("adaptive", 1e-5, 20)
    assert rates.lower() and rates.rate(3) == pytest.approx(2e-6)
    assert rates.lower() and not rates.lower()
