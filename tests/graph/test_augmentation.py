"""Augmentation inside training steps: who is changed, by what, and that nothing else decides."""

import numpy as np
import pytest

from convnet.augment import (
    Cutout,
    RandomBrightness,
    RandomContrast,
    RandomCrop,
    RandomFlip,
    RandomHue,
    RandomResizedCrop,
    RandomRotation,
    RandomSaturation,
    RandomTranslation,
    RandomZoom,
)
from convnet.augment.plan import plan_augment
from convnet.graph import Network, Trainer
from convnet.graph.runtime.augmenter import augmented
from convnet.layers import BatchNorm, Conv2D, Dropout, MaxPool2D

SHAPE = (12, 10, 3)
ALL = [
    RandomFlip(),
    RandomRotation(15, fill_mode="reflect"),
    RandomTranslation(0.1, fill_mode="reflect"),
    RandomZoom(0.2, fill_mode="reflect"),
    RandomResizedCrop((0.5, 1), fill_mode="reflect"),
    RandomContrast(0.2),
    RandomBrightness(0.2),
    RandomSaturation(0.2),
    RandomHue(0.1),
    RandomCrop(4, fill_mode="reflect"),
    Cutout(8),
]
PLAN = plan_augment(ALL, SHAPE)
LAYERS = [Conv2D(6, 3, padding="same", activation="relu"), MaxPool2D(2), BatchNorm(), Dropout(0.3)]


def photographs(n=40):
    return np.random.default_rng(0).integers(0, 256, (n, *SHAPE)).astype(np.uint8)


def train(X, y, rows, *, augment, scale=1 / 255, n_threads=1, steps=3, names=None):
    """Losses and weights after steps in as many epochs; `names`: X of each step, in place of one."""
    net = Network(LAYERS, SHAPE, 4, seed=1)
    trainer = Trainer(net, loss="softmax", batch_size=len(rows), augment=augment, seed=5)
    trainer.n_threads = n_threads
    losses = [
        trainer.step(
            X if names is None else names[epoch],
            y, rows, None, scale=scale, learning_rate=0.01, epoch=epoch,
        )
        for epoch in range(steps)
    ]  # fmt: skip
    return losses, net.get_weights()


def assert_same(one, other):
    assert one[0] == other[0]
    for name, values in one[1].items():
        np.testing.assert_array_equal(values, other[1][name])


def test_a_step_sees_what_augmented_returns():
    """To the bit, over epochs, for a batch of some rows in any order."""
    X, y = photographs(), np.arange(40, dtype=np.int32) % 4
    rows = np.random.default_rng(1).permutation(40)[:17]
    given = [augmented(X, PLAN, scale=1 / 255, seed=5, epoch=e) for e in range(3)]
    inside = train(X, y, rows, augment=PLAN)
    assert_same(inside, train(None, y, rows, augment=None, scale=1.0, names=given))
    assert inside[0] != train(X, y, rows, augment=None)[0]


@pytest.mark.parametrize("n_threads", [2, 3, 7])
def test_threads_decide_nothing(n_threads):
    X, y = photographs(), np.arange(40, dtype=np.int32) % 4
    rows = np.arange(40)[::-1].copy()
    assert_same(
        train(X, y, rows, augment=PLAN), train(X, y, rows, augment=PLAN, n_threads=n_threads)
    )
    want = augmented(X, PLAN, seed=3)
    np.testing.assert_array_equal(augmented(X, PLAN, seed=3, n_threads=n_threads), want)


KINDS = {
    "float32": lambda X: X.astype(np.float32),
    "float64": lambda X: X.astype(np.float64),
    "int16": lambda X: X.astype(np.int16),
    "float16": lambda X: X.astype(np.float16),
    "channels first": lambda X: np.ascontiguousarray(X.transpose(0, 3, 1, 2)).transpose(0, 2, 3, 1),
    "fortran": np.asfortranarray,
    "every other pixel": lambda X: X.repeat(2, 2)[:, :, ::2],
    "backwards": lambda X: X[:, ::-1, ::-1].copy()[:, ::-1, ::-1],
    "read-only": lambda X: np.frombuffer(X.tobytes(), X.dtype).reshape(X.shape),
}


@pytest.mark.parametrize("kind", KINDS)
def test_dtype_and_layout_decide_nothing(kind):
    X = photographs()
    want = augmented(X, PLAN, scale=1 / 255, epoch=1)
    np.testing.assert_array_equal(augmented(KINDS[kind](X), PLAN, scale=1 / 255, epoch=1), want)
    np.testing.assert_array_equal(X, photographs())


