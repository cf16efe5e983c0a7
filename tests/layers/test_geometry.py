"""Output sizes and padding against the rule, case by case."""

import pickle

import pytest
from hypothesis import given, strategies as st

from convnet.layers import Conv2D, LayerShapeError, MaxPool2D
from convnet.layers.geometry import output_size, resolve_padding

size = st.integers(1, 40)
small = st.integers(1, 7)


@pytest.mark.parametrize(
    ("n", "k", "p", "s", "out"),
    [(6, 3, 0, 1, 4), (28, 5, 0, 1, 24), (150, 3, 0, 1, 148), (150, 3, 1, 1, 150), (7, 2, 0, 2, 3)],
)
def test_output_size(n, k, p, s, out):
    assert output_size(n, k, s, 2 * p) == out
    assert Conv2D(5, k, stride=s, padding=p).output_shape((n, n, 1)) == (out, out, 5)


@given(size, small, small, small)
def test_same_gives_ceil_and_the_odd_pixel_last(n, k, s, d):
    before, after = resolve_padding("same", n, k, s, d)
    assert output_size(n, k, s, before + after, d) == -(-n // s)
    assert after - before in (0, 1)
    if before + after:  # and no more than it takes
        assert output_size(n, k, s, before + after - 1, d) < -(-n // s)


@given(size, size, small, small, small, st.integers(0, 6))
def test_windows_stay_inside(h, w, k, s, d, p):
    layer = Conv2D(3, (k, 1), stride=(s, 1), dilation=(d, 1), padding=(p, 0))
    fits = h + 2 * p >= d * (k - 1) + 1
    try:
        oh, ow, _ = layer.output_shape((h, w, 2))
    except LayerShapeError:
        assert not fits
    else:
        assert fits and ow == w
        last = (oh - 1) * s + d * (k - 1)
        assert last < h + 2 * p <= last + s


@pytest.mark.parametrize(
    ("n", "k", "s", "p", "floor", "ceil"),
    [
        (112, 3, 2, 0, 55, 56),  # GoogLeNet
        (111, 3, 2, 0, 55, 55),
        (5, 2, 2, 0, 2, 3),
        (6, 2, 2, 0, 3, 3),
        (2, 3, 2, 0, None, 1),  # one window, cut
        (5, 2, 3, 0, 2, 2),
        (4, 2, 3, 0, 1, 2),
        (5, 2, 2, 1, 3, 3),  # a fourth window would begin in the padding behind
        (6, 4, 3, 2, 3, 3),
        (1, 5, 2, 0, None, None),
    ],
)
def test_ceil_mode(n, k, s, p, floor, ceil):
    """As PyTorch counts: MaxPool2d(k, s, p, ceil_mode=...)."""
    for ceil_mode, want in ((False, floor), (True, ceil)):
        layer = MaxPool2D(k, stride=s, padding=p, ceil_mode=ceil_mode)
        if want is None:
            with pytest.raises(LayerShapeError, match="does not fit"):
                layer.output_shape((n, n, 1))
        else:
            assert layer.output_shape((n, n, 1)) == (want, want, 1)


@given(size, small, small, st.data())
def test_every_pooling_window_has_a_pixel(n, k, s, data):
    padding = data.draw(st.sampled_from(["valid", "same"]) | st.integers(0, k - 1))
    layer = MaxPool2D(k, stride=s, padding=padding, ceil_mode=data.draw(st.booleans()))
    before, _ = resolve_padding(padding, n, k, s)
    try:
        out = layer.output_shape((n, n, 1))[0]
    except LayerShapeError:
        return
    for i in range(out):
        start = i * s - before
        assert start < n and start + k > 0


def test_the_error_can_be_pickled():
    error = pickle.loads(pickle.dumps(LayerShapeError("too small", "Grow.")))
    assert str(error) == "too small. Grow." and error.remedy == "Grow."
