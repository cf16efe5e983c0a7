"""Shared by the kernel tests: small nets on one instruction set, their weights, and error bounds."""

import numpy as np
from hypothesis import strategies as st

from convnet.engine import available_isas
from convnet.graph import Network

ISAS = available_isas()
EPS = float(np.finfo(np.float32).eps)
POSITIVE = ("variance", "deviation")

seeds = st.integers(0, 2**32 - 1)
threads = st.integers(1, 3)


def build(layers, input_shape, isa=None, **options):
    """Return a net without the automatic output layer that computes the gradient of its input."""
    return Network(layers, tuple(input_shape), None, isa=isa, input_gradient=True, **options)


def integers(rng, shape, largest=3):
    """Return float32 integers from -largest to largest: their products and sums are exact."""
    return rng.integers(-largest, largest + 1, size=shape).astype(np.float32)


def normals(rng, shape, scale=1.0):
    return (scale * rng.standard_normal(shape)).astype(np.float32)


def set_random_weights(net, rng, draw=normals, **options):
    """Set random weights (positive variances and standard deviations) and return them."""
    weights = {}
    for name, array in net.get_weights().items():
        value = draw(rng, array.shape, **options)
        weights[name] = np.abs(value) + np.float32(0.5) if name.endswith(POSITIVE) else value
    net.set_weights(weights)
    return weights


def train_once(net, x, grad, n_threads=1, **options):
    """Run forward_training, then backward; return the outputs, the gradient of x and the gradients by name."""
    y = net.forward_training(x, n_threads=n_threads, **options)
    grad_x, gradients = net.backward(grad, n_threads=n_threads)
    return y, grad_x, gradients


def assert_within(got, want, bound, what=""):
    """Assert |got - want| <= bound elementwise, and NaN in the same places."""
    got, want = np.asarray(got), np.asarray(want)
    assert got.shape == want.shape, f"{what}: shape {got.shape}, expected {want.shape}"
    assert got.dtype == np.float32, f"{what}: dtype {got.dtype}"
    np.testing.assert_array_equal(np.isnan(got), np.isnan(want), err_msg=f"{what}: NaN")
    error = np.abs(np.nan_to_num(got.astype(np.float64)) - np.nan_to_num(want))
    worst = np.unravel_index(np.argmax(error - bound), error.shape)
    bound = np.broadcast_to(bound, error.shape)
    assert (error <= bound).all(), (
        f"{what}: {(error > bound).sum()} of {error.size} off; at {tuple(map(int, worst))} got {got[worst]}, "
        f"expected {want[worst]}, error {error[worst]:.3g}, bound {bound[worst]:.3g}"
    )


def assert_exact(got, want, what=""):
    assert_within(got, want, 0.0, what)


def product_bound(squares, n_products):
    """Return 4 eps sqrt(K) ||w o x||_2 from the sums of squared products: random walks of K rounding errors."""
    return 4 * EPS * np.sqrt(n_products) * np.sqrt(squares)


def assert_normwise(got, want, factor=64.0, what=""):
    """Assert error <= factor * eps * the largest value, for whole nets, where no product bound is known."""
    assert_within(got, want, factor * EPS * (np.abs(want).max(initial=0.0) + 1e-30), what)
