"""Summary of a net: the table of its layers."""

import pickle

import numpy as np
import pytest

from convnet import ConvNetClassifier
from convnet.layers import Conv2D, Dense, Dropout, MaxPool2D, ReLU

WALK = [
    Conv2D(2, 5, activation="relu"),
    MaxPool2D(2),
    Conv2D(4, 3, activation="sigmoid"),
    MaxPool2D(2),
]


def by_name(summary):
    return {layer.name: layer for layer in summary.layers}


def test_walkthrough_net():
    X, y = np.zeros((10, 28, 28)), np.arange(10)
    summary = ConvNetClassifier(WALK).summary(X, y)
    layers = by_name(summary)
    assert list(layers) == ["conv1", "pool1", "conv2", "pool2", "flatten", "output"]
    assert [layer.output_shape for layer in layers.values()] == [
        *((24, 24, 2), (12, 12, 2), (10, 10, 4), (5, 5, 4), (100,), (10,)),
    ]
    assert [layers[name].n_parameters for name in ("conv1", "conv2", "output")] == [52, 76, 1010]
    assert [layers[name].multiply_adds for name in ("conv1", "conv2", "output")] == [
        28_800,
        7_200,
        1_000,
    ]
    assert summary.n_parameters == 1138 and summary.multiply_adds == 37_000
    text = str(summary)
    assert "28×28×1" in text and "1,138" in text and "37,000" in text and "28,800" in text


def test_cats_and_dogs_net():
    clf = ConvNetClassifier(
        [Conv2D(16, 3, activation="relu"), MaxPool2D(2)], input_shape=(150, 150, 3)
    )
    layers = by_name(clf.summary(y=["cat", "dog"]))
    assert layers["conv1"].output_shape == (148, 148, 16) and layers["pool1"].output_shape == (
        74,
        74,
        16,
    )
    assert layers["flatten"].output_shape == (87_616,)
    assert layers["conv1"].n_parameters == 448 and layers["output"].n_parameters == 87_617


def test_why_not_dense():
    summary = ConvNetClassifier([Dense(1000, use_bias=False)], input_shape=(100, 100, 3)).summary()
    assert by_name(summary)["dense1"].n_parameters == 30_000_000
    assert "30,000,000" in str(summary) and "The output layer is not counted" in str(summary)


def test_after_fit():
    X, y = np.zeros((12, 28, 28, 1)), np.arange(12) % 3
    clf = ConvNetClassifier([*WALK, Dropout(0.5)], max_iter=1)
    before = str(clf.summary(X, y))
    assert not hasattr(clf, "weights_")
    assert str(clf.fit(X, y).summary()) == before
    assert clf.summary().n_parameters == clf.n_parameters_ == 52 + 76 + 303
    assert "The output layer is not counted" not in before


def algorithms(summary):
    return [layer.algorithm for layer in summary.layers]


def column(summary, name):
    """Return the texts of a column of the printed table, without its head and its total."""
    head, _, *rows = str(summary).splitlines()
    start = head.index(name)
    return [row[start : start + len(name) + 2].strip() for row in rows[: len(summary.layers) + 1]]


def test_the_algorithm_of_each_convolution_is_shown(monkeypatch):
    """The table shows the algorithm that runs, before and after a fit, even if the environment has changed."""
    net = [
        *(Conv2D(4, 3, padding="same"), ReLU(), Conv2D(16, 5, padding="same")),
        *(Conv2D(32, 3, padding="same", activation="relu"), Conv2D(32, 3, groups=32), ReLU()),
    ]
    X, y = np.zeros((12, 16, 16, 1)), np.arange(12) % 3
    monkeypatch.delenv("CONVNET_WINOGRAD", raising=False)
    clf = ConvNetClassifier(net, max_iter=1)
    before = clf.summary(X, y)
    expected = ["planar", "", "direct", "winograd", "depthwise", "", "", ""]
    assert algorithms(before) == expected and column(before, "algorithm") == ["", *expected]
    monkeypatch.setenv("CONVNET_WINOGRAD", "0")
    clf.fit(X, y)
    monkeypatch.delenv("CONVNET_WINOGRAD")
    assert clf._network_cache.network(clf.weights_).plan.winograd is False
    expected[3] = "direct"
    assert algorithms(clf.summary()) == expected
    expected[3] = "winograd"
    loaded = pickle.loads(pickle.dumps(clf))  # its network is built here and now
    assert algorithms(loaded.summary()) == expected
    assert loaded._network_cache.network(loaded.weights_).plan.winograd is True


def test_flat_rows():
    assert ConvNetClassifier().summary(np.zeros((3, 7))).input_shape == (7,)
    with pytest.raises(ValueError, match=r"layers\[0\] is Conv2D. Pass the shape of one sample"):
        ConvNetClassifier(WALK).summary(np.zeros((3, 784)))
    with pytest.raises(ValueError, match="summary before fit needs X or input_shape"):
        ConvNetClassifier(WALK).summary()
