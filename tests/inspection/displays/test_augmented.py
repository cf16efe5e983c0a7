"""AugmentDisplay."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from row_sources import Folder
from sklearn.base import clone

from convnet import ConvNetClassifier
from convnet.augment import RandomBrightness, RandomFlip, RandomRotation
from convnet.inspection import AugmentDisplay
from convnet.layers import Conv2D

AUGMENT = [RandomFlip(), RandomRotation(20), RandomBrightness(0.5)]


@pytest.fixture
def net():
    return ConvNetClassifier([Conv2D(2, 3)], augment=AUGMENT, max_iter=1, random_state=0)


def drawn(display):
    return np.array([[ax.images[0].get_array() for ax in row] for row in display.axes_])


def test_originals_and_copies(net, photographs, ax):
    X, y = photographs
    display = AugmentDisplay.from_estimator(net, X, n=3, n_copies=4, ax=ax)
    assert display.axes_.shape == (3, 5)
    copies = net.preview_augment(X[:3], 4)
    np.testing.assert_allclose(display.images, X[:3] / 255, rtol=1e-6)
    np.testing.assert_allclose(display.copies, copies / 255, rtol=1e-6)
    expected = np.concatenate([X[:3, None], copies], axis=1) / 255
    np.testing.assert_allclose(drawn(display), expected, rtol=1e-6)
    titles = [[axes.get_title() for axes in row] for row in display.axes_]
    assert titles == [["original", *(f"epoch {i}" for i in (1, 2, 3, 4))], *[[""] * 5] * 2]
    assert not hasattr(net, "weights_")
    fitted = AugmentDisplay.from_estimator(clone(net).fit(X, y), X, n=3, n_copies=4)
    np.testing.assert_array_equal(fitted.copies, display.copies)


def test_before_training(net, photographs):
    X, y = photographs
    display = AugmentDisplay.from_estimator(clone(net).initialize(X, y), X)
    np.testing.assert_array_equal(display.copies, AugmentDisplay.from_estimator(net, X).copies)
    assert display.axes_.shape == (4, 6)
    assert AugmentDisplay.from_estimator(net, X[:1], n_copies=1).axes_.shape == (1, 2)


def test_floats_are_clipped_to_the_colors_of_X(net):
    X = np.random.default_rng(0).uniform(0, 40, (20, 6, 5)).astype(np.float32)
    clf = net.set_params(rescale=1 / 40)
    display = AugmentDisplay.from_estimator(clf, X, n=3)
    copies = clf.preview_augment(X[:3], 5)
    assert copies.max() > X.max() > copies.min() and copies.min() < 0
    np.testing.assert_allclose(display.images, np.repeat(X[:3, ..., None] / X.max(), 3, -1))
    expected = np.repeat(np.clip(copies / X.max(), 0, 1), 3, axis=-1)
    np.testing.assert_allclose(display.copies, expected, rtol=1e-5, atol=1e-6)


def test_other_orders_of_the_axes(net, photographs):
    X, y = photographs
    expected = AugmentDisplay.from_estimator(net, X, n=2)
    first = clone(net).set_params(data_format="channels_first")
    flat = clone(net).set_params(input_shape=(10, 9, 3))
    for clf, images in [
        (first, np.moveaxis(X, -1, 1)),
        (flat, X.reshape(60, -1)),
        (net, Folder(X, y)),
    ]:
        display = AugmentDisplay.from_estimator(clf, images, n=2)
        np.testing.assert_array_equal(display.images, expected.images)
        np.testing.assert_array_equal(display.copies, expected.copies)


def test_given_axes_of_another_shape(net, photographs):
    """Images keep their distances: the room that is left stays at the right and below."""
    figure, axes = plt.subplots(1, 2, figsize=(12, 6))
    display = AugmentDisplay.from_estimator(net, photographs[0], n=2, n_copies=2, ax=axes[0])
    figure.canvas.draw()
    boxes = [[ax.get_window_extent() for ax in row] for row in display.axes_]
    gaps = [boxes[0][1].x0 - boxes[0][0].x1, boxes[0][0].y0 - boxes[1][0].y1]
    assert all(0 < gap / figure.dpi < 0.2 for gap in gaps)


def test_refusals(net, photographs):
    X, _ = photographs
    for augment in (None, []):
        with pytest.raises(ValueError, match=r"augment is (None|\[\]), so training does not"):
            AugmentDisplay.from_estimator(clone(net).set_params(augment=augment), X)
    for name in ("n", "n_copies"):
        with pytest.raises(ValueError, match=f"{name} must be an integer, 1 or more; got 0"):
            AugmentDisplay.from_estimator(net, X, **{name: 0})
    with pytest.raises(ValueError, match=r"needs images, but X is 2-D"):
        AugmentDisplay.from_estimator(ConvNetClassifier(augment=AUGMENT), X.reshape(60, -1))
    with pytest.raises(TypeError, match="takes a ConvNetClassifier or a ConvNetRegressor; got int"):
        AugmentDisplay.from_estimator(3, X)
    assert not plt.get_fignums()
