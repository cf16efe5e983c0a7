"""Batch norm on every instruction set: batch statistics, running statistics, folding at prediction."""

import numpy as np
import oracle
import pytest
from hypothesis import example, given, strategies as st
from netcheck import (
    EPS,
    ISAS,
    assert_exact,
    assert_normwise,
    assert_within,
    build,
    normals,
    seeds,
    set_random_weights,
    threads,
    train_once,
)
from reference import Reference

from convnet.engine import FROM_OUTPUT
from convnet.layers import Activation, BatchNorm, Conv2D, Dense, MaxPool2D, ReLU

pytestmark = pytest.mark.parametrize("isa", ISAS)

SHAPES = st.one_of(
    st.tuples(st.integers(1, 130)),
    st.tuples(st.integers(1, 12), st.integers(1, 12), st.integers(1, 70)),
)


@given(
    n=st.integers(1, 40),
    shape=SHAPES,
    offset=st.sampled_from([0, 1, 30]),
    seed=seeds,
    n_threads=threads,
)
@example(n=1, shape=(1,), offset=0, seed=0, n_threads=1)  # one value: the variance is 0
@example(n=1, shape=(1, 1, 1), offset=0, seed=0, n_threads=1)
@example(n=1, shape=(5, 7, 16), offset=30, seed=0, n_threads=2)
@example(n=130, shape=(33,), offset=30, seed=0, n_threads=3)
def test_training(isa, n, shape, offset, seed, n_threads):
    """Offsets of many deviations catch a variance computed as E[x^2] - E[x]^2."""
    rng = np.random.default_rng(seed)
    epsilon, momentum = 1e-3, 0.7
    net = build([BatchNorm(momentum=momentum, epsilon=epsilon)], shape, isa)
    weights = set_random_weights(net, rng)
    gamma, beta = weights["batchnorm1/gamma"], weights["batchnorm1/beta"]
    x = normals(rng, (n, *shape)) + np.float32(offset)
    grad = normals(rng, x.shape)
    y, grad_x, gradients = train_once(net, x, grad, n_threads)

    mean, variance = oracle.batch_statistics(x)
    sigma = np.sqrt(variance + epsilon)
    want = oracle.batch_norm_training(x, gamma, beta, epsilon)
    wants = oracle.batch_norm_training_backward(grad, x, gamma, epsilon)
    # x and the mean are right to eps * |x|: relative to sigma that is the error of xhat
    slip = 8 * EPS * (np.abs(x) + np.abs(mean)) / sigma + 8 * EPS
    assert_within(
        y, want, np.abs(gamma) * slip + 4 * EPS * (np.abs(want) + np.abs(beta)), "forward"
    )
    count = x.size // x.shape[-1]
    walk = product_walk(grad, slip.max(), count)
    assert_within(gradients["batchnorm1/beta"], wants[2], walk, "beta gradient")
    assert_within(gradients["batchnorm1/gamma"], wants[1], 4 * walk, "gamma gradient")
    worst = np.abs(gamma) / sigma * (1 + 4 * slip.max()) * slip.max()
    assert_within(grad_x, wants[0], 4 * worst * np.abs(grad).max(), "data gradient")

    after = net.get_weights()
    for key, batch in (("mean", mean), ("variance", variance)):
        name = f"batchnorm1/moving_{key}"
        want = oracle.moving(weights[name], batch, momentum)
        limit = 8 * EPS * (np.abs(weights[name]) + np.abs(batch) + variance * slip.max())
        assert_within(after[name], want, limit, name)


def product_walk(grad, slip, count):
    """The error of a sum of `count` gradients, each off by `slip` of its size."""
    norms = np.sqrt((oracle.f64(grad) ** 2).sum(axis=tuple(range(grad.ndim - 1))))
    return 4 * EPS * np.sqrt(count) * norms + slip * norms * np.sqrt(count)


def test_biased_variance_is_kept(isa):
    """Two rows, 1 and 3: the variance is 1, not 2."""
    net = build([BatchNorm(momentum=0.5)], (1,), isa)
    net.forward_training(np.array([[1], [3]], dtype=np.float32))
    weights = net.get_weights()
    assert weights["batchnorm1/moving_mean"] == pytest.approx([1.0])
    assert weights["batchnorm1/moving_variance"] == pytest.approx([1.0])


def test_prediction_leaves_running_statistics(isa):
    net = build([BatchNorm()], (3,), isa)
    before = net.get_weights()
    net.forward(normals(np.random.default_rng(0), (9, 3)))
    for name, array in net.get_weights().items():
        np.testing.assert_array_equal(array, before[name])


