"""ConfusionDisplay."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.metrics import confusion_matrix

from convnet import ConvNetClassifier, ConvNetRegressor
from convnet.inspection import ConfusionDisplay
from convnet.inspection.displays import confusion
from convnet.inspection.displays.colors import overlay
from convnet.layers import Dense, GlobalMaxPool2D


@pytest.mark.parametrize("at_once", [256, 3])
def test_cells(clf, photographs, ax, monkeypatch, at_once):
    monkeypatch.setattr(confusion, "BATCH_SIZE", at_once)
    X, y = photographs
    display = ConfusionDisplay.from_estimator(
        clf, X, list(y), ax=ax, method="occlusion", cells="mean"
    )
    predicted = clf.predict(X)
    counts = confusion_matrix(y, predicted, labels=clf.classes_)
    np.testing.assert_array_equal(display.counts, counts)
    expected = clf.explain_confusion(X, y, "occlusion")
    np.testing.assert_array_equal(display.maps, expected.maps)
    assert list(display.drawn_) == [0, 1, 2] and list(display.classes) == list(clf.classes_)
    for i, true in enumerate(clf.classes_):
        assert display.axes_[i, 0].get_ylabel() == true
        assert display.axes_[0, i].get_title() == true
        for j, said in enumerate(clf.classes_):
            rows = (y == true) & (predicted == said)
            axes = display.axes_[i, j]
            if not rows.any():
                assert not axes.images and np.isnan(display.images[i, j]).all()
                continue
            mean = X[rows].mean(axis=0) / 255
            np.testing.assert_allclose(display.images[i, j], mean, rtol=1e-5)
            drawn = overlay(mean, expected.maps[i, j], signed=True)
            np.testing.assert_allclose(axes.images[0].get_array(), drawn, atol=1e-5)
            assert [text.get_text() for text in axes.texts] == [str(rows.sum())]
    assert (counts != counts.T).any()  # or true and predicted could be exchanged


@pytest.mark.parametrize("method", ["occlusion", "saliency"])
def test_examples(clf, photographs, ax, method):
    """Each cell of color images shows its most confident prediction, with its own explanation."""
    X, y = photographs
    display = ConfusionDisplay.from_estimator(clf, X, y, ax=ax, method=method)
    predicted, sure = clf.predict(X), clf.predict_proba(X).max(axis=1)
    maps = clf.explain(X, method)
    for i, true in enumerate(clf.classes_):
        for j, said in enumerate(clf.classes_):
            rows = np.flatnonzero((y == true) & (predicted == said))
            axes = display.axes_[i, j]
            if not len(rows):
                assert display.rows[i, j] == -1 and not axes.images
                continue
            row = display.rows[i, j]
            assert row in rows and sure[row] == sure[rows].max()
            np.testing.assert_allclose(display.images[i, j], X[row] / 255, rtol=1e-6)
            np.testing.assert_array_equal(display.maps[i, j], maps[row])
            drawn = overlay(X[row] / 255, maps[row], signed=method == "occlusion")
            np.testing.assert_allclose(axes.images[0].get_array(), drawn, atol=1e-6)
            assert [text.get_text() for text in axes.texts] == [str(len(rows))]
    heading = [" ".join(axes.get_title().split()) for axes in display.figure_.axes]
    assert (
        "rows: true class, columns: predicted class; in each cell the most confident prediction"
        in heading
    )


@pytest.mark.parametrize(
    ("shape", "examples"),
    [
        ((8, 8), False),
        ((32, 32), False),
        ((33, 20), True),
        ((6, 6, 2), False),
        ((6, 6, 3), True),
        ((6, 6, 4), True),
    ],
)
def test_small_gray_images_are_averaged(shape, examples):
    X = np.random.default_rng(0).random((12, *shape), dtype=np.float32)
    y = np.arange(12) % 2
    net = ConvNetClassifier([GlobalMaxPool2D()], max_iter=1).fit(X, y)
    display = ConfusionDisplay.from_estimator(net, X, y, method="saliency")
    assert (display.rows is not None) == examples
    for cells in ("mean", "example"):
        display = ConfusionDisplay.from_estimator(net, X, y, method="saliency", cells=cells)
        assert (display.rows is not None) == (cells == "example")


def test_the_most_confused_classes():
    counts = np.full((4, 4), 0)
    counts[0, 2], counts[3, 0], counts[1, 1] = 5, 7, 100
    display = ConfusionDisplay(
        np.zeros((4, 4, 5, 6, 3)), np.zeros((4, 4, 5, 6)), counts, ["a", "b", "c", "d"]
    ).plot(n=2)
    assert list(display.drawn_) == [0, 3]
    assert [axes.get_title() for axes in display.axes_[0]] == ["a", "d"]
    assert "rows: true class, columns: predicted class (2 of 4 classes)" in [
        axes.get_title() for axes in display.figure_.axes
    ]
    with pytest.raises(ValueError, match=r"n must be an integer, 2 or more; got 1"):
        display.plot(n=1)


def test_refusals(clf, photographs):
    X, y = photographs
    with pytest.raises(NotFittedError):
        ConfusionDisplay.from_estimator(ConvNetClassifier(), X, y)
    net = ConvNetRegressor([Dense(2)], max_iter=1).fit(X, y == "cat")
    with pytest.raises(
        TypeError, match=r"takes a ConvNetClassifier; ConvNetRegressor has no classes"
    ):
        ConfusionDisplay.from_estimator(net, X, y)
    with pytest.raises(ValueError, match=r"cells must be one of 'auto', 'mean', 'example'"):
        ConfusionDisplay.from_estimator(clf, X, y, cells="all")
    with pytest.raises(
        ValueError, match=r"'mouse' is unknown; expected one of 'cat', 'dog', 'hen'"
    ):
        ConfusionDisplay.from_estimator(clf, X, ["mouse"] * 60)
    assert not plt.get_fignums()


def test_maps_of_a_signed_method_without_negative_values_have_signed_colors():
    """As in ExplanationDisplay."""
    images, maps = np.zeros((2, 2, 4, 4, 3)), np.ones((2, 2, 4, 4))
    parts = [images, maps, np.ones((2, 2), int), np.array(["a", "b"])]
    for method, labels in (
        (None, "no effect"),
        ("gradcam", "no effect"),
        ("occlusion", "evidence\nagainst"),
    ):
        display = ConfusionDisplay(*parts, method=method).plot()
        bar = display.figure_.axes[-1]
        assert bar.get_yticklabels()[0].get_text() == labels
