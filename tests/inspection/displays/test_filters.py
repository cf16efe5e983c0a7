"""FilterDisplay."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline

from convnet import ConvNetClassifier, ConvNetRegressor
from convnet.inspection import FilterDisplay
from convnet.layers import Conv1D, Conv2D, Dense, SeparableConv2D


def noise(*shape):
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


def titles(display):
    return [ax.get_title() for ax in display.axes_.ravel() if ax is not None]


def test_color_filters_of_the_first_layer(clf, ax):
    display = FilterDisplay.from_estimator(clf, ax=ax)
    weights = clf.weights_["conv1/weights"]
    assert display.layer == "conv1" and (display.kernels == weights).all()
    assert len(display.im_) == 6 and display.colorbar_ is None
    largest = np.abs(weights).max()
    for i, image in enumerate(display.im_):
        want = 0.5 + weights[..., i] / (2 * largest)
        np.testing.assert_allclose(image.get_array(), want, atol=1e-6)
    assert "conv1, kernels of 3×3" in display.bounding_ax_.get_title()


def test_gray_filters():
    kernels = noise(5, 4, 1, 16)
    display = FilterDisplay(kernels, layer="stem").plot()
    largest = np.abs(kernels).max()
    for i, image in enumerate(display.im_):
        assert (image.get_array() == kernels[..., 0, i]).all()
        assert image.get_clim() == (-largest, largest) and image.get_cmap().name == "RdBu_r"
    assert titles(display) == [str(i) for i in range(16)]
    assert display.colorbar_.ax.get_ylabel() == "weight"


def test_the_strongest_channel_of_a_deeper_layer(clf):
    display = FilterDisplay.from_estimator(clf, "residual1/conv1")
    weights = clf.weights_["residual1/conv1/weights"]
    strongest = [
        int(np.linalg.norm(weights[..., f].reshape(9, 6), axis=0).argmax()) for f in range(6)
    ]
    assert titles(display) == [f"{f} ← {c}" for f, c in enumerate(strongest)]
    for f, image in enumerate(display.im_):
        assert (image.get_array() == weights[..., strongest[f], f]).all()


def test_other_channels(clf):
    weights = clf.weights_["residual1/conv1/weights"]
    display = FilterDisplay.from_estimator(clf, "residual1/conv1", channels="mean")
    np.testing.assert_allclose(display.im_[2].get_array(), weights[..., 2].mean(-1), atol=1e-7)
    display.plot(channels=4)
    assert (display.im_[2].get_array() == weights[..., 4, 2]).all()
    display.plot(channels="all")
    assert titles(display)[7] == "1 ← 1" and len(display.im_) == 36
    assert (display.im_[7].get_array() == weights[..., 1, 1]).all()
    assert display.axes_.shape == (6, 6)
    color = FilterDisplay(noise(3, 3, 3, 2)).plot(channels="color")
    assert color.im_[0].get_array().shape == (3, 3, 3)
    for bad, message in [
        (6, "channels must be 0 to 5; got 6"),
        (-1, "channels must be 0 to 5; got -1"),
        ("colour", "must be a number or one of auto, color, strongest, mean, all; got 'colour'"),
        ("color", 'channels="color" needs 3 channels; these filters read 6'),
        (True, "must be a number or one of"),
    ]:
        with pytest.raises(ValueError, match=message):
            display.plot(channels=bad)


@pytest.mark.slow
def test_many_filters():
    kernels = noise(3, 3, 1, 128)
    display = FilterDisplay(kernels, layer="conv1").plot()
    assert len(display.im_) == 64
    assert display.bounding_ax_.get_title() == "conv1, kernels of 3×3: 64 of 128 filters"
    assert len(FilterDisplay(kernels).plot(n_max=None).im_) == 128


def test_kernels_of_one_pixel_and_of_signals(photographs):
    display = FilterDisplay(kernels := noise(1, 1, 7, 5)).plot()
    (image,) = display.im_
    assert (image.get_array() == kernels[0, 0].T).all() and titles(display) == [""]
    X = np.random.default_rng(0).normal(size=(12, 20, 3))
    net = ConvNetRegressor([Conv1D(4, 5)], max_iter=1).fit(X, np.arange(12))
    display = FilterDisplay.from_estimator(net)
    weights = net.weights_["conv1/weights"]
    assert all((im.get_array() == weights[..., i].T).all() for i, im in enumerate(display.im_))


def test_refusals(photographs, clf):
    X, y = photographs
    with pytest.raises(NotFittedError):
        FilterDisplay.from_estimator(ConvNetClassifier())
    with pytest.raises(TypeError, match=r"got Pipeline. Pass the net inside it"):
        FilterDisplay.from_estimator(make_pipeline(clf))
    message = "no convolution is called 'dense1'; the convolutions are conv1, residual1/conv1"
    with pytest.raises(ValueError, match=message):
        FilterDisplay.from_estimator(clf, "dense1")
    flat = ConvNetClassifier([Dense(4)], max_iter=1).fit(X, y)
    with pytest.raises(ValueError, match="needs a convolution, but this net has none"):
        FilterDisplay.from_estimator(flat)
    deep = ConvNetClassifier([Conv2D(4, 3), SeparableConv2D(4, 3)], max_iter=1).fit(X, y)
    display = FilterDisplay.from_estimator(deep, "separable1/depthwise")
    assert (display.im_[1].get_array() == display.kernels[..., 0, 1]).all()
    assert len(plt.get_fignums()) == 1
