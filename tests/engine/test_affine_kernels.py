"""Channels shifted and scaled, on every instruction set: from X itself, and of a map inside the net."""

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

from convnet.layers import Activation, Normalize, Rescale

pytestmark = pytest.mark.parametrize("isa", ISAS)

INSIDE = Activation("leaky_relu")  # in front of it, so that it does not read X
SHAPES = st.one_of(
    st.tuples(st.integers(1, 9), st.integers(1, 40), st.sampled_from([1, 2, 3, 5, 16, 35, 513])),
    st.tuples(st.integers(1, 700), st.integers(1, 5)),
    st.tuples(st.integers(1, 1100)),
)


@given(
    shape=SHAPES,
    scale=st.floats(-3, 3).filter(lambda scale: abs(scale) > 1e-6),
    offset=st.floats(-3, 3),
    first=st.booleans(),
    seed=seeds,
    n_threads=threads,
)
@example((1, 1, 1), 0.5, 0.0, True, 0, 1)
@example((2, 171, 3), 1 / 255, 0.0, True, 0, 2)  # a row of 513: one value more than a table
def test_rescale(isa, shape, scale, offset, first, seed, n_threads):
    rng = np.random.default_rng(seed)
    x = normals(rng, (3, *shape)) if first else np.abs(normals(rng, (3, *shape)))
    net = build([*([] if first else [INSIDE]), Rescale(scale, offset)], shape, isa)
    grad = normals(rng, x.shape)
    y, grad_x, _ = train_once(net, x, grad, n_threads)
    want = oracle.rescale(x, scale, offset)
    bound = 2 * EPS * (np.abs(scale * oracle.f64(x)) + abs(offset)) + 1e-45
    assert_within(y, want, bound, "forward")
    assert_exact(net.forward(x, n_threads=n_threads), y, "prediction")
    want = oracle.rescale_backward(grad, scale)
    assert_within(grad_x, want, 2 * EPS * np.abs(want) + 1e-45, "data gradient")


@given(shape=SHAPES, first=st.booleans(), seed=seeds, n_threads=threads)
@example((4, 171, 3), True, 0, 2)
def test_normalize(isa, shape, first, seed, n_threads):
    rng = np.random.default_rng(seed)
    x = normals(rng, (3, *shape)) if first else np.abs(normals(rng, (3, *shape)))
    net = build([*([] if first else [INSIDE]), Normalize(epsilon=0.01)], shape, isa)
    mean, deviation = normals(rng, shape[-1:]), np.abs(normals(rng, shape[-1:]))
    deviation[rng.random(shape[-1]) < 0.3] = 0.01  # no more than epsilon: constant
    net.set_weights({"normalize1/mean": mean, "normalize1/deviation": deviation})
    grad = normals(rng, x.shape)
    y, grad_x, gradients = train_once(net, x, grad, n_threads)
    want = oracle.normalize(x, mean, deviation, 0.01)
    assert_within(y, want, 3 * EPS * np.abs(want), "forward")
    assert_exact(net.forward(x, n_threads=n_threads), y, "prediction")
    want = oracle.normalize_backward(grad, deviation, 0.01)
    assert_within(grad_x, want, 2 * EPS * np.abs(want), "data gradient")
    assert gradients == {}


def test_at_the_start_it_puts_out_what_it_takes(isa):
    x = normals(np.random.default_rng(0), (3, 5, 4, 3), scale=1e3)
    assert_exact(build([Normalize()], x.shape[1:], isa).forward(x), x)


@pytest.mark.parametrize("layer", [Rescale(1 / 255, -0.5), Normalize()])
@pytest.mark.parametrize("dtype", ["uint8", "int16", "float64", "bool"])
def test_x_of_any_type_and_order(isa, layer, dtype):
    """From X itself the same bits as from its map."""
    x = np.random.default_rng(0).random((3, 11, 10, 3))
    x = x < 0.5 if dtype == "bool" else (x * 200).astype(dtype)
    views = [x, np.ascontiguousarray(x.transpose(0, 3, 1, 2)).transpose(0, 2, 3, 1)]
    views.append(np.repeat(x, 2, axis=2)[:, :, ::2])
    first, inside = (build([*layers, layer], x.shape[1:], isa) for layers in ([], [INSIDE]))
    if isinstance(layer, Normalize):
        statistics = {"normalize1/mean": [90, 0, -3], "normalize1/deviation": [60, 1e-9, 0.3]}
        first.set_weights(statistics)
        inside.set_weights(statistics)
    want = inside.forward(x, scale=0.7)
    assert len(np.unique(want)) > 1
    for view in views:
        assert_exact(first.forward(view, scale=0.7, n_threads=2), want)


def test_exact_values(isa):
    x = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1)
    assert_exact(build([Rescale(2.0, -1.0)], (16, 16, 1), isa).forward(x), 2.0 * x - 1)
    net = build([Normalize()], (16, 16, 1), isa)
    net.set_weights({"normalize1/mean": [128], "normalize1/deviation": [0.25]})
    assert_exact(net.forward(x), (x - 128.0) * 4)
