"""Direct convolution on every instruction set: forward, data gradient, weight gradient, bias gradient."""

import numpy as np
import oracle
import pytest
from geometries import Geometry, convolutions
from hypothesis import example, given
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
from convnet.layers import Conv2D

pytestmark = pytest.mark.parametrize("isa", ISAS)
ONE = (1, 1)


def plain(batch, size, channels, filters, kernel, stride=ONE, padding="valid", use_bias=True):
    return Geometry(batch, size, channels, filters, kernel, stride, padding, ONE, 1, use_bias)


def run(isa, geometry, rng, n_threads, draw, **options):
    """The net's x, w, b, gradient of the outputs, and its results."""
    layer = Conv2D(geometry.filters, geometry.kernel, **geometry.options)
    net = build([layer], geometry.x_shape[1:], isa, winograd=False)
    weights = set_random_weights(net, rng, draw, **options)
    w, b = weights["conv1/weights"], weights.get("conv1/bias")
    assert w.shape == geometry.w_shape and (b is not None) == geometry.use_bias
    x = draw(rng, geometry.x_shape, **options)
    grad = draw(rng, oracle.conv2d(x, w, b, **geometry.explicit).shape, **options)
    results = train_once(net, x, grad, n_threads)
    assert_exact(net.forward(x, n_threads=n_threads), results[0], "prediction and training forward")
    return x, w, b, grad, results


@given(geometry=convolutions(), seed=seeds, n_threads=threads)
@example(geometry=plain(1, (1, 1), 1, 1, (1, 1)), seed=0, n_threads=1)
@example(geometry=plain(3, (28, 28), 1, 2, (5, 5)), seed=0, n_threads=2)
@example(geometry=plain(2, (15, 15), 32, 64, (3, 3), padding="same"), seed=0, n_threads=2)
@example(geometry=plain(2, (30, 34), 3, 16, (3, 3)), seed=0, n_threads=2)
@example(geometry=plain(3, (7, 9), 130, 67, (1, 1)), seed=0, n_threads=2)
@example(geometry=plain(5, (9, 8), 66, 80, (3, 2), stride=(2, 1)), seed=0, n_threads=1)
@example(
    geometry=plain(2, (23, 9), 4, 33, (7, 2), stride=(3, 2), padding=((3, 1), (0, 1))),
    seed=1,
    n_threads=3,
)
def test_small_integers_are_exact(isa, geometry, seed, n_threads):
    rng = np.random.default_rng(seed)
    x, w, b, grad, (y, grad_x, gradients) = run(isa, geometry, rng, n_threads, integers)
    want_x, want_w, want_b = oracle.conv2d_backward(grad, x, w, **geometry.explicit)
    assert_exact(y, oracle.conv2d(x, w, b, **geometry.explicit), "forward")
    assert_exact(grad_x, want_x, "data gradient")
    assert_exact(gradients["conv1/weights"], want_w, "weight gradient")
    if geometry.use_bias:
        assert_exact(gradients["conv1/bias"], want_b, "bias gradient")


