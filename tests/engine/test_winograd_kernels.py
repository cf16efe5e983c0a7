"""Winograd's convolution on every instruction set, against the oracle and the direct sum.

Its transforms multiply by up to 8 and cancel, so a rounding error grows more than in the direct sum, where the bound
is 4 eps sqrt(K) ||w o x||_2; and an error anywhere in a tile of 6 x 6 inputs reaches all its outputs, so that the
norm is the largest one of the map. The largest ratio seen to the direct bound is then 1.6 (16 to 128 channels).
"""

import numpy as np
import oracle
import pytest
from geometries import Geometry
from hypothesis import example, given, strategies as st
from netcheck import (
    ISAS,
    assert_exact,
    assert_within,
    build,
    normals,
    product_bound,
    seeds,
    set_random_weights,
    threads,
    train_once,
)

from convnet.layers import Activation, Conv2D, MaxPool2D

pytestmark = pytest.mark.parametrize("isa", ISAS)
FACTOR = 4
channels = st.one_of(st.sampled_from([9, 12, 16, 32, 48, 64]), st.integers(9, 50))
sides = st.integers(7, 20)
paddings = st.sampled_from(["valid", "same", ((2, 0), (1, 2)), 1, 2])
kernels = st.sampled_from([3, 5])


def largest(squares, n_products, factor=FACTOR):
    """The direct bound, with the largest norm of any output."""
    return factor * product_bound(np.max(squares), n_products)


def test_the_plan_says_which_algorithm_runs(isa):
    def algorithm(channels, *args, **options):
        return build([Conv2D(*args, **options)], (12, 12, channels), isa).plan.layers[0].algorithm

    assert algorithm(16, 32, 3) == "winograd"
    assert algorithm(20, 50, 3) == algorithm(16, 32, 5) == "winograd"
    assert algorithm(8, 9, 3) == algorithm(9, 8, 5) == "winograd"
    assert algorithm(8, 8, 3) == "planar"
    assert algorithm(7, 32, 3) == algorithm(16, 7, 5) == algorithm(16, 32, 7) == "direct"
    assert algorithm(16, 32, (3, 5)) == "direct"
    assert algorithm(16, 32, 3, stride=2) == algorithm(16, 32, 3, dilation=2) == "direct"
    assert algorithm(32, 32, 3, groups=2) == "direct"
    assert algorithm(32, 32, 3, groups=32) == "depthwise"
    assert (
        build([Conv2D(32, 3)], (12, 12, 16), isa, winograd=False).plan.layers[0].algorithm
        == "direct"
    )


def test_the_environment_switches_it_off(isa, monkeypatch):
    monkeypatch.setenv("CONVNET_WINOGRAD", "0")
    assert build([Conv2D(32, 3)], (12, 12, 16), isa).plan.layers[0].algorithm == "direct"


@given(
    size=st.tuples(sides, sides),
    kernel=kernels,
    depth=channels,
    filters=channels,
    padding=paddings,
    batch=st.integers(1, 9),
    seed=seeds,
    n_threads=threads,
)
@example(
    size=(74, 74), kernel=3, depth=32, filters=32, padding="valid", batch=2, seed=0, n_threads=2
)
@example(
    size=(8, 300), kernel=3, depth=16, filters=16, padding="same", batch=2, seed=0, n_threads=2
)
@example(
    size=(10, 10), kernel=3, depth=128, filters=128, padding="same", batch=3, seed=0, n_threads=2
)
@example(
    size=(16, 16), kernel=5, depth=20, filters=50, padding="same", batch=3, seed=0, n_threads=2
)
@example(size=(9, 12), kernel=5, depth=65, filters=97, padding=4, batch=3, seed=0, n_threads=2)
@example(size=(9, 12), kernel=3, depth=8, filters=12, padding=2, batch=3, seed=0, n_threads=2)
@example(size=(9, 12), kernel=5, depth=15, filters=8, padding=2, batch=3, seed=0, n_threads=2)
def test_against_the_oracle(isa, size, kernel, depth, filters, padding, batch, seed, n_threads):
    geometry = Geometry(
        batch, size, depth, filters, (kernel, kernel), (1, 1), padding, (1, 1), 1, True
    )
    rng = np.random.default_rng(seed)
    net = build([Conv2D(filters, kernel, padding=padding)], (*size, depth), isa)
    assert net.plan.layers[0].algorithm == "winograd"
    weights = set_random_weights(net, rng)
    w, b = weights["conv1/weights"], weights["conv1/bias"]
    x = normals(rng, (batch, *size, depth))
    options = geometry.explicit
    want = oracle.conv2d(x, w, b, **options)
    grad = normals(rng, want.shape)
    y, grad_x, gradients = train_once(net, x, grad, n_threads)
    assert_exact(net.forward(x, n_threads=n_threads), y, "prediction and training forward")
    x2, w2, b2, grad2 = (oracle.f64(a) ** 2 for a in (x, w, b, grad))
    want_x, want_w, want_b = oracle.conv2d_backward(grad, x, w, **options)
    squares_x, squares_w, squares_b = oracle.conv2d_backward(grad2, x2, w2, **options)
    pixels = grad.size // filters
    assert_within(
        y, want, largest(oracle.conv2d(x2, w2, b2, **options), kernel**2 * depth + 1), "forward"
    )
    assert_within(grad_x, want_x, largest(squares_x, kernel**2 * filters), "data gradient")
    # Products become 5 taps by multiplying with up to 2^4, and 3 taps with up to 2^2. The largest ratio seen is 4.8.
    factor = 8 if kernel == 5 else FACTOR
    bound = largest(squares_w, pixels, factor)
    assert_within(gradients["conv1/weights"], want_w, bound, "weight gradient")
    assert_within(
        gradients["conv1/bias"], want_b, product_bound(squares_b, pixels), "bias gradient"
    )


