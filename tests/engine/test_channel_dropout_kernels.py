"""Dropout of whole channels: what is kept, how often, and by what key."""

import numpy as np
import pytest
from netcheck import ISAS, assert_exact, build, normals, train_once

from convnet.layers import Conv2D, SpatialDropout2D

pytestmark = pytest.mark.parametrize("isa", ISAS)
SHAPE = (5, 4, 70)  # more channels than a block of random numbers


def test_a_channel_is_kept_or_dropped_as_a_whole(isa):
    net = build([SpatialDropout2D(0.25)], SHAPE, isa)
    x = normals(np.random.default_rng(0), (40, *SHAPE))
    x[0, 0, 0, :] = np.nan
    y, grad_x, _ = train_once(net, x, np.ones_like(x), 3, seed=3)
    kept = grad_x[:, 0, 0, :] != 0
    assert 0.70 < kept.mean() < 0.80
    factor = np.float32(1 / 0.75)
    assert_exact(grad_x, np.broadcast_to((kept * factor)[:, None, None, :], x.shape))
    with np.errstate(invalid="ignore"):
        assert_exact(y, np.where(kept[:, None, None, :], x * factor, 0).astype(np.float32))
    assert_exact(net.forward(x), x)


def test_the_key(isa):
    """Rows, epochs, seeds and layers have masks of their own; the batch and the threads do not matter."""
    net = build([SpatialDropout2D(0.5), SpatialDropout2D(0.5)], SHAPE, isa)
    x = np.ones((8, *SHAPE), np.float32)
    rows = np.array([9, 4, 7, 1, 0, 3, 1000, 2**40])
    base = net.forward_training(x, seed=1, epoch=2, sample_ids=rows)
    again = net.forward_training(x[::-1], seed=1, epoch=2, sample_ids=rows[::-1], n_threads=4)[::-1]
    assert_exact(again, base)
    assert len({sample.tobytes() for sample in base}) == 8
    for other in (dict(seed=2, epoch=2), dict(seed=1, epoch=3)):
        assert (net.forward_training(x, **other, sample_ids=rows) != base).mean() > 0.2
    one = build([SpatialDropout2D(0.5)], SHAPE, isa).forward_training(
        x, seed=1, epoch=2, sample_ids=rows
    )
    assert set(np.unique(base)) == {0, 4} and ((one == 0) & (base != 0)).sum() == 0
    assert ((one != 0) & (base == 0)).mean() > 0.2


def test_between_convolutions(isa):
    """What the next convolution reads is the map times the mask, which dropped channels of the gradient show."""
    layers = [Conv2D(6, 3, padding="same"), SpatialDropout2D(0.4), Conv2D(4, 3, padding="same")]
    net = build(layers, (7, 6, 2), isa, seed=1)
    x = normals(np.random.default_rng(0), (1, 7, 6, 2))
    grad = normals(np.random.default_rng(1), (1, 7, 6, 4))
    y, _, gradients = train_once(net, x, grad, seed=5)
    factor = np.where(gradients["conv1/bias"] != 0, np.float32(1 / 0.6), 0)
    assert 0 < np.count_nonzero(factor) < 6
    weights, last = net.get_weights(), build(layers[2:], (7, 6, 6), isa)
    last.set_weights({f"conv1/{k}": weights[f"conv2/{k}"] for k in ("weights", "bias")})
    z = net.features(x, "conv1") * factor.astype(np.float32)
    assert_exact(last.forward_training(z), y)
    assert_exact(net.forward(x), last.forward(net.features(x, "conv1")))
