"""Schedules as values, and their rates against formulas and PyTorch's figures."""

import copy
import pickle

import numpy as np
import pytest

from convnet.schedules import Cosine, Exponential, OneCycle, ReduceOnPlateau, Step, Warmup
from convnet.training.optimization import LearningRates
from convnet.training.schedules import NAMED

# torch.optim.lr_scheduler.OneCycleLR(max_lr=1, cycle_momentum=False) of PyTorch 2.13, rate of each step
ONE_CYCLE_12 = [
    *(0.04, 0.34978965422, 0.879285159122, 0.994415435451, 0.933012969841, 0.81174565395),
    *(0.647378997695, 0.462637102667, 0.283060998209, 0.133477530189, 0.0345669874254, 4e-06),
]
ONE_CYCLE_8 = [
    0.1,
    0.325,
    0.775,
    1.0,
    0.853699837203,
    0.5005,
    0.147300162797,
    0.001,
]  # pct_start=0.5, div_factor=10, final_div_factor=100


@pytest.mark.parametrize(
    "schedule",
    [
        *(Step(), Step(3, 0.5), Exponential(0.5), Cosine(), Cosine(0.1, warmup=2)),
        *(OneCycle(), OneCycle(0.5, 10.0, 100.0), Warmup(), Warmup(2, Cosine(0.1))),
        *(
            ReduceOnPlateau(),
            ReduceOnPlateau(0.5, patience=2, min_delta=0.1, min_lr=1e-4, cooldown=3),
        ),
    ],
)
def test_schedules_are_values(schedule):
    assert eval(repr(schedule)) == schedule == pickle.loads(pickle.dumps(schedule))
    assert copy.deepcopy(schedule) is schedule and hash(schedule) == hash(schedule.replace())
    with pytest.raises(AttributeError):
        schedule.every = 3
    schedule.check(20)
    rates = [schedule.multiplier(e, 20, i, 3) for e in range(20) for i in range(3)]
    assert min(rates) >= 0 and max(rates) <= 1
    if not schedule.per_step:
        assert rates[::3] == rates[1::3] == rates[2::3]


def test_multipliers_stay_between_final_and_one():
    factors = [Cosine(0.2).multiplier(epoch, 10) for epoch in range(11)]
    assert factors[0] == 1 and factors[10] == pytest.approx(0.2)
    assert Cosine(0.2, warmup=3).multiplier(3, 10) == 1


def test_exponential():
    assert [Exponential(0.5).multiplier(e, 9) for e in range(4)] == [1, 0.5, 0.25, 0.125]


@pytest.mark.parametrize("epochs", [1, 3, 12])
def test_one_cycle_is_that_of_pytorch(epochs):
    steps = 12 // epochs
    found = [
        OneCycle().multiplier(e, epochs, i, steps) for e in range(epochs) for i in range(steps)
    ]
    np.testing.assert_allclose(found, ONE_CYCLE_12, rtol=1e-10)
    if epochs == 1:
        other = OneCycle(0.5, 10, 100)
        found = [other.multiplier(0, 1, i, 8) for i in range(8)]
        np.testing.assert_allclose(found, ONE_CYCLE_8, rtol=1e-10)


@pytest.mark.parametrize("pct_start", [0.0, 0.3, 1.0])
def test_one_cycle_of_a_single_step_is_at_its_peak(pct_start):
    assert OneCycle(pct_start).multiplier(0, 1) == 1


def test_one_cycle_begins_low_and_is_at_its_peak_once():
    rates = [OneCycle(1.0).multiplier(e, 5) for e in range(5)]
    assert rates[0] == pytest.approx(0.04) and rates == sorted(rates) and rates[-1] == 1


def test_warmup():
    schedule = Warmup(2, Step(1, 0.5), start=0.2)
    found = [schedule.multiplier(e, 5, i, 2) for e in range(5) for i in range(2)]
    np.testing.assert_allclose(found, [0.2, 0.4, 0.6, 0.8, 1, 1, 0.5, 0.5, 0.25, 0.25])
    assert Warmup(1).multiplier(3, 5, 1, 2) == 1
    cycle = Warmup(3, OneCycle())
    assert cycle.multiplier(4, 9, 3, 7) == OneCycle().multiplier(1, 6, 3, 7)


def test_schedules_lie_eight_deep_at_the_most():
    schedule = Cosine()
    for _ in range(7):
        schedule = Warmup(1, schedule)
    assert schedule.multiplier(7, 9) == 1
    with pytest.raises(ValueError, match="more than 8 deep"):
        Warmup(1, schedule)


def test_numbers_beyond_floats():
    with pytest.raises(ValueError, match="div_factor must be a number, 1 or more"):
        OneCycle(div_factor=10**400).check(20)


def test_fields_of_a_schedule_within():
    schedule = Warmup(2, Cosine(0.1))
    assert schedule.get_fields()["then__final"] == 0.1
    assert schedule.replace(then__final=0.5, epochs=3) == Warmup(3, Cosine(0.5))
    assert schedule.then == Cosine(0.1)


def test_names():
    assert {
        "auto": OneCycle(),
        "step": Step(),
        "exponential": Exponential(),
        "cosine": Cosine(),
        "one_cycle": OneCycle(),
        "reduce_on_plateau": ReduceOnPlateau(),
    } == NAMED
    assert LearningRates("step", 0.1, 20).epoch(10, 2) == pytest.approx([0.01, 0.01])
