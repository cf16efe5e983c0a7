"""MaximalPatchesDisplay."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from convnet import ConvNetClassifier
from convnet.inspection import MaximalPatchesDisplay
from convnet.inspection.displays.maximal_patches import OUTSIDE
from convnet.layers import Conv1D


@pytest.mark.parametrize("layer", ["conv1", "residual1/conv1", "output"])
def test_patches(clf, photographs, ax, layer):
    X, _ = photographs
    display = MaximalPatchesDisplay.from_estimator(clf, X, layer, n=4, n_channels=3, ax=ax)
    top = clf.maximal_patches(X, layer, 4)
    order = np.argsort(-top.activations[:, 0])[:3]
    assert (display.channels == order).all() and display.total == len(top.activations)
    np.testing.assert_array_equal(display.activations, top.activations[order])
    np.testing.assert_array_equal(display.rows, top.rows[order])
    np.testing.assert_array_equal(display.positions, top.positions[order])
    assert display.axes_.shape == (3, 4)
    height, width = display.patches.shape[2:4]
    for i, j in np.ndindex(3, 4):
        axes, (row, column) = display.axes_[i, j], display.positions[i, j]
        image = np.full((10 + 2 * height, 9 + 2 * width, 3), OUTSIDE)
        image[height:-height, width:-width] = X[display.rows[i, j]] / 255
        row, column = row + height, column + width
        expected = image[row : row + height, column : column + width]
        np.testing.assert_allclose(axes.images[0].get_array(), expected, rtol=1e-6)
        assert axes.get_title() == f"{top.activations[order[i], j]:.3g}"
        assert axes.get_ylabel() == (f"channel {order[i]}" if j == 0 else "")
    if layer == "residual1/conv1":  # or the borders are not tested
        assert (display.patches == np.float32(OUTSIDE)).any()


def test_headings(clf, photographs):
    X, _ = photographs
    for n_channels, heading in [
        (2, "conv1; 2 of 6 channels, strongest first; activations above the patches"),
        (6, "conv1; activations above the patches"),
        (99, "conv1; activations above the patches"),
    ]:
        display = MaximalPatchesDisplay.from_estimator(clf, X, "conv1", n_channels=n_channels)
        titles = [" ".join(ax.get_title().split()) for ax in display.figure_.axes]
        assert heading in titles and display.axes_.shape == (min(n_channels, 6), 9)
    few = MaximalPatchesDisplay.from_estimator(clf, X[:2], "conv1")
    assert few.axes_.shape == (6, 2)


def test_arrays_alone():
    display = MaximalPatchesDisplay(np.zeros((1, 2, 5, 4, 3)), np.ones((1, 2)), [7]).plot()
    assert display.axes_[0, 0].get_ylabel() == "channel 7"


def test_refusals(clf, photographs):
    X, y = photographs
    with pytest.raises(NotFittedError):
        MaximalPatchesDisplay.from_estimator(ConvNetClassifier(), X, "conv1")
    with pytest.raises(ValueError, match="'conv9'"):
        MaximalPatchesDisplay.from_estimator(clf, X, "conv9")
    for name in ("n", "n_channels"):
        with pytest.raises(ValueError, match=f"{name} must be an integer, 1 or more; got 0"):
            MaximalPatchesDisplay.from_estimator(clf, X, "conv1", **{name: 0})
    signals = X[..., 0].astype(np.float32) / 255
    net = ConvNetClassifier([Conv1D(2, 3)], max_iter=1).fit(signals, y)
    with pytest.raises(ValueError, match="shows images, but this net takes rows"):
        MaximalPatchesDisplay.from_estimator(net, signals, "conv1")
    with pytest.raises(ValueError, match="takes images of shape"):
        MaximalPatchesDisplay.from_estimator(clf, X[:, :5], "conv1")
    assert not plt.get_fignums()
