"""The learning rates of a fit, and those that are refused."""

from dataclasses import dataclass

import pytest

from convnet.schedules import (
    Cosine,
    Exponential,
    OneCycle,
    ReduceOnPlateau,
    Schedule,
    Step,
    Warmup,
)
from convnet.training.optimization import LearningRates, check_learning_rate


def test_schedules_count_from_the_first_epoch_of_a_fit():
    assert LearningRates(Step(2, 0.5), 1.0, 20, first_epoch=10).epoch(11, 1) == [1]
    assert LearningRates(lambda epoch: epoch, 1.0, 20, first_epoch=10).epoch(12, 3) == [2, 2, 2]
    late = LearningRates(OneCycle(), 2.0, 4, first_epoch=7)
    assert late.epoch(8, 5) == [2 * OneCycle().multiplier(1, 4, i, 5) for i in range(5)]


def test_a_schedule_that_is_over_stays_at_its_last_rate():
    for schedule in (Cosine(), Exponential(0.5), OneCycle(), Warmup(1, OneCycle())):
        rates = LearningRates(schedule, 1.0, 3)
        assert rates.epoch(3, 4) == rates.epoch(9, 4) == [rates.epoch(2, 4)[-1]] * 4


def test_only_an_adaptive_rate_can_be_lowered():
    assert (
        not LearningRates("constant", 0.1, 20).lower()
        and not LearningRates(Step(), 0.1, 20).lower()
    )
    rates = LearningRates("adaptive", 1e-5, 20)
    assert rates.lower() and rates.epoch(3, 1) == pytest.approx([2e-6])
    assert rates.lower() and rates.epoch(4, 1) == [1e-6] and not rates.lower()


@pytest.mark.parametrize(
    "value, message",
    [
        (
            "invscaling",
            "must be one of 'constant', 'adaptive', 'auto', 'step', 'exponential', 'cosine', 'one_cycle', "
            "'reduce_on_plateau'",
        ),
        (Cosine, r"is the class Cosine. Write Cosine\(\)"),
        (3, "must be one of .* a schedule such as"),
        (Step(0), "Step: every must be an integer, 1 or more; got 0"),
        (Step(factor=0), "Step: factor must be a number above 0 and at most 1; got 0"),
        (Exponential(1.5), "Exponential: decay must be a number above 0 and at most 1; got 1.5"),
        (Cosine("x"), "Cosine: final must be a number from 0 to 1; got 'x'"),
        (Cosine(warmup=-1), "Cosine: warmup must be an integer, 0 or more; got -1"),
        (
            Cosine(warmup=10),
            "Cosine: warmup is 10, but there are only 10 epochs. Lower warmup",
        ),
        (OneCycle(pct_start=30), "OneCycle: pct_start must be a number from 0 to 1; got 30"),
        (OneCycle(div_factor=0.5), "OneCycle: div_factor must be a number, 1 or more; got 0.5"),
        (OneCycle(final_div_factor=float("inf")), "final_div_factor must be a number, 1 or more"),
        (Warmup(0), "Warmup: epochs must be an integer, 1 or more; got 0"),
        (Warmup(12), "Warmup: epochs is 12, but there are only 10 epochs"),
        (Warmup(2, "cosine"), r"then must be None or a schedule such as Cosine\(\); got 'cosine'"),
        (Warmup(2, start=-1), "Warmup: start must be a number from 0 to 1; got -1"),
        (Warmup(5, Cosine(warmup=6)), "Cosine: warmup is 6, but there are only 5 epochs"),
        (ReduceOnPlateau(1), "ReduceOnPlateau: factor must be a number above 0 and below 1; got 1"),
        (ReduceOnPlateau(patience=-1), "patience must be an integer, 0 or more; got -1"),
        (ReduceOnPlateau(min_delta=-1), "min_delta must be a number, 0 or more; got -1"),
        (ReduceOnPlateau(min_lr="0"), "min_lr must be a number, 0 or more; got '0'"),
        (ReduceOnPlateau(cooldown=0.5), "cooldown must be an integer, 0 or more; got 0.5"),
        (
            ReduceOnPlateau(patience=10),
            "patience is 10, but training stops after n_iter_no_change=10 epochs without progress",
        ),
        (Warmup(2, ReduceOnPlateau(patience=50)), "patience is 50, but training stops after"),
    ],
)
def test_refusals(value, message):
    with pytest.raises((TypeError, ValueError), match=f"^learning_rate:? .*{message}"):
        check_learning_rate(value, 10, n_iter_no_change=10)


def test_a_named_schedule_is_checked_too():
    check_learning_rate("reduce_on_plateau", 10, n_iter_no_change=6)
    with pytest.raises(ValueError, match="patience is 5, but training stops after"):
        check_learning_rate("reduce_on_plateau", 10, n_iter_no_change=5)


@pytest.mark.parametrize(
    "value",
    ["constant", "one_cycle", Cosine(warmup=9), Warmup(9), print, ReduceOnPlateau(patience=99)],
)
def test_what_is_accepted(value):
    check_learning_rate(value, 10)


@dataclass(frozen=True)
class Strange(Schedule):
    """A schedule of one's own that goes wrong in its second epoch."""

    value: object = -1.0

    def multiplier(self, epoch, max_iter, step=0, steps=1):
        return self.value if epoch else 1.0


@pytest.mark.parametrize("value", [-1.0, float("nan"), float("inf")])
def test_a_rate_that_is_none_is_refused(value):
    for learning_rate in (Strange(value), lambda epoch: value if epoch else 1.0):
        rates = LearningRates(learning_rate, 0.5, 3, first_epoch=4)
        assert rates.epoch(4, 2) in ([0.5, 0.5], [1.0, 1.0])
        with pytest.raises(
            ValueError, match=r"returned \S+ for epoch 1; expected a finite number, 0"
        ):
            rates.epoch(5, 2)