@given(
    size=st.tuples(st.integers(8, 20), st.integers(8, 20)),  # at least a window of each pool
    kernel=kernels,
    depth=st.sampled_from([8, 13, 16, 20]),
    pool=st.sampled_from([2, 3, (2, 1), (4, 2), (1, 3)]),
    batch=st.integers(1, 9),
    activation=st.sampled_from(["relu", "sigmoid"]),
    seed=seeds,
    n_threads=threads,
)
@example(
    size=(50, 230), kernel=3, depth=16, pool=3, batch=2, activation="relu", seed=0, n_threads=2
)
def test_with_the_pool_that_is_fused(
    isa, size, kernel, depth, pool, batch, activation, seed, n_threads
):
    """Against the same net computed directly: values, winners and gradients."""
    layers = [Conv2D(2 * depth, kernel), Activation(activation), MaxPool2D(pool)]
    rng = np.random.default_rng(seed)
    nets = [build(layers, (*size, depth), isa, winograd=on) for on in (True, False)]
    weights = set_random_weights(nets[0], rng, scale=0.1)
    nets[1].set_weights(weights)
    x = normals(rng, (batch, *size, depth))
    grad = normals(rng, nets[0].forward(x).shape)
    results = [train_once(net, x, grad, n_threads) for net in nets]
    (y, grad_x, gradients), (want_y, want_x, wants) = results
    assert_within(y, want_y, 1e-5 * np.abs(want_y).max(), "forward")
    # Two values that are almost equal may change places as winners, which moves one gradient of hundreds or
    # thousands: 0.02 to 0.06 of the norm. Wrong winners or windows would change it by about 1.
    for got, want in ((grad_x, want_x), (gradients["conv1/weights"], wants["conv1/weights"])):
        off = np.linalg.norm(oracle.f64(got) - want) / np.linalg.norm(want)
        assert off < 0.1


def test_predictions_do_not_depend_on_the_batch(isa):
    layers = [Conv2D(32, 3), MaxPool2D(2), Conv2D(11, 5, padding="same"), Conv2D(16, 3)]
    net = build(layers, (13, 17, 10), isa)
    x = normals(np.random.default_rng(0), (9, 13, 17, 10))
    whole = net.forward(x, n_threads=2)
    for i in range(9):
        np.testing.assert_array_equal(net.forward(x[i : i + 1]), whole[i : i + 1])


@pytest.mark.parametrize(("depth", "filters"), [(16, 807), (16, 900), (3655, 16)])
def test_the_last_block_of_weights_fills_a_vector(isa, depth, filters):
    """Blocks of 32 or 64 channels would leave 1 to 7 of these numbers."""
    rng = np.random.default_rng(0)
    net = build([Conv2D(filters, 3, padding="same")], (8, 8, depth), isa)
    x, grad = normals(rng, (2, 8, 8, depth)), normals(rng, (2, 8, 8, filters))
    gradients = train_once(net, x, grad)[2]
    padded = np.pad(oracle.f64(x), ((0, 0), (1, 1), (1, 1), (0, 0)))
    for row in range(3):
        for column in range(3):
            part = padded[:, row : row + 8, column : column + 8]
            want = np.tensordot(part, oracle.f64(grad), ((0, 1, 2), (0, 1, 2)))
            found = gradients["conv1/weights"][row, column]
            np.testing.assert_allclose(found, want, rtol=0, atol=2e-3)