NETS = {
    "alone": ([BatchNorm()], (5, 4, 7)),
    "flat": ([BatchNorm()], (33,)),
    "conv": ([Conv2D(17, 3, padding="same"), BatchNorm()], (6, 7, 3)),
    "no bias": ([Conv2D(8, 3, use_bias=False), BatchNorm()], (6, 7, 3)),
    "grouped": ([Conv2D(12, 3, groups=3), BatchNorm()], (6, 7, 6)),
    "conv relu": ([Conv2D(17, 3), BatchNorm(), ReLU()], (6, 7, 3)),
    "conv relu pool": ([Conv2D(17, 3), BatchNorm(), ReLU(), MaxPool2D(2)], (8, 9, 3)),
    "conv pool": ([Conv2D(5, 3), BatchNorm(), MaxPool2D(2)], (8, 9, 3)),
    "winograd": ([Conv2D(16, 3, padding="same"), BatchNorm(), MaxPool2D(2)], (9, 9, 16)),
    "winograd sigmoid": ([Conv2D(16, 3), BatchNorm(), Activation("sigmoid")], (9, 11, 32)),
    "depthwise": ([Conv2D(16, 3, groups=16), BatchNorm(), ReLU()], (8, 9, 16)),
    "stride": ([Conv2D(12, 3, stride=2), BatchNorm(), ReLU(), MaxPool2D(3)], (20, 22, 9)),
    "blocks of rows": ([Conv2D(8, 3), BatchNorm(), ReLU(), MaxPool2D(3)], (24, 18, 12)),
    "planar": ([Conv2D(4, 3), BatchNorm(), ReLU(), MaxPool2D(2)], (8, 9, 3)),
    "pool between": ([Conv2D(5, 3), MaxPool2D(2), BatchNorm()], (8, 9, 3)),
    "activation between": ([Conv2D(5, 3, activation="relu"), BatchNorm()], (6, 7, 3)),
    "before conv": ([BatchNorm(), Conv2D(5, 3, padding="same")], (6, 7, 3)),
    "twice": ([Conv2D(5, 3), BatchNorm(), BatchNorm(), ReLU()], (6, 7, 3)),
    "dense": ([Dense(19), BatchNorm(), ReLU()], (11,)),
}


def set_clear_weights(net, rng):
    """Random weights with no gamma near 0, where values tie and after which rounding errors would be blown up."""
    weights = set_random_weights(net, rng)
    for name, gamma in weights.items():
        if name.endswith("gamma"):
            gamma += np.copysign(np.float32(0.5), gamma)
    net.set_weights(weights)
    return weights


def nearly_tied(maps, pool):
    """Mask of the pixels in windows whose two largest values may change places by rounding."""
    n, h, w, c = maps.shape
    (p, q), k, m = pool, h // pool[0], w // pool[1]
    windows = maps[:, : k * p, : m * q].reshape(n, k, p, m, q, c)
    ordered = np.sort(windows.transpose(0, 1, 3, 5, 2, 4).reshape(n, k, m, c, p * q))
    gaps = ordered[..., -1:] - ordered[..., -2:-1]  # of windows of one pixel none
    tied = ((gaps > 0) & (gaps < 16 * EPS * np.abs(maps).max())).any(axis=-1)
    mask = np.zeros(maps.shape, dtype=bool)
    mask[:, : k * p, : m * q] = tied.repeat(p, axis=1).repeat(q, axis=2)
    return mask


@pytest.mark.parametrize("key", NETS)
def test_prediction_and_training_in_place(isa, key):
    """Folded at prediction, whatever stands around it; gamma is negative for about half the channels."""
    layers, shape = NETS[key]
    rng = np.random.default_rng(len(key))
    net = build(layers, shape, isa)
    weights = set_clear_weights(net, rng)
    reference = Reference(layers, weights)
    loose = 32 if net.plan.layers[0].algorithm == "winograd" else 1
    x = normals(rng, (6, *shape))
    assert_normwise(net.forward(x), reference.forward(x), 16 * loose, "prediction")
    want = reference.forward_training(x)
    grad = normals(rng, want.shape)
    y, grad_x, gradients = train_once(net, x, grad, 2)
    want_x, wants = reference.backward(grad)
    assert_normwise(y, want, 32 * loose, "training forward")
    assert_normwise(grad_x, want_x, 128 * loose, "data gradient")
    scale = max(np.abs(w).max() for w in wants.values())
    # a bias before batch norm has gradient 0: measured by its neighbours
    for name, want in wants.items():
        assert_within(gradients[name], want, 128 * loose * EPS * scale, name)
    assert_normwise(net.forward(x), reference.forward(x), 32 * loose, "prediction after training")


