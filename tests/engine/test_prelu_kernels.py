"""Rectifiers with learned slopes, on every instruction set."""

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
    seeds,
    threads,
    train_once,
)

from convnet.layers import Conv2D, PReLU

pytestmark = pytest.mark.parametrize("isa", ISAS)


@given(
    n=st.integers(1, 9),
    size=st.tuples(st.integers(1, 6), st.integers(1, 6)),
    c=st.integers(1, 70),
    seed=seeds,
    n_threads=threads,
)
@example(n=9, size=(5, 7), c=33, seed=0, n_threads=3)
def test_small_integers_are_exact(isa, n, size, c, seed, n_threads):
    rng = np.random.default_rng(seed)
    z, grad = integers(rng, (n, *size, c)), integers(rng, (n, *size, c))
    alpha = integers(rng, (c,)) / np.float32(4)
    net = build([PReLU()], (*size, c), isa)
    net.set_weights({"activation1/alpha": alpha})
    y, grad_z, gradients = train_once(net, z, grad, n_threads)
    assert_exact(y, oracle.prelu(z, alpha), "forward")
    assert_exact(net.forward(z, n_threads=n_threads), y, "prediction")
    want_z, want = oracle.prelu_backward(grad, z, alpha)
    assert_exact(grad_z, want_z, "data gradient")
    assert_exact(gradients["activation1/alpha"], want, "gradient of alpha")


def test_the_gradient_of_a_large_map_is_exact_to_rounding(isa):
    """A sum of 10,000 products of a sample is in double; one in float would be off by a hundred times as much."""
    rng = np.random.default_rng(0)
    z, grad = normals(rng, (2, 100, 100, 3)) + 3, np.ones((2, 100, 100, 3), np.float32)
    net = build([PReLU()], z.shape[1:], isa)
    got = train_once(net, -z, grad)[2]["activation1/alpha"]
    want = oracle.prelu_backward(grad, -z, np.full(3, 0.25))[1]
    assert_within(got, want, 2 * EPS * np.abs(want))


def test_the_same_bits_at_any_number_of_threads(isa):
    rng = np.random.default_rng(0)
    x, grad = normals(rng, (37, 9, 8, 3)), normals(rng, (37, 9, 8, 5))
    net = build([Conv2D(5, 3, padding="same", activation="prelu")], x.shape[1:], isa)
    y, grad_x, gradients = train_once(net, x, grad, 1)
    for n_threads in (2, 3, 8):
        again = train_once(net, x, grad, n_threads)
        assert_exact(again[0], y), assert_exact(again[1], grad_x)
        for name, got in again[2].items():
            assert_exact(got, gradients[name], name)


def test_without_the_gradient_of_the_input(isa):
    """As a first layer: only the gradient of alpha is computed."""
    from convnet.graph import Network

    rng = np.random.default_rng(0)
    z, grad = integers(rng, (5, 4, 3, 2)), integers(rng, (5, 4, 3, 2))
    net = Network([PReLU()], z.shape[1:], None, isa=isa)
    gradients = train_once(net, z, grad)[2]
    assert_exact(
        gradients["activation1/alpha"], oracle.prelu_backward(grad, z, np.full(2, 0.25))[1]
    )


def test_nan_is_kept(isa):
    z = np.linspace(-3, 3, 40, dtype=np.float32)
    z[[0, 7, 16, 39]] = np.nan
    y = build([PReLU()], z.shape, isa).forward(z[None])[0]
    np.testing.assert_array_equal(np.isnan(y), np.isnan(z))


def test_starts_at_a_quarter_without_decay(isa):
    (alpha,) = build([PReLU()], (5, 4, 3), isa).plan.parameters
    assert (alpha.name, alpha.shape, alpha.start) == ("activation1/alpha", (3,), 0.25)
    assert alpha.trainable and not alpha.decay
