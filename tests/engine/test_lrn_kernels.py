"""Local response normalization on every instruction set."""

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

from convnet.layers import LRN

pytestmark = pytest.mark.parametrize("isa", ISAS)


@given(
    n=st.integers(1, 5),
    size=st.tuples(st.integers(1, 5), st.integers(1, 5)),
    c=st.integers(1, 70),
    window=st.integers(1, 12),
    beta=st.sampled_from([0.75, 0.5, 1.0, 0.0, 0.6, 2.0]),
    seed=seeds,
    n_threads=threads,
)
@example(n=3, size=(2, 3), c=5, window=10**6, beta=0.75, seed=0, n_threads=2)
def test_lrn(isa, n, size, c, window, beta, seed, n_threads):
    rng = np.random.default_rng(seed)
    x, grad = normals(rng, (n, *size, c)), normals(rng, (n, *size, c))
    constants = window, float(window), beta, 0.5
    net = build([LRN(window, alpha=constants[1], beta=beta, k=0.5)], (*size, c), isa)
    y, grad_x, _ = train_once(net, x, grad, n_threads)
    want = oracle.lrn(x, *constants)
    assert_within(y, want, (8 + min(window, 2 * c)) * EPS * np.abs(want), "forward")
    assert_exact(net.forward(x, n_threads=n_threads), y, "prediction")
    size_of_terms = np.abs(grad).max() * 2 ** (beta + 1) * (1 + beta)
    want = oracle.lrn_backward(grad, x, *constants)
    bound = 16 * EPS * size_of_terms * np.sqrt(min(window, 2 * c))
    assert_within(grad_x, want, bound, "data gradient")


def test_nan_takes_the_channels_around(isa):
    x = np.ones((1, 1, 3, 9), np.float32)
    x[0, 0, 1, 4] = np.nan
    y = build([LRN(4)], x.shape[1:], isa).forward(x)
    want = np.zeros((3, 9), dtype=bool)
    want[1, 3:7] = True  # channel c reads c - 2 to c + 1
    np.testing.assert_array_equal(np.isnan(y[0, 0]), want)


def test_a_window_by_hand(isa):
    """Two channels of 3 and 4 with alpha = size: √(9 + 16) is 5."""
    x = np.array([[3, 4, 0, 0]], np.float32)
    y = build([LRN(3, alpha=3, beta=0.5, k=1e-6)], (4,), isa).forward(x)
    assert_within(y[0], np.array([0.6, 0.8, 0, 0]), 1e-6)
