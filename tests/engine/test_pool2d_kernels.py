"""Pooling on every instruction set: any window, stride and padding; global pools."""

import numpy as np
import oracle
import pytest
from geometries import BATCHES, PIXELS, explicit_pads, fits, pairs, pools
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

from convnet.layers import AvgPool2D, GlobalAvgPool2D, GlobalMaxPool2D, MaxPool2D

pytestmark = pytest.mark.parametrize("isa", ISAS)


@st.composite
def cases(draw):
    """The input's shape, and a pool that fits it."""
    size, stride, padding = draw(pools())
    map_size = draw(pairs(PIXELS))
    if not fits(map_size, size, stride or size, padding):
        map_size = tuple(n + k for n, k in zip(map_size, size, strict=True))
    channels = draw(st.integers(1, 70))
    work = map_size[0] * map_size[1] * channels * size[0] * size[1]
    batch = min(draw(BATCHES), max(1, 400_000 // work))
    return (batch, *map_size, channels), size, stride, padding


ONE_PIXEL = (1, 1, 1, 1), (1, 1), None, "valid"
OVERLAPPING = (2, 11, 8, 33), (3, 3), (2, 1), "same"
CUT = (2, 11, 8, 33), (3, 4), (3, 5), ((1, 2), (3, 0))


@given(case=cases(), ceil_mode=st.booleans(), seed=seeds, n_threads=threads)
@example(case=ONE_PIXEL, ceil_mode=True, seed=0, n_threads=1)
@example(case=OVERLAPPING, ceil_mode=False, seed=0, n_threads=3)
@example(case=CUT, ceil_mode=True, seed=0, n_threads=3)
def test_max_pool(isa, case, ceil_mode, seed, n_threads):
    shape, size, stride, padding = case
    rng = np.random.default_rng(seed)
    pads = explicit_pads(padding, shape[1:3], size, stride or size)
    x = integers(rng, shape) - np.float32(4)  # ties abound; padding of 0 would win
    want = oracle.max_pool2d(x, size, stride, pads, ceil_mode)[0]
    grad = integers(rng, want.shape)
    layer = MaxPool2D(size, stride=stride, padding=padding, ceil_mode=ceil_mode)
    net = build([layer], shape[1:], isa)
    y, grad_x, _ = train_once(net, x, grad, n_threads)
    assert_exact(y, want, "forward")
    assert_exact(net.forward(x, n_threads=n_threads), want, "prediction")
    want = oracle.max_pool2d_backward(grad, x, size, stride, pads, ceil_mode)
    assert_exact(grad_x, want, "data gradient")


@given(case=cases(), ceil_mode=st.booleans(), counts=st.booleans(), seed=seeds, n_threads=threads)
@example(case=ONE_PIXEL, ceil_mode=False, counts=True, seed=0, n_threads=1)
@example(case=OVERLAPPING, ceil_mode=False, counts=False, seed=0, n_threads=3)
@example(case=CUT, ceil_mode=True, counts=True, seed=0, n_threads=3)
def test_average_pool(isa, case, ceil_mode, counts, seed, n_threads):
    shape, size, stride, padding = case
    rng = np.random.default_rng(seed)
    pads = explicit_pads(padding, shape[1:3], size, stride or size)
    x = normals(rng, shape)
    where = size, stride, pads, ceil_mode, counts
    want = oracle.avg_pool2d(x, *where)
    grad = normals(rng, want.shape)
    options = dict(ceil_mode=ceil_mode, count_include_pad=counts)
    net = build([AvgPool2D(size, stride=stride, padding=padding, **options)], shape[1:], isa)
    y, grad_x, _ = train_once(net, x, grad, n_threads)
    few = 4 * EPS * np.sqrt(size[0] * size[1])  # a window's sum and its division
    assert_within(y, want, few * oracle.avg_pool2d(np.abs(x), *where), "forward")
    assert_exact(net.forward(x, n_threads=n_threads), y, "prediction")
    slack = oracle.avg_pool2d_backward(np.abs(grad), x, *where)
    want = oracle.avg_pool2d_backward(grad, x, *where)
    assert_within(grad_x, want, few * slack, "data gradient")


@given(
    shape=st.tuples(st.integers(1, 9), st.integers(1, 20), st.integers(1, 20), st.integers(1, 70)),
    seed=seeds,
    n_threads=threads,
)
@example(shape=(1, 1, 1, 1), seed=0, n_threads=1)
@example(shape=(2, 7, 7, 512), seed=0, n_threads=2)
def test_global_pools(isa, shape, seed, n_threads):
    rng = np.random.default_rng(seed)
    x, grad = integers(rng, shape), normals(rng, (shape[0], shape[-1]))
    y, grad_x, _ = train_once(build([GlobalMaxPool2D()], shape[1:], isa), x, grad, n_threads)
    assert_exact(y, oracle.global_max_pool2d(x))
    assert_exact(grad_x, oracle.global_max_pool2d_backward(grad, x))
    y, grad_x, _ = train_once(build([GlobalAvgPool2D()], shape[1:], isa), x, grad, n_threads)
    want = oracle.global_avg_pool2d(x)  # the sum of small integers is exact, the division is not
    assert_within(y, want, 2 * EPS * np.abs(want))
    want = oracle.global_avg_pool2d_backward(grad, x)
    assert_within(grad_x, want, 2 * EPS * np.abs(want))


def test_global_average_error_is_a_random_walk(isa):
    x = normals(np.random.default_rng(0), (3, 40, 40, 19))
    y = build([GlobalAvgPool2D()], x.shape[1:], isa).forward(x)
    n = 40 * 40
    norms = np.sqrt((oracle.f64(x) ** 2).sum(axis=(1, 2)))
    assert_within(y, oracle.global_avg_pool2d(x), 4 * EPS * np.sqrt(n) * norms / n)


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("channels", [1, 5, 8, 16, 35])
def test_max_pool_keeps_nan(isa, channels, padding):
    rng = np.random.default_rng(channels)
    x = normals(rng, (2, 7, 9, channels))
    x[rng.random(x.shape) < 0.1] = np.nan
    size, stride = (3, 2), (2, 2)
    pads = explicit_pads(padding, (7, 9), size, stride)
    want = oracle.max_pool2d(x, size, stride, pads)[0]
    net = build([MaxPool2D(size, stride=stride, padding=padding)], x.shape[1:], isa)
    assert_exact(net.forward(x), want)
    assert_exact(net.forward_training(x), want)
    net = build([GlobalMaxPool2D()], x.shape[1:], isa)
    assert_exact(net.forward(x), oracle.global_max_pool2d(x))


def test_max_pool_of_minus_infinity(isa):
    """A window of nothing but -inf is -inf, and its gradient goes to a pixel, not to padding."""
    x = np.full((1, 3, 3, 4), -np.inf, np.float32)
    net = build([MaxPool2D(2, stride=1, padding=1)], (3, 3, 4), isa)
    y, grad_x, _ = train_once(net, x, np.ones((1, 4, 4, 4), np.float32))
    assert (y == -np.inf).all()
    assert grad_x.sum() == 4 * 4 * 4
