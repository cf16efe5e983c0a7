"""ExplanationDisplay."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from convnet import ConvNetClassifier, ConvNetRegressor
from convnet.inspection import ExplanationDisplay
from convnet.inspection.displays.colors import overlay
from convnet.layers import Conv2D, Dense

METHODS = ["gradcam", "saliency", "integrated_gradients", "occlusion"]


def test_maps_are_those_of_explain(clf, photographs, ax):
    X, y = photographs
    display = ExplanationDisplay.from_estimator(clf, X[:3], y[:3], method=METHODS, ax=ax)
    assert list(display.maps) == METHODS and display.axes_.shape == (3, 5)
    np.testing.assert_allclose(display.images, X[:3] / 255, rtol=1e-6)
    predicted, p = clf.predict(X[:3]), clf.predict_proba(X[:3]).max(axis=1)
    for j, method in enumerate(METHODS, 1):
        maps = clf.explain(X[:3], method)
        np.testing.assert_array_equal(display.maps[method], maps)
        for i in range(3):
            drawn = display.axes_[i, j].images[0].get_array()
            signed = method in ("integrated_gradients", "occlusion")
            expected = overlay(X[i] / 255, maps[i], signed=signed)
            np.testing.assert_allclose(drawn, expected, rtol=1e-5, atol=1e-7)
    for i in range(3):
        drawn = display.axes_[i, 0].images[0].get_array()
        np.testing.assert_allclose(drawn, X[i] / 255, rtol=1e-6)
        said = y[i] if y[i] == predicted[i] else f"{y[i]} → {predicted[i]}"
        assert display.titles[i] == f"{said}\n{p[i]:.0%} sure"
        assert display.axes_[i, 0].get_title() == display.titles[i]
    assert any("→" in title for title in display.titles)  # or this does not test much
    heads = [axes.get_title() for axes in display.axes_[0, 1:]]
    heads = [" ".join(head.split()) for head in heads]  # in one line or two
    assert heads == ["Grad-CAM", "saliency", "integrated gradients", "occlusion"]


def color_bars(display):
    """Return the labels of each color bar."""
    labels = [[text.get_text() for text in ax.get_yticklabels()] for ax in display.figure_.axes]
    return [names for names in labels if "no effect" in names]


UNSIGNED = ["no effect", "strongest\neffect"]
SIGNED = ["evidence\nagainst", "no effect", "evidence\nfor"]


@pytest.mark.parametrize(
    ("methods", "bars"),
    [
        (["gradcam", "saliency"], [UNSIGNED]),
        (["occlusion"], [SIGNED]),
        (METHODS, [UNSIGNED, SIGNED]),
    ],
)
def test_color_bars(clf, photographs, methods, bars):
    display = ExplanationDisplay.from_estimator(clf, photographs[0][:2], method=methods)
    assert color_bars(display) == bars


def test_maps_of_other_methods_are_signed_if_they_have_negative_values():
    images = np.zeros((1, 5, 6, 3))
    maps = {"own": np.ones((1, 5, 6)), "occlusion": np.ones((1, 5, 6))}
    display = ExplanationDisplay(images, maps).plot()
    assert color_bars(display) == [UNSIGNED, SIGNED]
    colors = [display.axes_[0, j].images[0].get_array()[0, 0] for j in (1, 2)]
    assert (colors[0] != colors[1]).any()
    display = ExplanationDisplay(images, {"own": -np.ones((1, 5, 6))}).plot()
    assert color_bars(display) == [SIGNED]


def test_images_with_several_maps_are_below_each_other(clf, photographs):
    """Four images with four maps each: more columns would be wide and small."""
    display = ExplanationDisplay.from_estimator(clf, photographs[0][:4], method=METHODS)
    left = {round(row[0].get_position().x0, 6) for row in display.axes_}
    assert len(left) == 1
    assert display.axes_[0, 0].get_window_extent().width / display.figure_.dpi > 1.2


def test_target_and_options(clf, photographs):
    X, _ = photographs
    display = ExplanationDisplay.from_estimator(
        clf, X[:4], method="occlusion", target="hen", patch=5, n=2
    )
    expected = clf.explain(X[:2], "occlusion", "hen", patch=5)
    np.testing.assert_array_equal(display.maps["occlusion"], expected)
    heads = [axes.get_title() for axes in display.figure_.axes]
    assert "evidence for hen: 2 of 4 images" in heads
    targets = np.array(["hen", "cat", "dog", "dog"])
    display = ExplanationDisplay.from_estimator(clf, X[:4], target=targets, n=2)
    np.testing.assert_array_equal(display.maps["gradcam"], clf.explain(X[:2], target=targets[:2]))
    titles = [axes.get_title() for axes in display.figure_.axes]
    assert "2 of 4 images" in titles
    assert display.titles == [
        f"{label}\n{p:.0%} sure"
        for label, p in zip(clf.predict(X[:2]), clf.predict_proba(X[:2]).max(axis=1), strict=True)
    ]


def test_options_go_to_the_methods_that_take_them(clf, photographs):
    X, _ = photographs
    options = dict(value=7, patch=4, layer="conv1")
    display = ExplanationDisplay.from_estimator(clf, X[:2], method=METHODS, **options)
    np.testing.assert_array_equal(
        display.maps["occlusion"], clf.explain(X[:2], "occlusion", value=7, patch=4)
    )
    np.testing.assert_array_equal(display.maps["gradcam"], clf.explain(X[:2], layer="conv1"))
    np.testing.assert_array_equal(display.maps["saliency"], clf.explain(X[:2], "saliency"))
    with pytest.raises(ValueError, match="patch is a parameter of occlusion"):
        ExplanationDisplay.from_estimator(clf, X[:2], method=METHODS[:3], patch=4)
    with pytest.raises(TypeError, match="size"):
        ExplanationDisplay.from_estimator(clf, X[:2], method=METHODS, size=4)


def test_numbers_and_several_labels(photographs):
    X, y = photographs
    net = ConvNetRegressor([Conv2D(2, 3)], max_iter=1, random_state=0).fit(X, y == "cat")
    display = ExplanationDisplay.from_estimator(net, X[:2], [1.0, 0.0])
    assert display.titles == [
        f"{t} → {p:.4g}" for t, p in zip([1, 0], net.predict(X[:2]), strict=True)
    ]
    several = ConvNetClassifier([Conv2D(2, 3)], max_iter=1).fit(
        X, np.arange(180).reshape(60, 3) % 2
    )
    display = ExplanationDisplay.from_estimator(several, X[:2])
    assert display.titles is None
    np.testing.assert_array_equal(display.maps["gradcam"], several.explain(X[:2]))


def test_refusals(clf, photographs):
    X, y = photographs
    with pytest.raises(NotFittedError):
        ExplanationDisplay.from_estimator(ConvNetClassifier(), X)
    with pytest.raises(ValueError, match=r"X has 60 rows, but y has 59"):
        ExplanationDisplay.from_estimator(clf, X, y[:59])
    with pytest.raises(ValueError, match=r"n must be an integer, 1 or more; got 0"):
        ExplanationDisplay.from_estimator(clf, X, n=0)
    with pytest.raises(ValueError, match=r"method must be one of 'gradcam', .*; got 'lime'"):
        ExplanationDisplay.from_estimator(clf, X[:2], method="lime")
    flat = ConvNetClassifier([Dense(2)], max_iter=1).fit(X.reshape(60, -1), y)
    with pytest.raises(ValueError, match=r"shows images, but this net takes rows"):
        ExplanationDisplay.from_estimator(flat, X.reshape(60, -1))
    assert not plt.get_fignums()
