"""ReduceOnPlateau: when the rate falls, compared with PyTorch and counted by hand, and which loss it follows."""

from dataclasses import replace
from importlib.util import find_spec

import numpy as np
import pytest

from convnet import ConvNetClassifier
from convnet.schedules import ReduceOnPlateau, Warmup
from convnet.training.optimization import LearningRates

SCHEDULES = [
    ReduceOnPlateau(),
    ReduceOnPlateau(0.5, patience=0, min_delta=0.0),
    ReduceOnPlateau(0.5, patience=2, min_delta=0.02, cooldown=4),
    ReduceOnPlateau(0.3, patience=1, min_delta=0.01, min_lr=0.004, cooldown=1),
]


def rates_of(schedule, losses, init=0.1):
    """Return the rate of each epoch and that after the last one."""
    rates = LearningRates(schedule, init, len(losses) + 1)
    found = rates.epoch(0, 1)
    for epoch, loss in enumerate(losses):
        rates.update(epoch, loss)
        found += rates.epoch(epoch + 1, 1)
    return found


def falling(seed):
    """Return losses of 150 epochs that fall, with noise, ties and plateaus."""
    rng = np.random.default_rng(seed)
    losses = np.exp(-np.arange(150) / 40) + 0.02 * rng.standard_normal(150)
    return [float(loss) for loss in np.round(np.repeat(losses[::3], 3), 2)]


@pytest.mark.skipif(
    find_spec("torch") is None,
    reason="PyTorch is not installed: pip install torch==2.13.0, as .ci/run does",
)
@pytest.mark.parametrize("schedule", SCHEDULES, ids=repr)
@pytest.mark.parametrize("seed", range(5))
def test_rates_are_those_of_pytorch(schedule, seed):
    import torch

    optimizer = torch.optim.SGD([torch.zeros(1)], lr=0.1)
    peer = torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimizer,
        factor=schedule.factor,
        patience=schedule.patience,
        threshold=schedule.min_delta,
        threshold_mode="abs",
        cooldown=schedule.cooldown,
        min_lr=schedule.min_lr,
        eps=0,
    )
    losses, expected = falling(seed), [0.1]
    for loss in losses:
        peer.step(loss)
        expected += peer.get_last_lr()
    assert rates_of(schedule, losses) == expected
    assert len(set(expected)) > 2


def test_rates_counted_by_hand():
    losses = [3.0, 2.0, 2.0, 1.95, 1.89, 1.9, 1.9, 1.9, 1.0]
    schedule = ReduceOnPlateau(0.5, patience=1, min_delta=0.1)
    # 2.0 and 1.95 gain nothing, 1.89 is more than 0.1 below 2.0; then three epochs without a gain
    assert rates_of(schedule, losses, 8.0) == [8, 8, 8, 8, 4, 4, 4, 2, 2, 2]
    assert rates_of(replace(schedule, cooldown=2), losses, 8.0) == [8, 8, 8, 8, 4, 4, 4, 4, 2, 2]


def test_rates_end_at_min_lr_and_above_zero():
    schedule = ReduceOnPlateau(0.1, patience=0, min_lr=0.02)
    assert rates_of(schedule, [1.0] * 4, 1.0) == [1, 1, 0.1, 0.02, 0.02]
    assert rates_of(replace(schedule, min_lr=2.0), [1.0] * 4, 1.0) == [1] * 5
    assert rates_of(replace(schedule, factor=1e-200, min_lr=0.0), [1.0] * 4, 1.0)[-1] == 1e-200


def test_epochs_of_a_warmup_do_not_count():
    schedule = Warmup(3, ReduceOnPlateau(0.5, patience=1, min_delta=0.0), start=0.25)
    assert rates_of(schedule, [1.0] * 7, 8.0) == [2, 4, 6, 8, 8, 8, 4, 4]


@pytest.fixture
def few(digits):
    return digits[0][:60], digits[1][:60]


@pytest.fixture
def clf():
    return ConvNetClassifier(
        [],
        learning_rate=ReduceOnPlateau(0.5, patience=1, min_delta=0.05),
        learning_rate_init=0.02,
        max_iter=25,
        random_state=0,
    )


def check(clf, losses):
    """Check that the rates of a fit follow these losses."""
    rates = clf.history_["learning_rate"]
    np.testing.assert_array_equal(rates, rates_of(clf.learning_rate, losses, 0.02)[: len(rates)])
    assert len(set(rates)) > 1


def test_fit_follows_the_training_loss(few, clf):
    clf.set_params(n_iter_no_change=float("inf")).fit(*few)
    check(clf, clf.loss_curve_)


def test_fit_follows_the_validation_loss(digits, few, clf):
    X_val, y_val = digits[0][60:90], digits[1][60:90]
    clf.set_params(n_iter_no_change=float("inf")).fit(*few, X_val=X_val, y_val=y_val)
    check(clf, clf.validation_loss_curve_)
    assert rates_of(clf.learning_rate, clf.loss_curve_, 0.02)[:25] != clf.history_["learning_rate"]


def test_early_stopping_follows_the_validation_loss_and_still_stops(few, clf):
    clf.set_params(early_stopping=True, validation_fraction=0.3, n_iter_no_change=4, max_iter=100)
    clf.set_params(learning_rate__min_delta=0.3).fit(*few)
    check(clf, clf.validation_loss_curve_)
    assert clf.n_iter_ < 100


def test_partial_fit_follows_the_training_loss(few, clf):
    for _ in range(25):
        clf.partial_fit(*few, classes=range(10))
    check(clf, clf.loss_curve_)


def test_fields_can_be_searched(few, clf):
    clf.set_params(learning_rate__patience=3, learning_rate__factor=0.25)
    assert clf.learning_rate == ReduceOnPlateau(0.25, 3, min_delta=0.05)
    clf.set_params(learning_rate="reduce_on_plateau", learning_rate__patience=2)
    assert clf.learning_rate == ReduceOnPlateau(patience=2)


def test_a_patience_that_training_does_not_wait_for_is_refused(few, clf):
    clf.set_params(learning_rate__patience=10)
    with pytest.raises(ValueError, match="patience is 10, but training stops after n_iter_no_chan"):
        clf.fit(*few)