@pytest.mark.slow
@given(geometry=convolutions(), seed=seeds, n_threads=threads)
@example(geometry=plain(4, (37, 31), 10, 32, (3, 3)), seed=0, n_threads=2)
@example(geometry=plain(1, (12, 12), 64, 70, (3, 3), padding="same"), seed=0, n_threads=1)
def test_zero_mean_error_is_a_random_walk(isa, geometry, seed, n_threads):
    rng = np.random.default_rng(seed)
    x, w, b, grad, (y, grad_x, gradients) = run(isa, geometry, rng, n_threads, normals)
    options = geometry.explicit
    x2, w2, b2, grad2 = (None if a is None else oracle.f64(a) ** 2 for a in (x, w, b, grad))
    kh, kw, depth, filters = w.shape
    pixels = grad.size // filters
    want_x, want_w, want_b = oracle.conv2d_backward(grad, x, w, **options)
    squares_x, squares_w, squares_b = oracle.conv2d_backward(grad2, x2, w2, **options)
    bound = product_bound(oracle.conv2d(x2, w2, b2, **options), kh * kw * depth + 1)
    assert_within(y, oracle.conv2d(x, w, b, **options), bound, "forward")
    bound = product_bound(squares_x, kh * kw * filters // geometry.groups)
    assert_within(grad_x, want_x, bound, "data gradient")
    assert_within(
        gradients["conv1/weights"], want_w, product_bound(squares_w, pixels), "weight gradient"
    )
    if geometry.use_bias:
        assert_within(
            gradients["conv1/bias"], want_b, product_bound(squares_b, pixels), "bias gradient"
        )


@pytest.mark.parametrize("filters", [1, 4, 8, 15, 16, 17, 24, 31, 32, 33, 48, 49, 64, 70])
@pytest.mark.parametrize("width", [1, 5, 6, 7, 12, 13, 14, 15, 27, 28, 29])
def test_tile_edges(isa, filters, width):
    """Each width of a row of outputs against each number of output channels, 14 x 2 and 6 x 2 tiles."""
    geometry = plain(2, (4, width + 2), 3, filters, (3, 3))
    test_small_integers_are_exact.hypothesis.inner_test(isa, geometry, 0, 1)


@pytest.mark.parametrize("channels", [8, 21, 512])
@pytest.mark.parametrize("width", [1, 7, 8, 17])
@pytest.mark.parametrize("kernel", [(3, 3), (5, 5), (2, 3)])
@pytest.mark.parametrize("stride", [(1, 1), (2, 2), (1, 2)])
def test_depthwise_rows(isa, channels, width, kernel, stride):
    """Kernel widths and strides that have kernels of their own; with 512 channels, the rows are copied."""
    geometry = Geometry(
        2, (6, width), channels, channels, kernel, stride, "same", ONE, channels, True
    )
    test_small_integers_are_exact.hypothesis.inner_test(isa, geometry, 0, 1)


@pytest.mark.parametrize("name", ACTIVATIONS)
@given(geometry=convolutions(most_batch=4), seed=seeds, n_threads=threads)
def test_activation(isa, name, geometry, seed, n_threads):
    """Half-integer outputs before the activation, so that none stands on a kink."""
    rng = np.random.default_rng(seed)
    layer = Conv2D(geometry.filters, geometry.kernel, activation=name, **geometry.options)
    net = build([layer], geometry.x_shape[1:], isa)
    w = integers(rng, geometry.w_shape, 1)
    b = integers(rng, geometry.filters) + np.float32(0.5) if geometry.use_bias else None
    net.set_weights({"conv1/weights": w} | ({} if b is None else {"conv1/bias": b}))
    x = integers(rng, geometry.x_shape, 1)
    if (
        b is None
    ):  # odd multiples of a half: 1x1 kernels and others alike stay off 0 or on it exactly
        x = x / np.float32(4)
    z = oracle.conv2d(x, w, b, **geometry.explicit)
    grad = np.where(z == 0, 0, integers(rng, z.shape)).astype(np.float32)
    y, grad_x, gradients = train_once(net, x, grad, n_threads)
    assert_within(y, oracle.activation(z, name), 4 * EPS * np.maximum(np.abs(z), 1), "forward")
    grad_z = oracle.activation_backward(grad, z, name)
    wants = oracle.conv2d_backward(grad_z, x, w, **geometry.explicit)
    # f' is right to a few eps of its largest value, about 1; so is each of the products that are summed
    slack = oracle.conv2d_backward(np.abs(grad), np.abs(x), np.abs(w), **geometry.explicit)
    results = grad_x, gradients["conv1/weights"], gradients.get("conv1/bias")
    for what, got, want, size in zip(
        ("data", "weight", "bias"), results, wants, slack, strict=True
    ):
        if got is not None:
            assert_within(got, want, 8 * EPS * size, f"{what} gradient")
