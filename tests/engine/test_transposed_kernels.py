"""Transposed convolutions on every instruction set."""

import numpy as np
import oracle
import pytest
from geometries import pairs
from hypothesis import example, given, strategies as st
from netcheck import ISAS, assert_exact, build, integers, normals, seeds, threads, train_once
from reference import transposed_crops

from convnet.layers import Conv2D, Conv2DTranspose

pytestmark = pytest.mark.parametrize("isa", ISAS)


@st.composite
def cases(draw):
    """The input's shape, and the arguments of a layer that fit it."""
    size, kernel = draw(pairs(st.integers(1, 7))), draw(pairs(st.integers(1, 5)))
    stride, dilation = draw(pairs(st.integers(1, 3))), draw(pairs(st.sampled_from([1, 1, 2])))
    limits = [max(s, d) - 1 for s, d in zip(stride, dilation, strict=True)]
    extra = draw(st.none() | st.tuples(*(st.integers(0, limit) for limit in limits)))
    numbers = st.tuples(*(st.tuples(st.integers(0, k - 1), st.integers(0, k - 1)) for k in kernel))
    padding = draw(st.sampled_from(["valid", "same"]) | numbers)
    crops = transposed_crops(size, kernel, stride, dilation, padding, extra)
    for n, k, s, d, crop in zip(size, kernel, stride, dilation, crops, strict=True):
        if (n - 1) * s + d * (k - 1) + 1 - sum(crop) < 1:
            padding, extra = "valid", None
    shape = (draw(st.integers(1, 5)), *size, draw(st.sampled_from([1, 3, 8, 17, 40])))
    options = dict(stride=stride, dilation=dilation, padding=padding, output_padding=extra)
    return shape, draw(st.sampled_from([1, 2, 7, 16, 33])), kernel, options


WIDE = (3, 4, 5, 40), 33, (4, 4), dict(stride=2, padding=1, dilation=1, output_padding=None)


@given(case=cases(), use_bias=st.booleans(), seed=seeds, n_threads=threads)
@example(case=WIDE, use_bias=True, seed=0, n_threads=3)
def test_small_integers_are_exact(isa, case, use_bias, seed, n_threads):
    shape, filters, kernel, options = case
    rng = np.random.default_rng(seed)
    layer = Conv2DTranspose(filters, kernel, use_bias=use_bias, **options)
    net = build([layer], shape[1:], isa)
    x, w = integers(rng, shape), integers(rng, (*kernel, filters, shape[3]))
    b = integers(rng, (filters,)) if use_bias else None
    net.set_weights(
        {"convtranspose1/weights": w} | ({"convtranspose1/bias": b} if use_bias else {})
    )
    stride, dilation = (
        v if isinstance(v, tuple) else (v, v) for v in (options["stride"], options["dilation"])
    )
    crops = transposed_crops(
        shape[1:3], kernel, stride, dilation, options["padding"], options["output_padding"]
    )
    where = stride, crops, dilation
    want = oracle.conv2d_transpose(x, w, b, *where)
    grad = integers(rng, want.shape)
    y, grad_x, gradients = train_once(net, x, grad, n_threads)
    assert_exact(y, want, "forward")
    assert_exact(net.forward(x, n_threads=n_threads), want, "prediction")
    want_x, want_w, want_b = oracle.conv2d_transpose_backward(grad, x, w, *where)
    assert_exact(grad_x, want_x, "data gradient")
    assert_exact(gradients["convtranspose1/weights"], want_w, "weight gradient")
    if use_bias:
        assert_exact(gradients["convtranspose1/bias"], want_b, "bias gradient")


def test_the_same_bits_at_any_number_of_threads(isa):
    rng = np.random.default_rng(0)
    x, grad = normals(rng, (37, 5, 6, 3)), normals(rng, (37, 10, 12, 5))
    layers = [
        Conv2D(9, 3, padding="same", activation="relu"),
        Conv2DTranspose(5, 3, stride=2, padding="same", activation="tanh"),
    ]
    net = build(layers, x.shape[1:], isa)
    y, grad_x, gradients = train_once(net, x, grad, 1)
    assert_exact(net.forward(x, n_threads=3), net.forward(x, n_threads=1))
    for n_threads in (2, 3, 8):
        again = train_once(net, x, grad, n_threads)
        assert_exact(again[0], y)
        assert_exact(again[1], grad_x)
        for name, got in again[2].items():
            assert_exact(got, gradients[name], name)


def test_nan_reaches_its_window_only(isa):
    x = np.ones((1, 4, 4, 2), np.float32)
    x[0, 1, 2, 0] = np.nan
    net = build([Conv2DTranspose(3, 3, stride=3)], x.shape[1:], isa)
    y = net.forward(x)[0]
    want = np.zeros(y.shape, dtype=bool)
    want[3:6, 6:9] = True
    np.testing.assert_array_equal(np.isnan(y), want)
