"""Every layer, and whole nets, against the float64 reference: prediction, training forward, every gradient."""

import numpy as np
import pytest
from example_nets import NETS
from layer_table import TABLE
from netcheck import (
    EPS,
    ISAS,
    assert_exact,
    assert_normwise,
    assert_within,
    build,
    normals,
    set_random_weights,
    train_once,
)
from reference import Reference

from convnet.layers import Conv2D, Dense, Dropout, MaxPool2D, SpatialDropout2D

pytestmark = pytest.mark.parametrize("isa", ISAS)
ALL = NETS | {row.repr: ([row.layer], row.input_shape) for row in TABLE}


def spread(rng, shape):
    """Weights that keep a signal's size through the layers."""
    fan_in = max(1, int(np.prod(shape[:-1])))
    return normals(rng, shape, scale=1 / np.sqrt(fan_in) if len(shape) > 1 else 0.5)


def prepare(isa, key, n):
    layers, shape = ALL[key]
    rng = np.random.default_rng(len(key))
    net = build(layers, shape, isa)
    reference = Reference(layers, set_random_weights(net, rng, spread))
    return net, reference, normals(rng, (n, *shape)), rng


@pytest.mark.parametrize("n", [1, 5, 33])
@pytest.mark.parametrize("key", ALL)
def test_prediction(isa, key, n):
    net, reference, x, _ = prepare(isa, key, n)
    assert_normwise(net.forward(x, n_threads=2), reference.forward(x), 64)


@pytest.mark.parametrize("n", [2, 33])
@pytest.mark.parametrize("key", ALL)
def test_training(isa, key, n):
    net, reference, x, rng = prepare(isa, key, n)
    masks, first = {}, ALL[key][0][0]
    if isinstance(first, Dropout | SpatialDropout2D):  # a layer of the table
        masks = {net.plan.layers[0].name: net.forward_training(np.ones_like(x)) != 0}
    elif getattr(first, "drop_path", 0):  # kept samples have a bias of 1
        probe = build([first], x.shape[1:], isa)
        probe.set_weights(
            {k: np.full_like(v, k.endswith("bias")) for k, v in probe.get_weights().items()}
        )
        masks = {"residual1": probe.forward_training(np.zeros_like(x))[:, 0, 0, 0] != 0}
    want = reference.forward_training(x, masks)
    grad = normals(rng, want.shape)
    y, grad_x, gradients = train_once(net, x, grad, 2)
    assert_normwise(y, want, 128, "forward")
    want_x, wants = reference.backward(grad)
    assert set(gradients) == set(wants)
    scale = max((np.abs(w).max() for w in wants.values()), default=0.0)
    for name, w in wants.items():
        assert_within(gradients[name], w, 1024 * EPS * scale, name)
    assert_normwise(grad_x, want_x, 2048, "data gradient")
    after = net.get_weights()
    for name, value in reference.parameters.items():
        if "/moving_" in name:
            assert_within(after[name], value, 64 * EPS * np.abs(value).max(), name)


@pytest.mark.parametrize("key", ["walk-through", "vgg", "every pool", "dense"])
def test_features(isa, key):
    """Every layer's map, unfused, equals the reference cut off there; the last is the prediction."""
    net, reference, x, _ = prepare(isa, key, 5)
    layers = reference.layers
    for stop, (_, _, name) in enumerate(layers, start=1):
        reference.layers = layers[:stop]
        assert_normwise(net.features(x, name, n_threads=2), reference.forward(x), 64, name)
    assert_normwise(net.features(x, layers[-1][2]), net.forward(x).astype(float), 16)


def test_dropout_between_layers(isa):
    """The mask, read off an input of ones, serves the same row of a net with other weights."""
    layers = [Dropout(0.5), Conv2D(6, 3, activation="relu"), MaxPool2D(2), Dense(4)]
    shape, rng = (8, 9, 3), np.random.default_rng(0)
    net = build(layers, shape, isa)
    reference = Reference(layers, set_random_weights(net, rng))
    rows = np.array([5, 2, 99, 7, 1000])
    key = dict(seed=3, epoch=4, sample_ids=rows)
    alone = build([Dropout(0.5)], shape, isa)
    kept = alone.forward_training(np.ones((5, *shape), np.float32), **key) != 0
    x = normals(rng, (5, *shape))
    want = reference.forward_training(x, {"dropout1": kept})
    grad = normals(rng, want.shape)
    y, grad_x, gradients = train_once(net, x, grad, 3, **key)
    assert_normwise(y, want)
    want_x, wants = reference.backward(grad)
    assert_normwise(grad_x, want_x)
    for name, w in wants.items():
        assert_normwise(gradients[name], w, 64, name)


@pytest.mark.parametrize("pool", [[], [MaxPool2D(2)]])
def test_dropout_after_a_convolution(isa, pool):
    """Zeros of the output show the mask; what is kept is doubled, and so is its gradient."""
    rng = np.random.default_rng(1)
    layers = [Conv2D(9, 3), *pool]
    plain, dropped = build(layers, (8, 7, 2), isa), build([*layers, Dropout(0.5)], (8, 7, 2), isa)
    dropped.set_weights(set_random_weights(plain, rng))
    x = normals(rng, (6, 8, 7, 2))
    y = plain.forward_training(x)
    got = dropped.forward_training(x, seed=5)
    kept = got != 0
    assert 0.4 < kept.mean() < 0.6
    assert_exact(got, y * 2 * kept)
    grad = normals(rng, y.shape)
    got = dropped.backward(grad)[1]
    plain.forward_training(x)
    for name, want in plain.backward(grad * 2 * kept)[1].items():
        assert_exact(got[name], want, name)
