"""LRN, softmax, PReLU and GroupNorm on every instruction set."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import oracle
import pytest
from hypothesis import given, strategies as st
from netcheck import (
    EPS,
    ISAS,
    assert_exact,
    assert_within,
    build,
    integers,
    normals,
    seeds,
    set_random_weights,
    threads,
    train_once,
)

from convnet.graph import Network
from convnet.layers import LRN, Activation, Conv2D, GroupNorm, Layer, PReLU

pytestmark = pytest.mark.parametrize("isa", ISAS)


class Pass(NamedTuple):
    """What a training step computes, each with the error that is allowed."""

    output: tuple[Any, Any]
    data_gradient: tuple[Any, Any]
    gradients: dict[str, tuple[Any, Any]] = {}


class Case(NamedTuple):
    """A layer, what it is tested on, and its definition.

    Parameters
    ----------
    layer : callable
        Returns the layer for drawn arguments.
    arguments : strategy
        Of tuples: the number of channels, then the arguments of `layer`.
    passes : callable
        Returns a `Pass` for x, the gradient of the output, the weights by role, and the arguments.
    corners : tuple of (n, (h, w), arguments)
        Shapes that are always tested.
    draw : callable, default=normals
        Draws x and the gradient.
    """

    layer: Callable[..., Layer]
    arguments: st.SearchStrategy
    passes: Callable[..., Pass]
    corners: tuple
    draw: Callable[..., np.ndarray] = normals


def lrn(x, grad, weights, window, beta):
    constants = window, float(window), beta, 0.5
    want = oracle.lrn(x, *constants)
    channels = min(window, 2 * x.shape[-1])
    largest = np.abs(grad).max() * 2 ** (beta + 1) * (1 + beta)
    return Pass(
        (want, (8 + channels) * EPS * np.abs(want)),
        (oracle.lrn_backward(grad, x, *constants), 16 * EPS * largest * np.sqrt(channels)),
    )


def softmax(z, grad, weights):
    want = oracle.softmax(z)
    spread = z.max(axis=-1, keepdims=True) - z  # z - max z is rounded before it is exponentiated
    sizes = want * (np.abs(grad) + (np.abs(grad) * want).sum(axis=-1, keepdims=True))
    return Pass(
        (want, (8 + spread) * EPS * want),
        (oracle.softmax_backward(grad, z), (16 + 2 * spread.max()) * EPS * sizes),
    )


def prelu(z, grad, weights):
    """Small integers and quarters of them are exact."""
    want_z, want = oracle.prelu_backward(grad, z, weights["alpha"])
    return Pass((oracle.prelu(z, weights["alpha"]), 0.0), (want_z, 0.0), {"alpha": (want, 0.0)})


def group_norm(x, grad, weights, groups, shift):
    gamma, beta, epsilon = weights["gamma"], weights["beta"], 0.1
    want = oracle.group_norm(x, gamma, beta, groups, epsilon)
    want_x, *wants = oracle.group_norm_backward(grad, x, gamma, groups, epsilon)
    scale = np.abs(gamma * grad).max() / np.sqrt(epsilon)
    sums = (np.abs(grad * 4).sum(axis=(0, 1, 2)), np.abs(grad).sum(axis=(0, 1, 2)))
    bounds = [4 * EPS * (total + np.abs(got)) for total, got in zip(sums, wants, strict=True)]
    return Pass(
        (want, 4 * EPS * (np.abs(want - beta) + np.abs(beta))),
        (want_x, 16 * EPS * scale),
        dict(zip(("gamma", "beta"), zip(wants, bounds, strict=True), strict=True)),
    )


CASES = {
    "lrn": Case(
        lambda window, beta: LRN(window, alpha=float(window), beta=beta, k=0.5),
        st.tuples(
            st.integers(1, 70),
            st.integers(1, 12),
            st.sampled_from([0.75, 0.5, 1.0, 0.0, 0.6, 2.0]),
        ),
        lrn,
        ((3, (2, 3), (5, 10**6, 0.75)),),
    ),
    "softmax": Case(
        lambda: Activation("softmax"),
        st.tuples(st.integers(1, 130)),
        softmax,
        ((3, (1, 1), (1000,)),),
        lambda rng, shape: normals(rng, shape, 3.0),
    ),
    "prelu": Case(PReLU, st.tuples(st.integers(1, 70)), prelu, ((9, (5, 7), (33,)),), integers),
    "groupnorm": Case(
        lambda groups, shift: GroupNorm(groups, epsilon=0.1),
        st.tuples(st.integers(1, 9), st.integers(1, 9), st.sampled_from([0, 3, -100])).map(
            lambda drawn: (drawn[0] * drawn[1], *drawn[1:])
        ),
        group_norm,
        ((9, (5, 7), (33, 1, 0)), (2, (3, 3), (40, 40, 3))),
    ),
}
every = pytest.mark.parametrize("name", CASES)


def check(name, isa, n, size, arguments, seed, n_threads):
    """Compare the passes of a layer with their definition."""
    case, (channels, *others) = CASES[name], arguments
    rng, shape = np.random.default_rng(seed), (n, *size, channels)
    x, grad = case.draw(rng, shape), case.draw(rng, shape)
    x += np.float32(others[-1] if name == "groupnorm" else 0)  # the mean
    net = build([case.layer(*others)], shape[1:], isa)
    weights = set_random_weights(net, rng, case.draw)
    if name == "prelu":
        weights = {key: value / np.float32(4) for key, value in weights.items()}
        net.set_weights(weights)
    by_role = {key.rpartition("/")[2]: value for key, value in weights.items()}
    want = case.passes(x, grad, by_role, *others)
    y, grad_x, gradients = train_once(net, x, grad, n_threads)
    assert_within(y, *want.output, "forward")
    assert_exact(net.forward(x, n_threads=n_threads), y, "prediction")
    assert_within(grad_x, *want.data_gradient, "data gradient")
    assert len(gradients) == len(want.gradients)
    for key, got in gradients.items():
        assert_within(got, *want.gradients[key.rpartition("/")[2]], key)


@every
@given(
    data=st.data(),
    n=st.integers(1, 9),
    size=st.tuples(st.integers(1, 6), st.integers(1, 6)),
    seed=seeds,
    n_threads=threads,
)
def test_passes(name, isa, data, n, size, seed, n_threads):
    check(name, isa, n, size, data.draw(CASES[name].arguments), seed, n_threads)


@every
def test_corners(name, isa):
    for n, size, arguments in CASES[name].corners:
        check(name, isa, n, size, arguments, seed=0, n_threads=3)


@every
def test_the_same_bits_at_any_number_of_threads(name, isa):
    rng = np.random.default_rng(0)
    x, grad = normals(rng, (37, 9, 8, 3)), normals(rng, (37, 9, 8, 6))
    layer = CASES[name].layer(*{"lrn": (3, 0.75), "groupnorm": (3, 0)}.get(name, ()))
    net = build([Conv2D(6, 3, padding="same"), layer], x.shape[1:], isa)
    y, grad_x, gradients = train_once(net, x, grad, 1)
    for n_threads in (2, 3, 8):
        again = train_once(net, x, grad, n_threads)
        assert_exact(again[0], y)
        assert_exact(again[1], grad_x)
        for key, got in again[2].items():
            assert_exact(got, gradients[key], key)


def reached(isa, layer, x, place):
    """Return which outputs for x are NaN, if the value at `place` is NaN."""
    x[place] = np.nan
    return np.isnan(build([layer], x.shape[1:], isa).forward(x))


def test_nan_reaches_what_it_is_combined_with(isa):
    """The channels around, of an even window one more before; all channels of the pixel; itself; its group."""
    want = np.zeros((3, 9), dtype=bool)
    want[1, 3:7] = True  # channel c reads c - 2 to c + 1
    found = reached(isa, LRN(4), np.ones((1, 1, 3, 9), np.float32), (0, 0, 1, 4))
    np.testing.assert_array_equal(found[0, 0], want)
    x = normals(np.random.default_rng(0), (2, 3, 4, 6))
    for layer, places in (
        (Activation("softmax"), np.s_[1, 2, 0]),
        (PReLU(), np.s_[1, 2, 0, 3]),
        (GroupNorm(3), np.s_[1, :, :, 2:4]),
    ):
        want = np.zeros(x.shape, dtype=bool)
        want[places] = True
        np.testing.assert_array_equal(reached(isa, layer, x.copy(), (1, 2, 0, 3)), want)
    z = np.linspace(-3, 3, 40, dtype=np.float32)[None]  # vectors and what is left of them
    places = (0, [0, 7, 16, 39])
    np.testing.assert_array_equal(np.flatnonzero(reached(isa, PReLU(), z, places)), places[1])


def test_a_window_by_hand(isa):
    """Two channels of 3 and 4 with alpha = size: √(9 + 16) is 5."""
    x = np.array([[3, 4, 0, 0]], np.float32)
    y = build([LRN(3, alpha=3, beta=0.5, k=1e-6)], (4,), isa).forward(x)
    assert_within(y[0], np.array([0.6, 0.8, 0, 0]), 1e-6)


@pytest.mark.parametrize("c", [1, 3, 16, 37])
def test_softmax_of_large_values(isa, c):
    """Values beyond exp's range give exact shares, also beside a NaN."""
    z = np.full((1, 2, 3, c), -3e38, np.float32)
    z[0, 0, 0, c // 2] = 3e38
    z[0, 0, 1] = 1e30
    z[0, 1, 2, c - 1] = np.nan
    net = build([Activation("softmax")], z.shape[1:], isa)
    y = net.forward(z)
    assert_within(y[0, 0, 0], np.arange(c) == c // 2, 0.0)
    assert_within(y[0, 0, 1], np.full(c, 1 / c), EPS)
    assert np.isnan(y[0, 1, 2]).all() and np.isnan(y).sum() == c
    assert_exact(net.forward_training(z), y)


def test_softmax_of_flat_data_and_signals(isa):
    """Over the features of flat data, and over the channels of each position of a signal."""
    rng = np.random.default_rng(0)
    for shape in ((7,), (5, 3)):
        z = normals(rng, (4, *shape))
        y = build([Activation("softmax")], shape, isa).forward(z)
        assert_within(y, oracle.softmax(z), 8 * EPS)


def test_the_gradient_of_alpha_of_a_large_map(isa):
    """A sum of 10,000 products of a sample is in double; one in float would be off by a hundred times as much."""
    rng = np.random.default_rng(0)
    z, grad = normals(rng, (2, 100, 100, 3)) + 3, np.ones((2, 100, 100, 3), np.float32)
    net = build([PReLU()], z.shape[1:], isa)
    got = train_once(net, -z, grad)[2]["activation1/alpha"]
    want = oracle.prelu_backward(grad, -z, np.full(3, 0.25))[1]
    assert_within(got, want, 2 * EPS * np.abs(want))


def test_the_gradient_of_alpha_alone(isa):
    """As a first layer, whose input has no gradient."""
    rng = np.random.default_rng(0)
    z, grad = integers(rng, (5, 4, 3, 2)), integers(rng, (5, 4, 3, 2))
    net = Network([PReLU()], z.shape[1:], None, isa=isa)
    want = oracle.prelu_backward(grad, z, np.full(2, 0.25))[1]
    assert_exact(train_once(net, z, grad)[2]["activation1/alpha"], want)


def test_alpha_starts_at_a_quarter_without_decay(isa):
    (alpha,) = build([PReLU()], (5, 4, 3), isa).plan.parameters
    assert (alpha.name, alpha.shape, alpha.start) == ("activation1/alpha", (3,), 0.25)
    assert alpha.trainable and not alpha.decay


def test_group_norm_of_a_mean_of_many_deviations(isa):
    """Output and gradients are as exact as without the mean, which is 10,000 deviations: z - mean does not round."""
    rng = np.random.default_rng(0)
    x = normals(rng, (3, 8, 9, 8)) + np.float32(1e4)
    grad = normals(rng, x.shape)
    net = build([GroupNorm(2)], x.shape[1:], isa)
    y, grad_x, _ = train_once(net, x, grad)
    ones = np.ones(8)
    assert_within(y, oracle.group_norm(x, ones, 0 * ones, 2), 4 * EPS * 4)
    assert_within(grad_x, oracle.group_norm_backward(grad, x, ones, 2)[0], 8 * EPS * 4)


def test_group_norm_of_groups_of_one_value(isa):
    """Constant groups: beta, and no gradient of x."""
    net = build([GroupNorm(-1)], (7,), isa)
    x = np.arange(21, dtype=np.float32).reshape(3, 7)
    y, grad_x, _ = train_once(net, x, np.ones((3, 7), np.float32))
    assert_exact(y, np.zeros((3, 7)))
    assert_exact(grad_x, np.zeros((3, 7)))
