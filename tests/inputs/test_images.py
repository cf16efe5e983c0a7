"""Shapes of X: which are taken as images, and what is said about the others."""

import re

import numpy as np
import pytest
from refused_inputs import CONV, refused, zeros

from convnet import ConvNetClassifier
from convnet.layers import Conv2D, MaxPool2D


def test_flat_rows_before_a_convolution():
    text = (
        "X is 2-D with 784 features but layers[0] is Conv2D. Pass the shape of one sample to "
        "the estimator, such as input_shape=(28, 28, 1)"
    )
    refused(ConvNetClassifier(CONV), *zeros(4, 784), text)
    text = (
        "X is 2-D with 192 features but layers[0] is Conv2D. Pass the shape of one sample to "
        "the estimator, such as input_shape=(3, 8, 8)"
    )
    refused(ConvNetClassifier(CONV, data_format="channels_first"), *zeros(4, 192), text)
    text = (
        "X is 2-D with 7 features but layers[0] is MaxPool2D. Pass the shape of one sample to "
        "the estimator, such as input_shape=(height, width, channels)"
    )
    refused(ConvNetClassifier([MaxPool2D(2)]), *zeros(4, 7), text)


def test_input_shape_needs_other_features():
    text = "input_shape (28, 28, 3) needs 2352 features; X has 784."
    refused(ConvNetClassifier(CONV, input_shape=(28, 28, 3)), *zeros(4, 784), text)


def test_channels_first():
    pixels = "images of 150×150 pixels with 3 channels"
    text = f'looks channels-first. If X holds {pixels}, pass data_format="channels_first" to the'
    refused(ConvNetClassifier(CONV), *zeros(2, 3, 150, 150), text)
    text = f'looks channels-last. If X holds {pixels}, pass data_format="channels_last" to the'
    refused(ConvNetClassifier(CONV, data_format="channels_first"), *zeros(2, 150, 150, 3), text)


def test_a_map_of_height_one_is_believed_when_declared():
    X, y = zeros(4, 1, 32, 16)
    net = [Conv2D(4, (1, 3))]
    with pytest.raises(ValueError, match="looks channels-first"):
        ConvNetClassifier(net).fit(X, y)
    assert ConvNetClassifier(net, input_shape=(1, 32, 16), max_iter=1).fit(X, y).input_shape_ == (
        1,
        32,
        16,
    )


def test_one_image():
    X, _ = zeros(150, 150, 3)
    text = "X has shape (150, 150, 3): looks like one image. Pass X[None]."
    refused(ConvNetClassifier(CONV), X, [1], text)
    with pytest.raises(ValueError, match="looks like one image"):
        ConvNetClassifier(CONV).summary(X)
    clf = ConvNetClassifier(CONV, max_iter=1).fit(*zeros(4, 12, 12, 1))
    for shape in ((12, 12), (12, 12, 1)):
        with pytest.raises(ValueError) as caught:
            clf.predict(np.zeros(shape))
        assert str(caught.value) == f"X has shape {shape}: looks like one image. Pass X[None]."


def test_one_image_with_channels_first():
    X, y = zeros(4, 3, 12, 12)
    clf = ConvNetClassifier(CONV, data_format="channels_first", max_iter=1).fit(X, y)
    with pytest.raises(ValueError, match=r"\(3, 12, 12\): looks like one image. Pass X\[None\]"):
        clf.predict(X[0])
    grey = clf.fit(X[:, :1], y)
    assert grey.predict(np.zeros((1, 12, 12))).shape == (1,)  # one image of a batch of one


def test_shapes_are_shown_in_the_order_of_data_format():
    X, y = zeros(4, 3, 12, 10)
    clf = ConvNetClassifier(CONV, data_format="channels_first", max_iter=1).fit(X, y)
    with pytest.raises(ValueError, match=r"shape \(n, 3, 9, 10\); expected \(n, 3, 12, 10\)"):
        clf.predict(X[:, :, :9])
    clf.set_params(input_shape=(3, 12, 10))
    with pytest.raises(ValueError, match=r"input_shape \(3, 12, 10\) needs 360 features; X has 36"):
        clf.fit(np.zeros((4, 36)), y)


def test_as_many_labels_as_rows_are_as_many_images():
    X, y = zeros(60, 28, 3)
    clf = ConvNetClassifier(CONV, max_iter=1).fit(X, y)
    assert clf.input_shape_ == (28, 3, 1) == clf.summary(X, y).input_shape
    assert clf.predict(X).shape == (60,)


def test_one_flat_row_is_no_image():
    clf = ConvNetClassifier([Conv2D(4, (1, 3))], input_shape=(1, 64), max_iter=1)
    X, y = zeros(6, 64)
    assert clf.fit(X, y).predict(X[:1]).shape == (1,)
    with pytest.raises(ValueError, match="looks like one image"):
        ConvNetClassifier(CONV, max_iter=1).fit(*zeros(6, 8, 8)).predict(np.zeros((8, 8)))


def test_other_shapes_at_predict():
    clf = ConvNetClassifier(CONV, max_iter=1).fit(*zeros(4, 12, 10, 1))
    with pytest.raises(
        ValueError, match=r"X has shape \(n, 10, 12, 1\); expected \(n, 12, 10, 1\)."
    ):
        clf.predict(np.zeros((2, 10, 12, 1)))
    with pytest.raises(
        ValueError, match="X has 100 features, but ConvNetClassifier is expecting 120 features"
    ):
        clf.predict(np.zeros((2, 100)))
    assert clf.predict(np.zeros((2, 120))).shape == (2,)


@pytest.mark.parametrize(
    "shape, remedy",
    [
        ((2, 9, 8), "Resize the images to 8×8 pixels, for example with"),
        ((2, 8, 8, 3), "The samples have 3 channels instead of 1: convert them."),
    ],
)
def test_images_of_another_shape_than_in_fit(shape, remedy):
    clf = ConvNetClassifier(CONV, max_iter=1).fit(*zeros(4, 8, 8, 1))
    with pytest.raises(ValueError, match=re.escape(remedy)):
        clf.predict(np.zeros(shape))
