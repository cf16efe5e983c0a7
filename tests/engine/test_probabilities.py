"""Probabilities from logits, and the exponential that they are made of."""

import numpy as np
import pytest

from convnet.engine import sigmoid, softmax

RNG = np.random.default_rng(0)
EPS = np.finfo(np.float64).eps


@pytest.mark.parametrize("k", [1, 2, 7])
@pytest.mark.parametrize("size", [0, 1, 1e4])
def test_softmax(k, size):
    z = (RNG.standard_normal((50, k)) * size).astype(np.float32)
    p = softmax(z)
    wide = z.astype(np.float64)
    wide = np.hstack([0 * wide, wide]) if k == 1 else wide
    expected = np.exp(wide - wide.max(axis=1, keepdims=True))
    expected /= expected.sum(axis=1, keepdims=True)
    assert p.dtype == np.float64 and p.shape == (50, max(2, k))
    np.testing.assert_allclose(p, expected, rtol=1e-14, atol=1e-300)
    assert softmax(z[:0]).shape == (0, max(2, k))


@pytest.mark.skipif(
    np.finfo(np.longdouble).eps >= EPS, reason="needs a longer double as the exact value"
)
def test_the_exponential_is_accurate():
    """Two logits, 0 and x, give e^x / (1 + e^x). For x below -40, the sum rounds to 1, so that e^x is left."""
    x = np.linspace(-708, -40, 20_001).astype(np.float32)
    p = softmax(np.stack([np.zeros_like(x), x], axis=1))[:, 1]
    exact = np.exp(x.astype(np.longdouble))
    assert np.abs(p / exact - 1).max() < EPS  # 1 ulp is between EPS / 2 and EPS


def test_tiny_probabilities():
    """They go through the subnormal doubles to 0."""
    x = np.float32([-708, -709, -720, -740, -745, -746, -1e30, -np.inf])
    p = softmax(np.stack([np.zeros_like(x), x], axis=1))[:, 1]
    np.testing.assert_allclose(p, np.exp(x.astype(np.float64)), rtol=4 * EPS, atol=5e-324)
    assert p[4] == 5e-324 and not p[5:].any()


def test_sigmoid():
    z = np.concatenate([RNG.standard_normal(500) * size for size in (0, 1, 10, 300)])
    z = np.append(z, [-746, 746, 0]).astype(np.float32).reshape(-1, 1)
    p, wide = sigmoid(z), z.astype(np.float64)
    with np.errstate(over="ignore"):
        np.testing.assert_allclose(p, 1 / (1 + np.exp(-wide)), rtol=1e-14, atol=1e-300)
    np.testing.assert_array_equal(
        p, softmax(z)[:, 1:]
    )  # two classes are one label and its opposite
    assert sigmoid(z.reshape(-1, 1)[:0].reshape(0, 3)).shape == (0, 3)


def test_a_nan_stays():
    """Nothing else may come of it, though outputs are checked before."""
    z = np.float32([[np.nan, 0.0]])
    assert np.isnan(softmax(z)).any() and np.isnan(sigmoid(z)[0, 0])
