"""MixUp and CutMix against their float64 definitions, on every instruction set: images, losses, distributions."""

import numpy as np
import oracle_augment
import oracle_training
import pytest
from hypothesis import given, strategies as st
from netcheck import EPS, ISAS, assert_exact, assert_within, normals, seeds
from scipy import stats

from convnet.augment import CutMix, Cutout, MixUp, RandomFlip, RandomRotation, RandomSaturation
from convnet.augment.plan import plan_augment
from convnet.engine import LOSSES
from convnet.graph import Network, Trainer
from convnet.graph.runtime.augmenter import augmented

every_isa = pytest.mark.parametrize("isa", ISAS)
LISTS = [
    [MixUp()],
    [MixUp(1)],
    [CutMix()],
    [CutMix(0.3)],
    [MixUp(0.5), CutMix(2)],
    [
        RandomFlip(),
        MixUp(3),
        RandomRotation(30),
        CutMix(),
        RandomSaturation(0.5),
        Cutout(1),
        MixUp(),
    ],
]


def images(shape, n, seed=0):
    return np.random.default_rng(seed).random((n, *shape)).astype(np.float32)


def draws_of(augment, shape, n, rows=None, **key):
    rows = range(n) if rows is None else rows
    return [oracle_augment.mixing(augment, shape, n, row=int(row), **key) for row in rows]


@every_isa
@pytest.mark.parametrize("augment", LISTS, ids=str)
@pytest.mark.parametrize("shape", [(7, 9, 3), (1, 5, 3), (20, 1, 3)], ids=str)
def test_images(isa, augment, shape):
    n, key = 24, dict(seed=5, epoch=2)
    rows = np.arange(n) * 2**31 + 7
    x = images(shape, n)
    got = augmented(x, plan_augment(augment, shape), rows=rows, isa=isa, **key)
    single = np.stack(
        [
            oracle_augment.augment(image, augment, row=int(row), **key)
            for image, row in zip(x, rows, strict=True)
        ]
    )
    want = oracle_augment.mixed_images(single, draws_of(augment, shape, n, rows, **key))
    assert_within(got, want, 8 * EPS * 4 * max(shape))
    if min(shape[:2]) > 1:
        assert np.abs(want - single).max() > 0.1


@every_isa
def test_channels_other_than_three(isa):
    for c in (1, 2, 5, 8):
        x, shape, augment = images((6, 5, c), 16), (6, 5, c), [MixUp(1), CutMix()]
        got = augmented(x, plan_augment(augment, shape), isa=isa)
        want = oracle_augment.mixed_images(
            x.astype(np.float64), draws_of(augment, shape, 16, seed=0, epoch=0)
        )
        assert_within(got, want, 4 * EPS)


@every_isa
def test_one_sample_stays_as_it_is(isa):
    x = images((6, 5, 3), 1)
    for one in (MixUp(50), CutMix(50)):
        assert_exact(augmented(x, plan_augment([one], x.shape[1:]), isa=isa), x)


@every_isa
def test_cutmix_copies_pixels(isa):
    """Each pixel is that of the sample or of its partner, to the bit."""
    x = images((9, 8, 3), 30)
    got = augmented(x, plan_augment([CutMix()], x.shape[1:]), isa=isa)
    draws = draws_of([CutMix()], (9, 8, 3), 30, seed=0, epoch=0)
    assert_exact(got, oracle_augment.mixed_images(x, draws))


def encoded(loss, y, k):
    return np.eye(k)[y] if loss == "softmax" else y


