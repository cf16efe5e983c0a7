"""A convolution, its activation and the pool after it, which the plan may fuse into one op."""

from dataclasses import replace

import numpy as np
import oracle
import pytest
from geometries import convolutions, explicit_pads, fits, pools
from hypothesis import given, strategies as st
from netcheck import (
    EPS,
    ISAS,
    assert_exact,
    assert_within,
    build,
    integers,
    seeds,
    threads,
    train_once,
)

from convnet.engine import ACTIVATIONS
from convnet.layers import AvgPool2D, Conv2D, MaxPool2D

pytestmark = pytest.mark.parametrize("isa", ISAS)


@st.composite
def cases(draw):
    """A convolution with a bias (half-integers: no output on a kink) and a pool that fits its map."""
    geometry = replace(draw(convolutions(most_batch=5)), use_bias=True)
    size, stride, padding = draw(pools(largest=3))
    pads = geometry.explicit["padding"]
    out = tuple(
        map(
            oracle.output_size,
            geometry.size,
            geometry.kernel,
            geometry.stride,
            pads,
            geometry.dilation,
        )
    )
    if not fits(out, size, stride or size, padding):
        size, stride, padding = (min(size[0], out[0]), min(size[1], out[1])), None, "valid"
    return geometry, size, stride, explicit_pads(padding, out, size, stride or size)


def run(isa, name, case, seed, n_threads, layer, forward, backward):
    geometry, size, stride, pads = case
    rng = np.random.default_rng(seed)
    conv = Conv2D(geometry.filters, geometry.kernel, activation=name, **geometry.options)
    # sums of integers are exact in the direct kernels; Winograd's have a bound and tests of their own
    net = build(
        [conv, layer(size, stride=stride, padding=pads)], geometry.x_shape[1:], isa, winograd=False
    )
    x, w = integers(rng, geometry.x_shape, 1), integers(rng, geometry.w_shape, 1)
    b = integers(rng, geometry.filters) + np.float32(0.5)
    net.set_weights({"conv1/weights": w, "conv1/bias": b})
    z = oracle.conv2d(x, w, b, **geometry.explicit)
    full = oracle.activation(z, name)
    want = forward(full, size, stride, pads)
    grad = integers(rng, want.shape)
    y, grad_x, gradients = train_once(net, x, grad, n_threads)

    limit = 4 * EPS * np.maximum(np.abs(z).max(initial=0), 1)
    assert_within(
        y, want, 0.0 if name in ("linear", "relu") and layer is MaxPool2D else limit, "forward"
    )
    assert_exact(net.forward(x, n_threads=n_threads), y, "prediction")
    assert_within(net.features(x, "conv1", n_threads=n_threads), full, limit, "unfused feature map")
    grad_full = backward(grad, full, size, stride, pads)
    grad_z = oracle.activation_backward(grad_full, z, name)
    wants = oracle.conv2d_backward(grad_z, x, w, **geometry.explicit)
    slack = oracle.conv2d_backward(
        backward(np.abs(grad), full, size, stride, pads), np.abs(x), np.abs(w), **geometry.explicit
    )
    results = grad_x, gradients["conv1/weights"], gradients["conv1/bias"]
    for what, got, want, total in zip(
        ("data", "weight", "bias"), results, wants, slack, strict=True
    ):
        # saturated floats may tie where doubles do not, at slopes below eps
        assert_within(got, want, 12 * EPS * (total + total.max(initial=0)), f"{what} gradient")


@pytest.mark.parametrize("name", ACTIVATIONS)
@given(case=cases(), seed=seeds, n_threads=threads)
def test_max_pool(isa, name, case, seed, n_threads):
    def forward(*args):
        return oracle.max_pool2d(*args)[0]

    run(isa, name, case, seed, n_threads, MaxPool2D, forward, oracle.max_pool2d_backward)


@pytest.mark.parametrize("name", ["linear", "relu", "gelu", "sigmoid"])
@given(case=cases(), seed=seeds, n_threads=threads)
def test_average_pool(isa, name, case, seed, n_threads):
    run(isa, name, case, seed, n_threads, AvgPool2D, oracle.avg_pool2d, oracle.avg_pool2d_backward)


def test_ties_go_to_the_first_pixel(isa):
    """Equal pixels: the gradient reaches the first of each window, fused and alone."""
    x = np.ones((1, 6, 6, 1), np.float32)
    grad = np.ones((1, 3, 3, 1), np.float32)
    want = np.zeros((1, 6, 6, 1))
    want[:, ::2, ::2] = 1
    alone = build([MaxPool2D(2)], (6, 6, 1), isa)
    assert_exact(train_once(alone, x, grad)[1], want)
    fused = build([Conv2D(1, 1, use_bias=False), MaxPool2D(2)], (6, 6, 1), isa)
    fused.set_weights({"conv1/weights": np.ones((1, 1, 1, 1), np.float32)})
    assert_exact(train_once(fused, x, grad)[1], want)


@pytest.mark.parametrize("name", [None, "relu"])
def test_nan_is_kept(isa, name):
    """One NaN pixel: every window of the map that sees it is NaN, no other."""
    x = np.ones((2, 9, 9, 3), np.float32)
    x[1, 4, 5, 2] = np.nan
    net = build([Conv2D(17, 3, activation=name), MaxPool2D(2)], (9, 9, 3), isa)
    w, b = np.ones((3, 3, 3, 17), np.float32), np.zeros(17, np.float32)
    net.set_weights({"conv1/weights": w, "conv1/bias": b})
    want = oracle.max_pool2d(oracle.conv2d(x, w, b), (2, 2))[0]
    assert np.isnan(want).any() and not np.isnan(want).all()
    assert_exact(net.forward(x), want)
    assert_exact(net.forward_training(x), want)
