"""Dropout: inverted, keyed by (seed, epoch, row, layer), the identity at predict."""

import numpy as np
import pytest
from hypothesis import given, strategies as st
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

from convnet.layers import Dropout

pytestmark = pytest.mark.parametrize("isa", ISAS)

RATES = st.sampled_from([0.1, 0.2, 0.5, 0.75, 0.9])
SHAPES = st.sampled_from([(1,), (7,), (16,), (33,), (130,), (3, 5, 7), (6, 4, 16)])


def mask(net, n, sample_ids=None, n_threads=1, **key):
    """Which values survive: those of an input of ones that are not 0."""
    x = np.ones((n, *net.plan.input_shape), np.float32)
    return net.forward_training(x, sample_ids=sample_ids, n_threads=n_threads, **key) != 0


@given(rate=RATES, shape=SHAPES, n=st.integers(1, 20), seed=seeds, n_threads=threads)
def test_values_and_gradients(isa, rate, shape, n, seed, n_threads):
    """Each value is 0 or x / (1 - rate), its gradient 0 or grad / (1 - rate), by the same mask."""
    rng = np.random.default_rng(seed)
    net = build([Dropout(rate)], shape, isa)
    x, grad = normals(rng, (n, *shape)), normals(rng, (n, *shape))
    key = dict(seed=seed % 2**31, epoch=3, sample_ids=rng.permutation(1000)[:n])
    kept = mask(net, n, **key)
    y, grad_x, _ = train_once(net, x, grad, n_threads, **key)
    assert_within(y, x * kept / (1 - rate), 2 * EPS * np.abs(x) / (1 - rate))
    assert_within(grad_x, grad * kept / (1 - rate), 2 * EPS * np.abs(grad) / (1 - rate))
    assert_exact(net.forward(x), x, "prediction")


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("shape", [(100,), (5, 5, 4)])
def test_share_kept(isa, rate, shape):
    """Within 5 standard deviations, in all, by row and by column: the mean is kept in training."""
    n, size = 2000, 100
    kept = mask(build([Dropout(rate)], shape, isa), n, sample_ids=np.arange(n), seed=1).reshape(
        n, size
    )
    for axis, count in ((None, n * size), (0, n), (1, size)):
        deviation = np.sqrt(rate * (1 - rate) / count)
        assert np.abs(kept.mean(axis=axis) - (1 - rate)).max() < 5.5 * deviation


def test_a_row_keeps_its_mask(isa):
    """Whatever its place in the batch, its company and the threads."""
    net = build([Dropout(0.5)], (3, 5, 7), isa)
    rows = np.random.default_rng(0).permutation(500)[:41]
    want = mask(net, 41, rows, seed=7, epoch=2)
    for n_threads in (1, 2, 3, 7):
        np.testing.assert_array_equal(mask(net, 41, rows, n_threads, seed=7, epoch=2), want)
    np.testing.assert_array_equal(mask(net, 41, rows[::-1].copy(), seed=7, epoch=2)[::-1], want)
    np.testing.assert_array_equal(mask(net, 5, rows[10:15], seed=7, epoch=2), want[10:15])
    np.testing.assert_array_equal(mask(net, 1, rows[3:4], seed=7, epoch=2), want[3:4])


def test_masks_differ(isa):
    """Over rows, epochs and seeds: half of the values agree by chance."""
    net = build([Dropout(0.5)], (1000,), isa)
    rows = np.array([0, 1, 2, 255, 256, 4095, 4096])
    masks = [m for key in ((0, 0), (0, 1), (0, 1000), (1, 0), (2**31 - 1, 0)) for m in mask(
        net, len(rows), rows, seed=key[0], epoch=key[1])]  # fmt: skip
    agreement = np.corrcoef(np.array(masks, dtype=float))
    np.fill_diagonal(agreement, 0)
    assert np.abs(agreement).max() < 0.2


def test_layers_differ(isa):
    """Two dropouts of a half in a row keep a quarter, not a half: their masks are independent."""
    kept = mask(build([Dropout(0.5), Dropout(0.5)], (1000,), isa), 50)
    assert kept.mean() == pytest.approx(0.25, abs=0.015)


def test_rate_zero_is_the_identity(isa):
    x = normals(np.random.default_rng(0), (5, 33))
    y, grad_x, _ = train_once(build([Dropout(0.0)], (33,), isa), x, x)
    assert_exact(y, x)
    assert_exact(grad_x, x)


def test_nan_survives_or_is_dropped_cleanly(isa):
    """A dropped NaN leaves 0 or NaN, a kept one NaN; its neighbours never change."""
    net = build([Dropout(0.5)], (40,), isa)
    x = np.ones((20, 40), np.float32)
    kept = mask(net, 20)
    x[:, 5] = np.nan
    y = net.forward_training(x)
    assert np.isnan(y[:, 5][kept[:, 5]]).all()
    np.testing.assert_array_equal(np.delete(y != 0, 5, axis=1), np.delete(kept, 5, axis=1))
