"""What single fields take, and what layers say of bad ones."""

from collections import deque
from fractions import Fraction

import numpy as np
import pytest

from convnet.layers import (
    Activation,
    AvgPool2D,
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    LayerShapeError,
    MaxPool2D,
)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Conv2D(fliters=3), "Conv2D has no parameter 'fliters'. Did you mean 'filters'?"),
        (
            lambda: Conv2D(16, 3, strides=2),
            "Conv2D has no parameter 'strides'. Write stride=2.",
        ),
        (lambda: Conv2D(0, 3), "Conv2D: filters must be an integer from 1 to 1048576; got 0"),
        (lambda: Conv2D(True, 3), "Conv2D: filters must be an integer from 1 to 1048576; got True"),
        (
            lambda: Conv2D(16, (3, 3, 3)),
            "kernel_size must be an integer from 1 to 1048576 or a pair of them; got (3, 3, 3)",
        ),
        (
            lambda: Conv2D(16, 3, padding="smae"),
            "padding must be 'valid' or 'same', or an integer, 0 or more, (vertical, horizontal)",
        ),
        (
            lambda: Conv2D(16, 3, padding=-1),
            "or ((top, bottom), (left, right)); got -1",
        ),
        (
            lambda: Conv2D(6, 3, groups=4),
            "Conv2D: filters must be divisible by groups; got 6 and 4",
        ),
        (lambda: Conv2D(6, 3, use_bias=1), "Conv2D: use_bias must be True or False; got 1"),
        (lambda: Dense(3, activation="rleu"), "got 'rleu'. Did you mean 'relu'?"),
        (lambda: Dense(3, activation="swish"), "got 'swish'. Did you mean 'silu'?"),
        (lambda: Activation(max), "Activation: activation must be None or one of 'linear', 'relu'"),
        (lambda: Dropout(1.0), "Dropout: rate must be a number from 0 to 0.999; got 1.0"),
        (lambda: Dropout(float("nan")), "Dropout: rate must be a number from 0 to 0.999; got nan"),
        (
            lambda: BatchNorm(epsilon=0),
            "BatchNorm: epsilon must be a number from 1e-12 to 1; got 0",
        ),
        (
            lambda: BatchNorm(momentum="1e-5"),
            "momentum must be a number from 0 to 0.9999; got '1e-5'",
        ),
        (
            lambda: MaxPool2D(2, padding=2),
            "MaxPool2D: padding must be smaller than pool_size; got 2 and 2",
        ),
        (lambda: AvgPool2D((2, 3), padding=((0, 0), (0, 3))), "AvgPool2D: padding must be smaller"),
        (
            lambda: Dense(3, name="a__b"),
            "Dense: name must be None or a string of 1 to 64 letters, digits, single _ and -",
        ),
    ],
)
def test_messages(build, message):
    with pytest.raises((TypeError, ValueError)) as info:
        build()
    assert message in str(info.value)


@pytest.mark.parametrize(
    "name", ["1", "-1", "a__b", "a/b", "_a", "a_", "", "a b", "é", "a\n", "a" * 65, 3]
)
def test_bad_names(name):
    with pytest.raises((TypeError, ValueError), match="Dense: name must be"):
        Dense(3, name=name)


@pytest.mark.parametrize("name", ["a", "block1_conv-2", "1x1", "a" * 64])
def test_good_names(name):
    assert Dense(3, name=name).name == name


def test_numbers_of_numpy_become_python_numbers():
    layer = Conv2D(np.int64(8), (np.uint8(3), np.int32(5)), use_bias=np.False_)
    assert layer == Conv2D(8, (3, 5), use_bias=False) and type(layer.filters) is int
    assert repr(layer) == "Conv2D(8, (3, 5), use_bias=False)"
    rate = Dropout(np.float32(0.5)).rate
    assert rate == 0.5 and type(rate) is float
    assert type(Dropout(0).rate) is float


def test_equal_spellings_are_equal_layers():
    assert Conv2D(8, [3, 3], padding=((1, 1), (1, 1))) == Conv2D(8, 3, padding=1)
    assert Conv2D(8, 3, padding=[1, [2, 2]]) == Conv2D(8, 3, padding=(1, 2))
    assert Conv2D(8, 3, padding=(1, (2, 3))).padding == ((1, 1), (2, 3))
    assert Conv2D(8, 3, padding=((1, 2), (1, 2))).padding == ((1, 2), (1, 2))
    assert len({Conv2D(8, 3), Conv2D(8, (3, 3)), Conv2D(8, 5)}) == 2


def test_numbers_beyond_floats():
    with pytest.raises(ValueError, match=r"rate must be a number from 0 to 0\.999"):
        Dropout(10**400)
    with pytest.raises(ValueError, match=r"rate must be a number from 0 to 0\.999"):
        Dropout(Fraction(-(10**400)))


def test_errors_show_no_more_than_a_few_words():
    for value in (bytes(10**6), dict.fromkeys(range(10**5)), deque(range(10**5)), "x" * 10**6):
        with pytest.raises(TypeError) as info:
            Dense(value)
        assert len(str(info.value)) < 300


def test_missing_parameters():
    with pytest.raises(TypeError, match="filters"):
        Conv2D()


@pytest.mark.parametrize(
    ("layer", "shape", "cause", "remedy"),
    [
        (
            Conv2D(8, 3),
            (1, 1, 4),
            "kernel 3×3 does not fit its 1×1 input",
            'Set padding="same" in convolutions, or remove a pooling layer.',
        ),
        (
            MaxPool2D(2),
            (1, 5, 4),
            "window 2×2 does not fit its 1×5 input",
            'Set padding="same" in convolutions, or remove a pooling layer.',
        ),
        (
            Conv2D(8, 3, dilation=2, padding=1),
            (1, 3, 4),
            "kernel 3×3 (dilated to 5×5) does not fit its 1×3 input padded to 3×5",
            'Set padding="same" in convolutions, or remove a pooling layer.',
        ),
        (
            Conv2D(8, 3, groups=4),
            (9, 9, 6),
            "its 6 input channels cannot be divided into 4 groups",
            "Set groups to a divisor of 6.",
        ),
    ],
)
def test_shape_errors(layer, shape, cause, remedy):
    with pytest.raises(LayerShapeError) as info:
        layer.output_shape(shape)
    assert (info.value.cause, info.value.remedy) == (cause, remedy)
    assert str(info.value) == f"{cause}. {remedy}"
