"""Probabilities and losses."""

import numpy as np
import oracle_training
import pytest

from convnet.engine import LOSSES as LOSS_KERNELS
from convnet.graph.losses import (
    LOSSES,
    cross_entropy,
    log_probabilities,
    log_sigmoid,
    mean_loss,
    probabilities,
)


def test_each_loss_has_a_kernel():
    assert tuple(LOSSES) == LOSS_KERNELS


@pytest.mark.parametrize("n_logits", [1, 2, 5])
@pytest.mark.parametrize("size", [0.1, 10, 1e4])
def test_probabilities(n_logits, size):
    logits = (np.random.default_rng(0).standard_normal((50, n_logits)) * size).astype(np.float32)
    p, log_p = probabilities(logits), log_probabilities(logits)
    assert p.shape == (50, max(2, n_logits)) and p.dtype == log_p.dtype == np.float64
    assert np.isfinite(log_p).all() and (p >= 0).all()
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=0, atol=1e-15)
    np.testing.assert_allclose(np.exp(log_p), p, rtol=1e-12)


def test_one_logit_is_two_logits_apart():
    z = np.linspace(-30, 30, 13)[:, None]
    np.testing.assert_allclose(
        log_probabilities(z), log_probabilities(np.hstack([0 * z, z])), rtol=1e-9, atol=1e-15
    )


def test_log_sigmoid():
    """Column by column what two classes would have, without underflow."""
    z = np.array([[-1e4, 2.0], [0.0, 30.0]], np.float32)
    for i in range(2):
        expected = log_probabilities(z[:, i : i + 1])[:, 1]
        np.testing.assert_array_equal(log_sigmoid(z)[:, i], expected)
    assert log_sigmoid(z)[0, 0] == -1e4 and log_sigmoid(z).dtype == np.float64


def test_cross_entropy():
    logits, targets = np.log([[0.5, 0.25, 0.25], [0.1, 0.1, 0.8]]), np.array([0, 2])
    assert cross_entropy(logits, targets) == pytest.approx(-np.log([0.5, 0.8]).mean())
    assert cross_entropy(logits, targets, np.array([3, 1])) == pytest.approx(
        -np.log([0.5, 0.8]) @ [0.75, 0.25]
    )
    assert cross_entropy(np.array([[2.0]]), np.array([1.0], np.float32)) == pytest.approx(
        np.log1p(np.exp(-2))
    )


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("k", [1, 4])
@pytest.mark.parametrize("loss", oracle_training.LOSSES)
def test_mean_loss(loss, k, weighted):
    """float32 outputs and targets, flat where there is one output, against the definitions."""
    rng = np.random.default_rng(0)
    k = k + (loss == "softmax")
    outputs = (3 * rng.standard_normal((30, k))).astype(np.float32)
    y = {
        "softmax": rng.integers(0, k, 30).astype(np.int32),
        "sigmoid": rng.integers(0, 2, (30, k)).astype(np.float32),
    }.get(loss, rng.standard_normal((30, k)).astype(np.float32))
    weights = rng.uniform(0.1, 2, 30) if weighted else None
    want = oracle_training.LOSSES[loss](outputs, y, weights)[0]
    targets = y[:, 0] if y.ndim == 2 and k == 1 else y
    assert mean_loss(loss, outputs, targets, weights) == pytest.approx(want, rel=1e-12)