@pytest.mark.parametrize("loss", LOSSES)
@every_isa
@given(
    n=st.integers(1, 30), k=st.sampled_from([1, 2, 5, 17]), seed=seeds, weighted=st.booleans(),
    smoothing=st.sampled_from([0.0, 0.1]), alpha=st.sampled_from([0.05, 0.3, 1.0, 5.0]),
)  # fmt: skip
def test_losses(isa, loss, n, k, seed, weighted, smoothing, alpha):
    """Loss, data loss, score and gradient of a linear net over one-hot inputs of mixed targets and weights."""
    rng, k = np.random.default_rng(seed), max(k, 2) if loss == "softmax" else k
    smoothing = smoothing if loss in ("softmax", "sigmoid") else 0.0
    logits = normals(rng, (n, k), 2.0)
    y = {
        "softmax": rng.integers(0, k, n).astype(np.int32),
        "sigmoid": rng.integers(0, 2, (n, k)).astype(np.float32),
    }.get(loss, normals(rng, (n, k), 2.0))
    weight = rng.uniform(0.05, 3, n).astype(np.float32) if weighted else None
    seed %= 2**31
    plan = plan_augment([MixUp(alpha)], (1, 1, n))
    net = Network([], (1, 1, n), k, isa=isa)
    net.set_weights({"output/weights": logits, "output/bias": np.zeros(k, np.float32)})
    trainer = Trainer(
        net, loss=loss, batch_size=n, solver="sgd", momentum=0.0, nesterov=False, augment=plan,
        label_smoothing=smoothing, seed=seed,
    )  # fmt: skip
    x = np.eye(n, dtype=np.float32).reshape(n, 1, 1, n)
    rows = rng.permutation(n)
    value = trainer.step(x, y, rows, weight, scale=1.0, learning_rate=1.0, epoch=3)
    got = logits.astype(np.float64) - net.get_weights()["output/weights"]

    draws = draws_of([MixUp(alpha)], (1, 1, n), n, rows, seed=seed, epoch=3)
    w = np.ones(n) if weight is None else weight.astype(np.float64)
    target, w_mixed, share = oracle_augment.mixed_targets(
        encoded(loss, y, k)[rows].astype(np.float64), w[rows], draws
    )
    inputs = oracle_augment.mixed_images(np.eye(n)[rows], draws)
    z = inputs @ logits.astype(np.float64)
    losses, slopes = pointwise(loss, z, target, smoothing)
    bound = 64 * EPS * float(max(1.0, np.abs(logits).max() ** 2, np.abs(y).max() ** 2))
    assert value == pytest.approx((w_mixed * losses).sum() / w.sum(), rel=64 * EPS, abs=bound)
    plain = pointwise(loss, z, target, 0.0)[0]
    assert trainer.data_loss == pytest.approx((w_mixed * plain).sum(), rel=64 * EPS, abs=bound * n)
    want = inputs.T @ (slopes * w_mixed[:, None] / w.sum())
    assert_within(got.astype(np.float32), want, bound)
    partner = np.array([draw[0] for draw in draws])
    both = [scores(loss, z, encoded(loss, y, k)[rows][other]) for other in (np.arange(n), partner)]
    want_score = (w[rows] * (share * both[0] + (1 - share) * both[1])).sum()
    if loss not in ("softmax", "sigmoid") or np.abs(z).min() > 1e-4:
        assert trainer.score == pytest.approx(want_score, rel=1e-4, abs=1e-4)


def pointwise(loss, z, target, smoothing):
    """Losses of samples and their slopes, for targets that are numbers or probabilities."""
    n, k = z.shape
    if loss == "softmax":
        target = (1 - smoothing) * target + smoothing / k
        log_p = z - z.max(axis=1, keepdims=True)
        log_p = log_p - np.log(np.exp(log_p).sum(axis=1, keepdims=True))
        return -(target * log_p).sum(axis=1), np.exp(log_p) - target
    one = [
        oracle_training.LOSSES[loss](z[i : i + 1], target[i : i + 1], None, smoothing)
        for i in range(n)
    ]
    return np.array([value for value, _ in one]), np.concatenate([slope for _, slope in one])


def scores(loss, z, y):
    if loss == "softmax":
        return (z.argmax(axis=1) == y.argmax(axis=1)).astype(float)
    if loss == "sigmoid":
        return ((z > 0) == (y > 0.5)).all(axis=1).astype(float)
    return ((z - y) ** 2).sum(axis=1)


