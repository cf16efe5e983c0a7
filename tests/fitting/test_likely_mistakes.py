"""Parameters and data of a fit that are probably mistakes give a warning, and others do not."""

import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator

from convnet import ConvNetClassifier, ConvNetRegressor, ConvNetTransformer
from convnet.layers import BatchNorm, Conv2D, Dense, Normalize, Rescale

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (40, 6, 6, 1), dtype=np.uint8)
IMAGES[:, 0, 0] = 255
Y = np.arange(40) % 3
CONV = [Conv2D(3, 3)]


def fit(X=IMAGES, y=Y, layers=CONV, kind=ConvNetClassifier, data=(), **params):
    return kind(layers, max_iter=1, random_state=0, **params).fit(X, y, **dict(data))


def test_warnings_point_to_the_call_of_fit():
    with pytest.warns(UserWarning) as caught:
        ConvNetClassifier(CONV, max_iter=1, validation_fraction=0.3).fit(IMAGES, Y)
    assert {str(one.filename) for one in caught} == {__file__}


def quiet(*args, **params):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", ".*no better than a constant")
        return fit(*args, **params)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "int16"])
def test_images_from_0_to_255_that_are_not_uint8(dtype):
    X = IMAGES.astype(dtype)
    with pytest.warns(
        UserWarning, match=rf"X is {dtype} with values up to 255\. .* Set rescale=1/255, or"
    ):
        fit(X)
    for params in (dict(rescale=1 / 255), dict(rescale=None), dict(layers=[Rescale(), *CONV])):
        quiet(X, **params)
    for first in (Normalize(), BatchNorm()):
        quiet(X, layers=[first, *CONV])


def test_images_in_other_units():
    quiet(IMAGES)
    quiet(IMAGES / 255)
    quiet(IMAGES / 16)  # as scikit-learn's digits
    quiet(IMAGES - 128.0)  # negative values: not 8-bit images
    quiet(IMAGES * 10.0)
    with pytest.warns(UserWarning, match=r"up to 100\. .*Set rescale=1/100\."):
        fit(np.minimum(IMAGES / 2.0, 100))  # percent: not 8 bits
    quiet(IMAGES.reshape(40, 36).astype(float), layers=[Dense(4)])  # a table


@pytest.mark.parametrize("bits", [10, 12, 13])
def test_images_of_few_bits_in_uint16(bits):
    X = IMAGES.astype(np.uint16) << (bits - 8)
    with pytest.warns(UserWarning, match=rf"seem to have {bits} bits.* rescale=1/{2**bits - 1}"):
        fit(X)
    quiet(X, rescale=1 / (2**bits - 1))
    quiet(IMAGES.astype(np.uint16) << 8)


@pytest.mark.parametrize(
    ("kind", "y", "last"),
    [
        (ConvNetClassifier, Y, Dense(3)),
        (ConvNetClassifier, Y, Dense(3, activation="linear")),
        (ConvNetClassifier, Y % 2, Dense(1, activation="sigmoid")),
        (ConvNetClassifier, Y % 2, Dense(2)),
        (ConvNetClassifier, np.eye(4, dtype=int)[Y] + np.eye(4, dtype=int)[0], Dense(4)),
        (ConvNetRegressor, Y * 1.0, Dense(1)),
        (ConvNetRegressor, np.stack([Y, -Y], axis=1) * 1.0, Dense(2)),
    ],
)
def test_an_output_layer_before_the_automatic_one(kind, y, last):
    y = np.minimum(y, 1) if np.ndim(y) == 2 and kind is ConvNetClassifier else y
    with pytest.warns(UserWarning, match=r"layers end with Dense\(.*Remove this layer"):
        fit(y=y, layers=[*CONV, last], kind=kind)


def test_hidden_layers_that_are_no_output_layer():
    quiet(layers=[*CONV, Dense(3, activation="relu")])
    quiet(layers=[*CONV, Dense(4)])
    quiet(y=Y * 1.0, layers=[*CONV, Dense(2)], kind=ConvNetRegressor)


def test_a_validation_fraction_without_effect():
    message = r"validation_fraction=0\.3 has no effect without early_stopping=True"
    with pytest.warns(UserWarning, match=message):
        fit(validation_fraction=0.3)
    with pytest.warns(UserWarning, match="no effect, because X_val is the validation set"):
        fit(validation_fraction=0.3, data=dict(X_val=IMAGES, y_val=Y))
    quiet(validation_fraction=0.3, early_stopping=True)


def test_a_fitted_net_in_a_transformer():
    net = fit()
    with pytest.warns(
        UserWarning, match=r"fitted already, .* pass sklearn\.frozen\.FrozenEstimator\(net\)"
    ):
        ConvNetTransformer(net).fit(IMAGES, Y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", ".*no better than a constant")
        ConvNetTransformer(FrozenEstimator(net)).fit(IMAGES)
        ConvNetTransformer(clone(net)).fit(IMAGES, Y)


def test_constant_targets_of_a_first_partial_fit():
    X, y = IMAGES[:8], np.full((8, 2), 3.7)
    y[:, 1] = np.arange(8)
    reg = ConvNetRegressor(CONV, random_state=0)
    with pytest.warns(UserWarning, match="y is constant in the first call of partial_fit"):
        reg.partial_fit(X, y)
    assert (reg.y_scale_[0], reg.y_mean_[0]) == (1, pytest.approx(3.7))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        reg.partial_fit(X, y)  # the scale is known
        ConvNetRegressor(CONV, random_state=0).partial_fit(X, y[:, 1])
        ConvNetRegressor(CONV, normalize_y=False, random_state=0).partial_fit(X, y)
        ConvNetRegressor(CONV, random_state=0, max_iter=1).fit(X, y[:, 0])
