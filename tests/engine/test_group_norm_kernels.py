"""Group normalization on every instruction set."""

import numpy as np
import oracle
import pytest
from hypothesis import example, given, strategies as st
from netcheck import (
    EPS,
    ISAS,
    assert_exact,
    assert_within,
    build,
    normals,
    seeds,
    set_random_weights,
    threads,
    train_once,
)

from convnet.layers import Conv2D, GroupNorm

pytestmark = pytest.mark.parametrize("isa", ISAS)


@given(
    n=st.integers(1, 9),
    size=st.tuples(st.integers(1, 6), st.integers(1, 6)),
    groups=st.integers(1, 9),
    channels=st.integers(1, 9),
    shift=st.sampled_from([0, 3, -100]),
    seed=seeds,
    n_threads=threads,
)
@example(n=9, size=(5, 7), groups=1, channels=33, shift=0, seed=0, n_threads=3)
@example(n=2, size=(3, 3), groups=40, channels=1, shift=3, seed=0, n_threads=2)
def test_group_norm(isa, n, size, groups, channels, shift, seed, n_threads):
    rng = np.random.default_rng(seed)
    c, epsilon = groups * channels, 0.1
    x, grad = normals(rng, (n, *size, c)) + np.float32(shift), normals(rng, (n, *size, c))
    net = build([GroupNorm(groups, epsilon=epsilon)], (*size, c), isa)
    weights = set_random_weights(net, rng)
    gamma, beta = weights["groupnorm1/gamma"], weights["groupnorm1/beta"]
    y, grad_x, gradients = train_once(net, x, grad, n_threads)
    want = oracle.group_norm(x, gamma, beta, groups, epsilon)
    assert_within(y, want, 4 * EPS * (np.abs(want - beta) + np.abs(beta)), "forward")
    assert_exact(net.forward(x, n_threads=n_threads), y, "prediction")
    want_x, *wants = oracle.group_norm_backward(grad, x, gamma, groups, epsilon)
    scale = np.abs(gamma * grad).max() / np.sqrt(epsilon)
    assert_within(grad_x, want_x, 16 * EPS * scale, "data gradient")
    for name, got, total in zip(
        ("gamma", "beta"), wants, (np.abs(grad * 4), np.abs(grad)), strict=True
    ):
        bound = 4 * EPS * (total.sum(axis=(0, 1, 2)) + np.abs(got))
        assert_within(gradients[f"groupnorm1/{name}"], got, bound, name)


def test_a_mean_of_many_deviations(isa):
    """Output and gradients are as exact as without the mean, which is 10,000 deviations: z - mean does not round."""
    rng = np.random.default_rng(0)
    x = normals(rng, (3, 8, 9, 8)) + np.float32(1e4)
    grad = normals(rng, x.shape)
    net = build([GroupNorm(2)], x.shape[1:], isa)
    y, grad_x, _ = train_once(net, x, grad)
    ones = np.ones(8)
    assert_within(y, oracle.group_norm(x, ones, 0 * ones, 2), 4 * EPS * 4)
    assert_within(grad_x, oracle.group_norm_backward(grad, x, ones, 2)[0], 8 * EPS * 4)


def test_groups_of_one_value(isa):
    """Constant groups: beta, and no gradient of x."""
    net = build([GroupNorm(-1)], (7,), isa)
    x = np.arange(21, dtype=np.float32).reshape(3, 7)
    y, grad_x, _ = train_once(net, x, np.ones((3, 7), np.float32))
    assert_exact(y, np.zeros((3, 7)))
    assert_exact(grad_x, np.zeros((3, 7)))


def test_the_same_bits_at_any_number_of_threads(isa):
    rng = np.random.default_rng(0)
    x, grad = normals(rng, (37, 9, 8, 3)), normals(rng, (37, 9, 8, 6))
    net = build([Conv2D(6, 3, padding="same"), GroupNorm(3)], x.shape[1:], isa)
    y, grad_x, gradients = train_once(net, x, grad, 1)
    for n_threads in (2, 3, 8):
        again = train_once(net, x, grad, n_threads)
        assert_exact(again[0], y)
        assert_exact(again[1], grad_x)
        for name, got in again[2].items():
            assert_exact(got, gradients[name], name)


def test_nan_takes_its_group(isa):
    """All values of the group of that sample, and no others."""
    x = normals(np.random.default_rng(0), (2, 3, 4, 6))
    x[1, 2, 0, 3] = np.nan
    y = build([GroupNorm(3)], x.shape[1:], isa).forward(x)
    want = np.zeros(x.shape, dtype=bool)
    want[1, ..., 2:4] = True
    np.testing.assert_array_equal(np.isnan(y), want)
