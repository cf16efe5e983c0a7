"""Maps of another size on every instruction set: from X itself, and of a map inside the net."""

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

from convnet.engine import RESIZING
from convnet.layers import Activation, Resize

pytestmark = pytest.mark.parametrize("isa", ISAS)

INSIDE = Activation("leaky_relu")  # in front of it, so that it does not read X
SIDES = st.integers(1, 23)


def resized(isa, x, size, method="auto", layers=()):
    x = np.asarray(x, np.float32)
    return build([*layers, Resize(size, method)], x.shape[1:], isa).forward(x)


def one_row(values):
    """(1, 1, w, 1)."""
    return np.asarray(values, np.float32)[None, None, :, None]


def test_two_by_two_to_its_mean(isa):
    assert resized(isa, [[[[1], [2]], [[4], [9]]]], 1).ravel() == [4]


def test_three_to_two_by_what_is_covered(isa):
    got = resized(isa, one_row([3, 6, 12]), (1, 2)).ravel()
    np.testing.assert_allclose(got, [(2 * 3 + 6) / 3, (6 + 2 * 12) / 3], rtol=2 * EPS)
    x = np.arange(9, dtype=np.float32).reshape(1, 3, 3, 1) * 9
    np.testing.assert_allclose(resized(isa, x, 2).ravel(), [12, 24, 48, 60], rtol=4 * EPS)


def test_two_to_four_between_centres(isa):
    assert list(resized(isa, one_row([0, 8]), (1, 4)).ravel()) == [0, 2, 6, 8]
    x = np.array([[0, 8], [16, 24]], np.float32)[None, :, :, None]
    want = np.add.outer([0, 4, 12, 16], [0, 2, 6, 8])
    assert_exact(resized(isa, x, 4)[0, :, :, 0], want)


def test_one_axis_shrinks_and_one_grows(isa):
    x = np.array([[0, 8], [4, 8]], np.float32)[None, :, :, None]
    assert list(resized(isa, x, (1, 4)).ravel()) == [2, 3.5, 6.5, 8]


def test_nearest(isa):
    x = one_row([1, 2, 3, 4, 5])
    assert list(resized(isa, x, (1, 3), "nearest").ravel()) == [1, 3, 5]
    assert list(resized(isa, x, (1, 2), "nearest").ravel()) == [2, 4]
    assert list(resized(isa, one_row([1, 2]), (2, 5), "nearest")[0, 1].ravel()) == [1, 1, 2, 2, 2]


def test_bilinear_skips_pixels(isa):
    assert list(resized(isa, one_row([1, 2, 4, 8]), (1, 1), "bilinear").ravel()) == [3]
    assert list(resized(isa, one_row([1, 2, 4, 8, 16, 32]), (1, 2), "bilinear").ravel()) == [2, 16]


@pytest.mark.parametrize("method", ["auto", *RESIZING])
@pytest.mark.parametrize("layers", [(), (INSIDE,)])
def test_the_same_size_is_the_same_bits(isa, method, layers):
    x = np.abs(normals(np.random.default_rng(0), (2, 5, 7, 3)))
    x[0, 0, 0] = 0.0, 1e-42, 3e38
    assert_exact(resized(isa, x, (5, 7), method, layers), x)
    if method == "nearest":  # along the axis that stays
        assert_exact(resized(isa, x, (10, 7), method, layers), x.repeat(2, axis=1))


@pytest.mark.parametrize("method", ["auto", *RESIZING])
def test_a_value_reaches_no_pixel_that_it_has_no_part_in(isa, method):
    x = np.ones((1, 4, 6, 3), np.float32)
    x[0, 1, 2, 0] = np.nan
    for size in ((2, 3), (8, 12), (4, 5), (3, 6)):
        got = resized(isa, x, size, method)
        chosen = {"auto": lambda n, m: "area" if n > m else "bilinear"}.get(method)
        methods = [chosen(n, m) if chosen else method for n, m in zip((4, 6), size, strict=True)]
        rows = oracle.resize_weights(4, size[0], methods[0])[:, 1] > 0
        columns = oracle.resize_weights(6, size[1], methods[1])[:, 2] > 0
        assert (np.isnan(got[0, :, :, 0]) == np.logical_and.outer(rows, columns)).all()
        assert not np.isnan(got[..., 1:]).any()


@given(
    shape=st.tuples(st.integers(1, 5), SIDES, SIDES, st.sampled_from([1, 2, 3, 4, 5, 16, 35])),
    size=st.tuples(SIDES, SIDES),
    methods=st.sampled_from(["auto", *RESIZING]),
    first=st.booleans(),
    seed=seeds,
    n_threads=threads,
)
@example((1, 1, 1, 1), (1, 1), "auto", True, 0, 1)
@example((2, 23, 23, 3), (1, 22), "auto", True, 0, 2)
@example((3, 1, 2, 3), (23, 1), "bilinear", False, 0, 3)
def test_any_size(isa, shape, size, methods, first, seed, n_threads):
    rng = np.random.default_rng(seed)
    x = np.abs(normals(rng, shape)) if not first else normals(rng, shape)
    net = build([*([] if first else [INSIDE]), Resize(size, methods)], shape[1:], isa)
    chosen = [methods] * 2
    if methods == "auto":
        axes = zip(shape[1:3], size, strict=True)
        chosen = ["area" if n > m else "bilinear" for n, m in axes]
    want, room = (oracle.resize(a, size, chosen) for a in (x, np.abs(x)))
    grad = normals(rng, want.shape)
    y, grad_x, _ = train_once(net, x, grad, n_threads)
    few = 4 * EPS * np.sqrt(sum(shape[1:3]) + 4)
    assert_within(y, want, few * room, "forward")
    assert_exact(net.forward(x, n_threads=n_threads), y, "prediction")
    want, room = (oracle.resize_backward(g, x, chosen) for g in (grad, np.abs(grad)))
    assert_within(grad_x, want, few * np.sqrt(sum(size)) * room, "data gradient")


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float64", "bool"])
def test_x_of_any_type_and_order(isa, dtype):
    """From X itself the same bits as from its map."""
    rng = np.random.default_rng(0)
    x = rng.random((3, 11, 10, 3))
    x = x < 0.5 if dtype == "bool" else (x * 200).astype(dtype)
    views = [x, np.ascontiguousarray(x.transpose(0, 3, 1, 2)).transpose(0, 2, 3, 1)]
    views.append(np.repeat(x, 2, axis=2)[:, :, ::2])
    first = build([Resize((4, 17))], x.shape[1:], isa)
    inside = build([INSIDE, Resize((4, 17))], x.shape[1:], isa)
    want = inside.forward(x, scale=1 / 255)
    for view in views:
        assert_exact(first.forward(view, scale=1 / 255, n_threads=2), want)


def test_small_integers_are_exact(isa):
    x = integers(np.random.default_rng(0), (2, 8, 16, 5), largest=100)
    want = oracle.resize(x, (4, 4), ("area", "area"))
    assert_exact(resized(isa, x, 4), want)
    assert_exact(resized(isa, x, 4, layers=[Activation("linear")]), want)


def test_gradients_of_one_pass_have_no_part_in_the_next(isa):
    rng = np.random.default_rng(0)
    net = build([Resize((3, 9))], (5, 4, 2), isa)
    x, grad = normals(rng, (70, 5, 4, 2)), normals(rng, (70, 3, 9, 2))
    assert_exact(net.gradient(x, grad)[-1:], net.gradient(x[-1:], grad[-1:]))
