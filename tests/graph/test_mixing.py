"""MixUp and CutMix inside training steps: the same bits however a batch is divided and read, and who is mixed."""

import numpy as np
import pytest

from convnet.augment import CutMix, Cutout, MixUp, RandomFlip, RandomRotation
from convnet.augment.plan import plan_augment
from convnet.graph import Network, Trainer
from convnet.graph.runtime.augmenter import augmented
from convnet.layers import BatchNorm, Conv2D, Dropout, MaxPool2D

SHAPE, N = (12, 10, 3), 40
ALL = [RandomFlip(), MixUp(0.4), RandomRotation(15), CutMix(), Cutout(3)]
PLAN = plan_augment(ALL, SHAPE)
LAYERS = [Conv2D(6, 3, padding="same", activation="relu"), MaxPool2D(2), BatchNorm(), Dropout(0.3)]
KINDS = {
    "softmax": (4, lambda rng: rng.integers(0, 4, N).astype(np.int32)),
    "sigmoid": (3, lambda rng: rng.integers(0, 2, (N, 3)).astype(np.float32)),
    "squared_error": (2, lambda rng: rng.normal(size=(N, 2)).astype(np.float32)),
}
every_loss = pytest.mark.parametrize("loss", KINDS)


def data(loss):
    rng = np.random.default_rng(0)
    X = rng.integers(0, 256, (N, *SHAPE)).astype(np.uint8)
    weight = rng.uniform(0.1, 2, N).astype(np.float32)
    return X, KINDS[loss][1](rng), weight


def trainer_of(loss, size=N, **options):
    net = Network(LAYERS, SHAPE, KINDS[loss][0], seed=1)
    return net, Trainer(net, loss=loss, batch_size=size, augment=PLAN, seed=5, **options)


def train(loss, X, y, weight, rows, *, n_threads=1, steps=3, ids=None):
    net, trainer = trainer_of(loss, len(rows), n_threads=n_threads)
    losses = []
    for epoch in range(steps):
        options = dict(scale=1 / 255, learning_rate=0.01, epoch=epoch, sample_ids=ids)
        losses.append(trainer.step(X, y, rows, weight, **options))
        losses += [trainer.data_loss, trainer.score]
    return losses, net.get_weights()


def assert_same(one, other):
    assert one[0] == other[0]
    for name, values in one[1].items():
        np.testing.assert_array_equal(values, other[1][name])


@every_loss
@pytest.mark.parametrize("n_threads", [2, 3, 7])
def test_threads_decide_nothing(loss, n_threads):
    X, y, weight = data(loss)
    rows = np.random.default_rng(1).permutation(N)[:37]
    want = train(loss, X, y, weight, rows)
    assert_same(want, train(loss, X, y, weight, rows, n_threads=n_threads))
    shown = augmented(X, PLAN, seed=3)
    np.testing.assert_array_equal(augmented(X, PLAN, seed=3, n_threads=n_threads), shown)


@every_loss
def test_a_batch_that_is_read_alone(loss):
    """As from files: X, y and the weights of the batch only, its samples known by their ids."""
    X, y, weight = data(loss)
    rows = np.random.default_rng(1).permutation(N)[:17]
    alone = (X[rows], y[rows], weight[rows], np.arange(17))
    assert_same(train(loss, X, y, weight, rows), train(loss, *alone, ids=rows.astype(np.int64)))


@every_loss
def test_weights_of_one_change_no_bit(loss):
    X, y, _ = data(loss)
    rows = np.arange(N)
    ones = np.ones(N, np.float32)
    assert_same(train(loss, X, y, None, rows), train(loss, X, y, ones, rows))


@every_loss
def test_a_batch_of_one_sample_is_not_mixed(loss):
    X, y, weight = data(loss)
    rows = np.array([7])
    plain = plan_augment([one for one in ALL if not isinstance(one, MixUp | CutMix)], SHAPE)
    assert plain.stages == ("augment",)
    keyed = plan_augment(
        [RandomFlip(), RandomFlip(), RandomRotation(15), RandomFlip(), Cutout(3)], SHAPE
    )
    kept = [("crop", 0.0, 0.0) if i in (1, 3) else t for i, t in enumerate(keyed.transforms)]
    net, trainer = trainer_of(loss, 1)
    want = Network(LAYERS, SHAPE, KINDS[loss][0], seed=1)
    other = Trainer(
        want, loss=loss, batch_size=1, seed=5, augment=type(keyed)(tuple(kept), keyed.fill)
    )
    for epoch in range(3):
        options = dict(scale=1 / 255, learning_rate=0.01, epoch=epoch)
        assert trainer.step(X, y, rows, weight, **options) == other.step(
            X, y, rows, weight, **options
        )
    for name, values in want.get_weights().items():
        np.testing.assert_array_equal(net.get_weights()[name], values)


def test_partners_come_from_the_batch():
    """Of rows 0 to 9 only, whatever else X holds."""
    X = np.zeros((N, *SHAPE), np.float32)
    X[10:] = 1e3
    plan = plan_augment([MixUp(5)], SHAPE)
    net = Network([], SHAPE, 2, seed=1)
    steps = []
    for values in (X, X[:10]):
        trainer = Trainer(net, loss="softmax", batch_size=10, augment=plan, seed=5, solver="sgd")
        y = np.zeros(len(values), np.int32)
        steps.append(
            trainer.step(values, y, np.arange(10), None, scale=1.0, learning_rate=0.0, epoch=0)
        )
    assert steps[0] == steps[1] < 10


def test_scores_keep_the_weights_of_the_samples():
    """The score of an epoch is a mean with these weights, so that it stays between 0 and 1."""
    X, y, _ = data("softmax")
    weight = np.ones(N, np.float32)
    weight[3] = 1000
    _, trainer = trainer_of("softmax")
    for epoch in range(20):
        trainer.step(X, y, np.arange(N), weight, scale=1.0, learning_rate=0.001, epoch=epoch)
        assert 0 <= trainer.score <= weight.sum()
