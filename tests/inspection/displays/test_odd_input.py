"""Displays of labels with math markup, of data frames, and of images that are not in memory."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from row_sources import Folder

from convnet import ConvNetClassifier
from convnet.augment import RandomFlip
from convnet.inspection import (
    ArchitectureDisplay,
    AugmentDisplay,
    ConfusionDisplay,
    ExplanationDisplay,
    FeatureMapDisplay,
    FilterDisplay,
    HistoryDisplay,
    MaximalPatchesDisplay,
    MistakesDisplay,
)
from convnet.layers import Conv2D

LABELS = [r"$\frac{1$", "$5 < $9", "a_b"]
DATA = {
    AugmentDisplay: lambda X, y: (X,),
    ConfusionDisplay: lambda X, y: (X, y),
    ExplanationDisplay: lambda X, y: (X[:4], y[:4]),
    FeatureMapDisplay: lambda X, y: (X[0],),
    MaximalPatchesDisplay: lambda X, y: (X, "conv1"),
    MistakesDisplay: lambda X, y: (X, y),
}


@pytest.fixture(scope="module")
def net():
    rng = np.random.default_rng(0)
    X, y = rng.integers(0, 256, (30, 6, 5, 3), dtype=np.uint8), np.resize(LABELS, 30)
    clf = ConvNetClassifier([Conv2D(2, 3)], augment=[RandomFlip()], max_iter=1, random_state=0)
    return clf.fit(X, y), X, y


@pytest.mark.parametrize("display", DATA)
def test_labels_are_not_parsed_as_math(display, net):
    clf, X, y = net
    display.from_estimator(clf, *DATA[display](X, y)).figure_.canvas.draw()  # which would raise


@pytest.mark.parametrize("target", LABELS)
def test_a_target_is_not_parsed_as_math(target, net):
    clf, X, _ = net
    shown = ExplanationDisplay.from_estimator(clf, X[:1], target=target)
    shown.figure_.canvas.draw()
    heading = shown.figure_.axes[0].title
    assert heading.get_text() == f"evidence for {target}" and not heading.get_parse_math()


@pytest.mark.parametrize("display", [ConfusionDisplay, ExplanationDisplay, MistakesDisplay])
def test_folders_are_not_read_completely(display, net):
    clf, X, y = net
    shown, expected = (display.from_estimator(clf, images, y) for images in (Folder(X, y), X))
    assert (np.nan_to_num(shown.images) == np.nan_to_num(expected.images)).all()


@pytest.mark.parametrize("display", [ConfusionDisplay, ExplanationDisplay, MistakesDisplay])
def test_data_frames(display, net):
    _, X, y = net
    frame = pd.DataFrame(X.reshape(30, -1)).add_prefix("pixel").set_index(np.arange(30, 60))
    labels = pd.Series(y, index=frame.index)
    clf = ConvNetClassifier(input_shape=(6, 5, 3), max_iter=1, random_state=0).fit(frame, labels)
    shown = display.from_estimator(clf, frame, labels)
    expected = display.from_estimator(clf.fit(X, y), X, y)
    assert (np.nan_to_num(shown.images) == np.nan_to_num(expected.images)).all()


def test_targets_of_the_images_that_are_drawn(net):
    clf, X, y = net
    for targets in (y, list(y), pd.Series(y, index=range(9, 39))):
        shown = ExplanationDisplay.from_estimator(clf, X, method="saliency", target=targets, n=3)
        assert (shown.maps["saliency"] == clf.explain(X[:3], "saliency", target=y[:3])).all()
        plt.close(shown.figure_)


@pytest.mark.parametrize("n_max", [0, -1, 2.5, True])
def test_numbers_of_maps(net, n_max):
    clf, X, _ = net
    message = "n_max must be an integer, 1 or more; got "
    for layer in (None, "conv1"):
        with pytest.raises((TypeError, ValueError), match=message):
            FeatureMapDisplay.from_estimator(clf, X[0], layer, n_max=n_max)
    with pytest.raises((TypeError, ValueError), match=message):
        FilterDisplay.from_estimator(clf, n_max=n_max)


@pytest.mark.parametrize(("none", "shown"), [([], r"\[\]"), (0, "0"), (1.5, "1.5")])
def test_missing_names(net, none, shown):
    clf, X, _ = net
    with pytest.raises(ValueError, match=f"layer must be a name or a list of names; got {shown}"):
        FeatureMapDisplay.from_estimator(clf, X[0], none)
    with pytest.raises(ValueError, match=f"method must be a name or a list of names; got {shown}"):
        ExplanationDisplay.from_estimator(clf, X[:1], method=none)


@pytest.mark.parametrize("display", [*DATA, FilterDisplay, ArchitectureDisplay, HistoryDisplay])
@pytest.mark.parametrize("ax", ["figure", "text"])
def test_ax_of_the_wrong_type(display, ax, net):
    clf, X, y = net
    data = DATA[display](X, y) if display in DATA else ()
    given = plt.figure() if ax == "figure" else 3
    with pytest.raises(TypeError, match=r"ax must be a matplotlib Axes; got (Figure|int)\. Pass"):
        display.from_estimator(clf, *data, ax=given)


def test_an_array_of_the_wrong_type(net):
    with pytest.raises(TypeError, match=r"HistoryDisplay.plot: ax must be a matplotlib Axes; got"):
        HistoryDisplay.from_estimator(net[0], ax=[plt.figure()])


@pytest.mark.parametrize("display", [*DATA, FilterDisplay])
def test_axes_that_are_too_small(display, net):
    clf, X, y = net
    data = DATA[display](X, y) if display in DATA else ()
    message = r"ax, 0\.[12]×0\.[12] inches, is too small"
    with pytest.raises(ValueError, match=message):
        display.from_estimator(
            clf, *data, ax=plt.figure(figsize=(1, 1)).add_axes([0, 0, 0.15, 0.15])
        )


def test_no_places_for_maps_that_do_not_exist(net):
    clf, X, _ = net
    few, many = (FeatureMapDisplay.from_estimator(clf, X[0], n_max=n) for n in (8, 100))
    assert (few.figure_.get_size_inches() == many.figure_.get_size_inches()).all()