def shares(alpha, n=64, epochs=400):
    """Partners and shares of samples that are mixed with others: each image is a channel of its own."""
    x = np.eye(n, dtype=np.float32).reshape(n, 1, 1, n)
    plan = plan_augment([MixUp(alpha)], (1, 1, n))
    own = np.concatenate(
        [np.diagonal(augmented(x, plan, epoch=epoch, seed=9)[:, 0, 0]) for epoch in range(epochs)]
    )
    partner = [
        oracle_augment.uniforms(9, epoch, row, 0)[0] * n
        for epoch in range(epochs)
        for row in range(n)
    ]
    partner = np.floor(partner).astype(int)
    mixed = partner != np.tile(np.arange(n), epochs)
    assert (own[~mixed] == 1).all()
    return partner, own[mixed].astype(np.float64)


@pytest.mark.parametrize("alpha", [0.1, 0.2, 0.4, 1.0, 3.0, 50.0, 1e6])
def test_shares_have_the_beta_distribution(alpha):
    """Kolmogorov's test. float32 resolves the lower half; the upper half is counted."""
    _, found = shares(alpha)
    n = len(found)
    lower = found[found < 0.5]
    assert abs(len(lower) - n / 2) < 5 * np.sqrt(n) / 2
    distribution = stats.beta(alpha, alpha)
    if alpha < 1e5:
        assert stats.kstest(lower, lambda x: 2 * distribution.cdf(x)).pvalue > 1e-3
    spread = distribution.std()
    for x in 0.5 + spread * np.array([0.1, 0.5, 1.0]):
        p = distribution.cdf(x)
        assert abs((found <= x).mean() - p) < 5 * np.sqrt(p * (1 - p) / n) + 1e-9


def test_shares_of_a_small_alpha():
    """Beta(0.01, 0.01) has most of its mass where float32 has none: its distribution holds down to 1e-35."""
    _, found = shares(0.01)
    for x in (1e-35, 1e-25, 1e-15, 1e-5, 0.1, 0.5):
        p = stats.beta(0.01, 0.01).cdf(x)
        assert abs((found <= x).mean() - p) < 5 * np.sqrt(p * (1 - p) / len(found)), x


@pytest.mark.parametrize("alpha", [1e-300, 1e-6, 0.003, 1e12, 1e300])
def test_extreme_alphas(alpha):
    """0 or 1 for tiny ones, 1/2 for huge ones, and no NaN."""
    _, found = shares(alpha, epochs=20)
    if alpha < 1:
        assert (np.minimum(found, 1 - found) < 1e-3).mean() > 0.95 and 0.4 < found.mean() < 0.6
    else:
        np.testing.assert_allclose(found, 0.5, atol=1e-5)


def test_the_draw_is_that_of_the_definition():
    """Which the kernel is compared with: it has that distribution."""
    rng = np.random.default_rng(0)
    for alpha in (0.1, 0.2, 1.0, 30.0):
        u, v = rng.random((2, 4000))
        draws = [oracle_augment.symmetric_beta(alpha, *pair) for pair in zip(u, v, strict=True)]
        values = np.array(draws)
        lower = values[values < 0.5]
        distribution = stats.beta(alpha, alpha)
        assert stats.kstest(lower, lambda x, d=distribution: 2 * d.cdf(x)).pvalue > 1e-3
        assert abs(len(lower) - 2000) < 160


def test_partners_are_uniform():
    partner, _ = shares(1.0)
    counts = np.bincount(partner, minlength=64)
    expected = len(partner) / 64
    assert abs(((counts - expected) ** 2 / expected).sum() - 63) < 5 * np.sqrt(2 * 63)


def test_one_of_several_is_drawn():
    """Half of the samples are mixed as by one, half as by the other; each by itself changes (nearly) all."""
    n, epochs = 64, 40
    x = images((16, 16, 1), n)
    plan = plan_augment([MixUp(50), CutMix(50)], (16, 16, 1))
    blended = 0
    for epoch in range(epochs):
        seen = augmented(x, plan, epoch=epoch)
        draws = draws_of([MixUp(50), CutMix(50)], (16, 16, 1), n, seed=0, epoch=epoch)
        for i, (partner, _, pixels) in enumerate(draws):
            copied = (seen[i] == x[i]) | (seen[i] == x[partner])
            assert partner == i or copied.all() == (pixels is not None)
            blended += pixels is None
    total = n * epochs
    assert abs(blended - total / 2) < 5 * np.sqrt(total) / 2
