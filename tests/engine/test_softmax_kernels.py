"""Softmax over the channels, on every instruction set."""

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
    threads,
    train_once,
)

from convnet.layers import Activation

pytestmark = pytest.mark.parametrize("isa", ISAS)


@given(
    n=st.integers(1, 9),
    size=st.tuples(st.integers(1, 6), st.integers(1, 6)),
    c=st.integers(1, 130),
    seed=seeds,
    n_threads=threads,
)
@example(n=3, size=(1, 1), c=1000, seed=0, n_threads=2)
def test_softmax(isa, n, size, c, seed, n_threads):
    rng = np.random.default_rng(seed)
    z, grad = normals(rng, (n, *size, c), 3.0), normals(rng, (n, *size, c))
    net = build([Activation("softmax")], (*size, c), isa)
    y, grad_z, _ = train_once(net, z, grad, n_threads)
    want = oracle.softmax(z)
    spread = z.max(axis=-1, keepdims=True) - z  # z - max z is rounded before it is exponentiated
    assert_within(y, want, (8 + spread) * EPS * want, "forward")
    assert_exact(net.forward(z, n_threads=n_threads), y, "prediction")
    sizes = want * (np.abs(grad) + (np.abs(grad) * want).sum(axis=-1, keepdims=True))
    bound = (16 + 2 * spread.max()) * EPS * sizes
    assert_within(grad_z, oracle.softmax_backward(grad, z), bound, "data gradient")


@pytest.mark.parametrize("c", [1, 3, 16, 37])
def test_large_values_and_nan(isa, c):
    """Values beyond exp's range give exact shares; a NaN takes all channels of its pixel and no other pixel."""
    z = np.full((1, 2, 3, c), -3e38, np.float32)
    z[0, 0, 0, c // 2] = 3e38
    z[0, 0, 1] = 1e30
    z[0, 1, 2, c - 1] = np.nan
    net = build([Activation("softmax")], z.shape[1:], isa)
    y = net.forward(z)
    assert_within(y[0, 0, 0], np.arange(c) == c // 2, 0.0)
    assert_within(y[0, 0, 1], np.full(c, 1 / c), EPS)
    pixels = np.isnan(y[0]).all(axis=-1)
    assert pixels[1, 2] and np.isnan(y).sum() == c
    assert_exact(net.forward_training(z), y)


def test_of_flat_data_and_signals(isa):
    """Over the features of flat data, and over the channels of each position of a signal."""
    rng = np.random.default_rng(0)
    for shape in ((7,), (5, 3)):
        z = normals(rng, (4, *shape))
        y = build([Activation("softmax")], shape, isa).forward(z)
        assert_within(y, oracle.softmax(z), 8 * EPS)