@given(
    n=st.integers(1, 9),
    windows=st.tuples(st.integers(1, 5), st.integers(1, 5)),
    pool=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    rest=st.tuples(st.integers(0, 2), st.integers(0, 2)),
    c=st.integers(1, 130),
    activation=st.sampled_from(FROM_OUTPUT),
    seed=seeds,
    n_threads=threads,
)
@example(
    n=5, windows=(4, 3), pool=(2, 2), rest=(1, 1), c=117, activation="relu", seed=0, n_threads=2
)
@example(n=2, windows=(2, 3), pool=(3, 2), rest=(2, 1), c=33, activation="elu", seed=0, n_threads=1)
def test_pooled(isa, n, windows, pool, rest, c, activation, seed, n_threads):
    """Max-pool after it, fused: rows and columns beyond the windows count in the statistics alone."""
    h, w = (k * p + r % p for k, p, r in zip(windows, pool, rest, strict=True))
    rng = np.random.default_rng(seed)
    layers = [BatchNorm(epsilon=0.1), Activation(activation), MaxPool2D(pool)]
    net = build(layers, (h, w, c), isa)
    weights = set_clear_weights(net, rng)
    reference = Reference(layers, weights)
    x = normals(rng, (n, h, w, c)) + np.float32(2)
    assert_normwise(net.forward(x, n_threads=n_threads), reference.forward(x), 16, "prediction")
    want = reference.forward_training(x)
    grad = normals(rng, want.shape)
    y, grad_x, gradients = train_once(net, x, grad, n_threads)
    want_x, wants = reference.backward(grad)
    assert_normwise(y, want, 32, "training forward")
    # sums may cancel: measured by what they are of
    largest = np.abs(grad).max() * np.abs(weights["batchnorm1/gamma"]).max() / np.sqrt(0.1)
    clear = ~nearly_tied(Reference(layers[:-1], weights).forward_training(x), pool)
    assert_within(grad_x[clear], want_x[clear], 16 * EPS * largest, "data gradient")
    total = np.abs(grad).sum(axis=(0, 1, 2)).max()
    for name, want in wants.items():
        assert_within(gradients[name], want, 16 * EPS * total, name)


@pytest.mark.parametrize("c", [1, 7, 33, 64])
def test_pooled_ties_and_nan(isa, c):
    """Equal pixels: the gradient is the first one's. A NaN in a channel takes all of the channel."""
    net = build([BatchNorm(), MaxPool2D(2)], (4, 4, c), isa)
    x = np.zeros((2, 4, 4, c), dtype=np.float32)
    x[0] = 1
    grad = np.zeros((2, 2, 2, c), dtype=np.float32)
    grad[0, 0, 0] = 32
    y, grad_x, _ = train_once(net, x, grad)
    assert_within(y[0], np.ones((2, 2, c)), 1e-4, "forward")
    steps = np.diff(grad_x, axis=2)  # the sums give all pixels of a sample the same
    assert (steps[0, 0, 0] < -32).all()
    steps[0, 0, 0] = 0
    assert_exact(steps, np.zeros_like(steps), "data gradient")
    x[1, 3, 1, c // 2] = np.nan
    y = net.forward_training(x)
    np.testing.assert_array_equal(np.isnan(y), np.broadcast_to(np.arange(c) == c // 2, y.shape))


def test_large_mean(isa):
    """The variance is right to its own size, the mean being a thousand deviations; so is that between samples."""
    rng = np.random.default_rng(0)
    x = normals(rng, (40, 9, 8, 117)) + normals(rng, (40, 1, 1, 117)) + np.float32(1000)
    net = build([BatchNorm(momentum=0.0)], x.shape[1:], isa)
    net.forward_training(x)
    weights = net.get_weights()
    mean, variance = oracle.batch_statistics(x)
    got = weights["batchnorm1/moving_mean"], weights["batchnorm1/moving_variance"]
    assert_within(got[0], mean, 4 * EPS * np.abs(x).max(), "mean")
    assert_within(got[1], variance, 16 * EPS * variance, "variance")


def test_training_is_bits_equal_over_threads(isa):
    rng = np.random.default_rng(0)
    layers = [Conv2D(16, 3, padding="same"), BatchNorm(), ReLU(), MaxPool2D(2)]
    x, results = normals(rng, (37, 9, 9, 16)), []
    for n_threads in (1, 2, 3, 7):
        net = build(layers, x.shape[1:], isa)
        grad = normals(np.random.default_rng(1), (37, 4, 4, 16))
        y, grad_x, gradients = train_once(net, x, grad, n_threads)
        results.append({**gradients, "y": y, "x": grad_x})
    for other in results[1:]:
        for name, array in results[0].items():
            assert_exact(other[name], array, name)


def test_samples_taken_together(isa):
    """The convolution's backward pass takes several samples of a lane at a time."""
    layers = [Conv2D(16, 3, padding="same"), BatchNorm(), ReLU()]
    rng = np.random.default_rng(0)
    x = normals(rng, (90, 4, 4, 16))
    net = build(layers, x.shape[1:], isa)
    reference = Reference(layers, set_random_weights(net, rng))
    want = reference.forward_training(x)
    grad = normals(rng, want.shape)
    _, grad_x, gradients = train_once(net, x, grad, 2)
    want_x, wants = reference.backward(grad)
    # a value near the rectifier's kink may fall on either side
    off = np.abs(grad_x - want_x) > 4096 * EPS * np.abs(want_x).max()
    assert off.mean() < 0.01
    want = wants["conv1/weights"]
    assert np.linalg.norm(gradients["conv1/weights"] - want) < 0.01 * np.linalg.norm(want)


def test_running_statistics_are_bits_equal_over_threads(isa):
    rng = np.random.default_rng(0)
    x, results = normals(rng, (37, 5, 5, 9)), []
    for n_threads in (1, 2, 3, 7):
        net = build([BatchNorm()], x.shape[1:], isa)
        net.forward_training(x, n_threads=n_threads)
        results.append(net.get_weights())
    for other in results[1:]:
        for name, array in results[0].items():
            assert_exact(other[name], array, name)
