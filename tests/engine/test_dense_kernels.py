"""Dense layers on every instruction set."""

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
    integers,
    normals,
    product_bound,
    seeds,
    set_random_weights,
    threads,
    train_once,
)

from convnet.engine import ACTIVATIONS
from convnet.layers import Dense

pytestmark = pytest.mark.parametrize("isa", ISAS)

WIDTHS = st.one_of(st.sampled_from([1, 2, 8, 15, 16, 17, 31, 32, 33, 64]), st.integers(1, 130))


@given(
    n=st.integers(1, 40),
    features=WIDTHS,
    units=WIDTHS,
    use_bias=st.booleans(),
    seed=seeds,
    n_threads=threads,
)
@example(n=1, features=1, units=1, use_bias=False, seed=0, n_threads=1)
@example(n=33, features=700, units=10, use_bias=True, seed=0, n_threads=2)
@example(n=130, features=70, units=130, use_bias=True, seed=0, n_threads=3)
@example(n=5, features=5000, units=1, use_bias=True, seed=0, n_threads=3)
def test_dense(isa, n, features, units, use_bias, seed, n_threads):
    rng = np.random.default_rng(seed)
    net = build([Dense(units, use_bias=use_bias)], (features,), isa)
    for draw in (integers, normals):
        exact = draw is integers
        weights = set_random_weights(net, rng, draw)
        w, b = weights["dense1/weights"], weights.get("dense1/bias")
        assert w.shape == (features, units)
        x, grad = draw(rng, (n, features)), draw(rng, (n, units))
        y, grad_x, gradients = train_once(net, x, grad, n_threads)
        x2, w2, b2, grad2 = (None if a is None else oracle.f64(a) ** 2 for a in (x, w, b, grad))
        want, squares = oracle.dense(x, w, b), oracle.dense(x2, w2, b2)
        assert_within(y, want, 0 if exact else product_bound(squares, features + 1), "forward")
        assert_exact(net.forward(x, n_threads=n_threads), y, "prediction")
        names = "data", "dense1/weights", "dense1/bias"
        wants, squares = oracle.dense_backward(grad, x, w), oracle.dense_backward(grad2, x2, w2)
        counts = units, n, n
        gots = grad_x, gradients["dense1/weights"], gradients.get("dense1/bias")
        for name, got, want, square, k in zip(names, gots, wants, squares, counts, strict=True):
            if got is not None:
                assert_within(
                    got, want, 0 if exact else product_bound(square, k), f"{name} gradient"
                )


@pytest.mark.parametrize("name", ACTIVATIONS)
@given(n=st.integers(1, 20), units=WIDTHS, seed=seeds, n_threads=threads)
def test_activation(isa, name, n, units, seed, n_threads):
    rng = np.random.default_rng(seed)
    net = build([Dense(units, activation=name)], (9,), isa)
    w, b = integers(rng, (9, units), 1), integers(rng, units) + np.float32(0.5)
    net.set_weights({"dense1/weights": w, "dense1/bias": b})
    x, grad = integers(rng, (n, 9), 1), integers(rng, (n, units))
    y, grad_x, gradients = train_once(net, x, grad, n_threads)
    z = oracle.dense(x, w, b)
    assert_within(y, oracle.activation(z, name), 4 * EPS * np.maximum(np.abs(z), 1), "forward")
    grad_z = oracle.activation_backward(grad, z, name)
    wants = oracle.dense_backward(grad_z, x, w)
    slack = oracle.dense_backward(np.abs(grad), np.abs(x), np.abs(w))
    gots = grad_x, gradients["dense1/weights"], gradients["dense1/bias"]
    for got, want, size in zip(gots, wants, slack, strict=True):
        assert_within(got, want, 8 * EPS * size, "gradient")