def test_a_row_keeps_its_changes():
    """Whatever its place and its company."""
    X, rows = photographs(), np.random.default_rng(2).permutation(10_000)[:40]
    want = augmented(X, PLAN, rows=rows, epoch=2)
    np.testing.assert_array_equal(augmented(X[::-1], PLAN, rows=rows[::-1], epoch=2), want[::-1])
    np.testing.assert_array_equal(augmented(X[7:8], PLAN, rows=rows[7:8], epoch=2), want[7:8])


def test_changes_differ():
    """By row, epoch, seed and place in the list."""
    X = np.repeat(photographs(1), 20, axis=0)
    variants = [
        augmented(X, PLAN, seed=seed, epoch=epoch) for seed in range(3) for epoch in range(3)
    ]
    assert len({image.tobytes() for batch in variants for image in batch}) == 9 * 20
    twice = augmented(np.repeat(X, 100, axis=0), plan_augment([RandomFlip(), RandomFlip()], SHAPE))
    assert (twice == X[0]).all(axis=(1, 2, 3)).mean() == pytest.approx(0.5, abs=0.06)


def corner(images):
    """Where the one bright pixel of each image has gone: (n, 2)."""
    flat = images.reshape(len(images), -1).argmax(axis=1)
    return np.stack(np.unravel_index(flat, SHAPE[:2]), axis=1)


def assert_uniform(counts):
    """Pearson's chi-square, within five standard deviations of its mean."""
    expected = counts.sum() / counts.size
    statistic, freedom = ((counts - expected) ** 2 / expected).sum(), counts.size - 1
    assert abs(statistic - freedom) < 5 * np.sqrt(2 * freedom)


def test_crops_are_uniform():
    X = np.zeros((5000, *SHAPE[:2], 1), dtype=np.float32)
    X[:, 6, 5] = 1
    plan = plan_augment([RandomCrop((2, 3), fill_mode="constant")], (*SHAPE[:2], 1))
    counts = np.zeros((5, 7))
    np.add.at(counts, tuple((corner(augmented(X, plan)) - (4, 2)).T), 1)
    assert_uniform(counts)


def test_resized_crops_are_drawn_as_torchvision_draws_them():
    """Area, ratio and place: a ramp shows where the window begins and how large it is."""
    side, n = 200, 3000
    ramp = np.stack(np.meshgrid(*[np.arange(side)] * 2, indexing="ij"), axis=2)
    X = np.broadcast_to(ramp.astype(np.float32), (n, side, side, 2))
    plan = plan_augment([RandomResizedCrop((0.1, 0.4))], (side, side, 2))
    seen = augmented(X, plan).astype(np.float64)
    slope = (seen[:, 150, 150] - seen[:, 50, 50]) / 100  # h'/h, w'/w
    h, w = (slope * side).T
    assert np.abs(h - np.rint(h)).max() < 1e-2
    area, ratio = slope.prod(axis=1), np.log(w / h) / np.log(4 / 3)
    assert_uniform(np.histogram(area, bins=15, range=(0.1, 0.4))[0])
    assert_uniform(np.histogram(ratio, bins=15, range=(-1, 1))[0])
    corner = seen[:, 100, 100] - 100.5 * slope + 0.5
    places = (corner + 0.5) / (side - np.stack([h, w], axis=1) + 1)
    for place in places.T:
        assert_uniform(np.histogram(place, bins=15, range=(0, 1))[0])


def test_cutouts_are_uniform():
    X = np.ones((6000, *SHAPE[:2], 1), dtype=np.float32)
    plan = plan_augment([Cutout(1)], (*SHAPE[:2], 1))
    counts = (augmented(X, plan) == 0).sum(axis=0)
    assert counts.sum() == 6000
    assert_uniform(counts)


def test_half_of_the_images_are_flipped():
    X = np.repeat(photographs(1), 4000, axis=0)
    for mode, share in (("horizontal", 1 / 2), ("vertical", 1 / 2), ("both", 3 / 4)):
        got = augmented(X, plan_augment([RandomFlip(mode)], SHAPE))
        changed = (got != X).any(axis=(1, 2, 3)).mean()
        assert changed == pytest.approx(share, abs=5 * np.sqrt(share * (1 - share) / 4000))


@pytest.mark.parametrize("one", [RandomBrightness(0.5), RandomContrast(0.5)], ids=repr)
def test_values_move_evenly_both_ways(one):
    """What is added to the largest value is uniform over the whole range."""
    image = np.zeros((1, *SHAPE[:2], 1), dtype=np.float32)
    image[0, :6], image[0, 6:] = 1, -1  # its mean is 0
    X = np.repeat(image, 4000, axis=0)
    added = augmented(X, plan_augment([one], (*SHAPE[:2], 1)))[:, 0, 0, 0] - 1
    assert -0.5 <= added.min() < -0.49 and 0.49 < added.max() <= 0.5
    assert_uniform(np.histogram(added, bins=20, range=(-0.5, 0.5))[0])
