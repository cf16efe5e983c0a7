"""FeatureMapDisplay."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline

from convnet import ConvNetClassifier, ConvNetRegressor
from convnet.inspection import FeatureMapDisplay
from convnet.layers import Conv1D, Conv2D, Dense, Dropout, GlobalMaxPool1D


def test_one_layer(clf, photographs, ax):
    x = photographs[0][7]
    display = FeatureMapDisplay.from_estimator(clf, x, "residual1/conv1", ax=ax)
    maps = clf.feature_maps(x[None], "residual1/conv1")[0]
    assert list(display.maps) == ["residual1/conv1"]
    assert (display.maps["residual1/conv1"] == maps).all() and maps.min() < 0
    axes = [one for one in display.axes_.ravel() if one is not None]
    assert [one.get_title() for one in axes] == list("012345")
    largest = np.abs(maps).max()
    for i, one in enumerate(axes):
        (image,) = one.images
        assert (image.get_array() == maps[..., i]).all()
        assert image.get_clim() == pytest.approx((-largest, largest))
    assert display.bounding_ax_.get_title() == "residual1/conv1, Conv2D 8×7×6"


def test_all_layers(clf, photographs, ax):
    x = photographs[0][3]
    display = FeatureMapDisplay.from_estimator(clf, x[None], n_max=4, ax=ax)
    layers = ["conv1", "residual1", "pool1", "dense1", "output"]  # flatten changes nothing
    assert list(display.maps) == layers and list(display.axes_) == ["input", *layers]
    for name in layers:
        assert (display.maps[name] == clf.feature_maps(x[None], name)[0]).all()
    (image,) = display.axes_["input"][0].images
    np.testing.assert_allclose(image.get_array(), x / 255, atol=1e-6)
    maps = display.maps["conv1"]
    order = np.argsort(-np.abs(maps).mean((0, 1)), kind="stable")[:4]
    assert [one.get_title() for one in display.axes_["conv1"]] == [str(c) for c in order]
    for channel, one in zip(order, display.axes_["conv1"], strict=True):
        assert (one.images[0].get_array() == maps[..., channel]).all()
        assert one.images[0].get_clim() == (0, maps.max())
    assert display.figure_ is display.bounding_ax_.figure
    texts = [text.get_text() for one in display.figure_.axes for text in one.texts]
    assert "Residual 8×7×6\n4 of 6 maps" in texts or ax is not None
    assert {"input", *layers} <= set(texts)


def test_the_predicted_class_is_marked(clf, photographs):
    x = photographs[0][3]
    display = FeatureMapDisplay.from_estimator(clf, x, ["pool1", "output"])
    (ax,) = display.axes_["output"]
    logits = clf.decision_function(x[None])[0]
    np.testing.assert_allclose([bar.get_height() for bar in ax.patches], logits, rtol=1e-6)
    assert [label.get_text() for label in ax.get_xticklabels()] == ["cat", "dog", "hen"]
    colors = [to_hex(bar.get_facecolor()) for bar in ax.patches]
    assert colors.index("#d55e00") == logits.argmax() and colors.count("#d55e00") == 1
    answer = clf.predict(x[None])[0]
    assert display.bounding_ax_.get_title().startswith(f"prediction: {answer}\n")


@pytest.mark.slow
def test_two_classes_are_one_bar(photographs):
    X, y = photographs
    net = ConvNetClassifier([Conv2D(2, 3), Dropout(0.5)], max_iter=2).fit(X, y == "cat")
    for x in X[:10]:
        display = FeatureMapDisplay.from_estimator(net, x)
        assert list(display.maps) == ["conv1", "output"]
        (ax,) = display.axes_["output"]
        (bar,) = ax.patches
        assert ax.get_xticklabels()[0].get_text() == "True (vs. False)"
        is_marked = to_hex(bar.get_facecolor()) == "#d55e00"
        assert is_marked == net.predict(x[None])[0] == (bar.get_height() > 0)
        plt.close(display.figure_)


def test_signals_and_flat_layers():
    X = np.random.default_rng(0).normal(size=(12, 20, 2))
    layers = [Conv1D(4, 5, activation="relu"), GlobalMaxPool1D(), Dense(30)]
    net = ConvNetRegressor(layers, max_iter=1).fit(X, np.arange(12))
    display = FeatureMapDisplay.from_estimator(net, X[0])
    (conv,), (dense,) = display.axes_["conv1"], display.axes_["dense1"]
    assert (conv.images[0].get_array() == display.maps["conv1"].T).all()
    assert (dense.images[0].get_array() == display.maps["dense1"][None]).all()
    assert len(display.axes_["globalpool1"][0].patches) == 4
    one = FeatureMapDisplay.from_estimator(net, X[0], "dense1")
    assert list(one.axes_) == ["input", "dense1"]


def test_arrays_alone():
    maps = np.random.default_rng(0).random((5, 5, 70))
    display = FeatureMapDisplay({"a": maps}).plot(n_max=9)
    assert display.bounding_ax_.get_title() == "a, 5×5×70: 9 of 70 maps"
    display = FeatureMapDisplay({"a": maps, "b": maps[..., :3]}).plot()
    assert {name: len(axes) for name, axes in display.axes_.items()} == {"a": 8, "b": 3}


def test_refusals(clf, photographs):
    x = photographs[0][0]
    with pytest.raises(NotFittedError):
        FeatureMapDisplay.from_estimator(ConvNetClassifier(), x)
    with pytest.raises(TypeError, match=r"got Pipeline. Pass the net inside it"):
        FeatureMapDisplay.from_estimator(make_pipeline(clf), x)
    with pytest.raises(
        ValueError, match="no layer is called 'conv9'; the layers are conv1, residual1"
    ):
        FeatureMapDisplay.from_estimator(clf, x, ["conv1", "conv9"])
    with pytest.raises(ValueError, match="one image of shape"):
        FeatureMapDisplay.from_estimator(clf, x[:3])
    assert not plt.get_fignums()
