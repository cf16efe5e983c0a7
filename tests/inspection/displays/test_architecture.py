"""ArchitectureDisplay."""

from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.pipeline import make_pipeline

from convnet import ConvNetClassifier
from convnet.inspection import ArchitectureDisplay
from convnet.layers import BatchNorm, Conv2D, Dense, Parallel, ReLU, Residual, SeparableConv2D


def sides(patch):
    """Return left, right, top and bottom of a box; y points down."""
    x0, y0, x1, y1 = patch.get_path().get_extents(patch.get_patch_transform()).extents
    return x0, x1, y0, y1


def inside(inner, outer):
    (a, b, c, d), (e, f, g, h) = sides(inner), sides(outer)
    return e < a < b < f and g < c < d < h


def test_every_layer_has_its_box(clf, ax):
    display = ArchitectureDisplay.from_estimator(clf, ax=ax)
    infos = {info.name: info for outer in clf.layers_ for info in outer.walk()}
    assert set(display.boxes_) == {"input", "residual1/merge", *infos}
    drawn = [text.get_text() for text in display.ax_.texts]
    for name, info in infos.items():
        own, what, shape, n = display.texts_[name]
        assert own == name.rpartition("/")[2] and what.startswith(info.type)
        assert shape == "×".join(map(str, info.output_shape))
        assert n == f"{info.n_parameters:,}"
        assert {own, what, shape, n} <= set(drawn)
    assert display.texts_["input"] == ["input", "", "10×9×3", ""]
    assert f"{clf.n_parameters_:,} parameters" in drawn
    assert display.ax_ is (ax or display.figure_.axes[0])


def test_order_and_frames(clf):
    display = ArchitectureDisplay.from_estimator(clf)
    boxes = display.boxes_
    outer = ["input", "conv1", "residual1", "pool1", "flatten", "dense1", "output"]
    inner = [f"residual1/{name}" for name in ("conv1", "batchnorm1", "merge")]
    for names in (outer, inner):
        for above, below in pairwise(names):
            assert sides(boxes[above])[3] < sides(boxes[below])[2]
    assert all(inside(boxes[name], boxes["residual1"]) for name in inner)
    line = display.shortcuts_["residual1"]
    x, y = line.get_xdata()[-1], line.get_ydata()
    assert sides(boxes["residual1/merge"])[1] < x < sides(boxes["residual1"])[1]
    _, _, top, bottom = sides(boxes["residual1/merge"])
    assert y[0] < sides(boxes["residual1/conv1"])[2] and top < y[-1] < bottom
    assert display.texts_["residual1/merge"][1] == "then relu"


def test_a_shortcut_with_a_layer():
    net = ConvNetClassifier(
        [
            Residual([Conv2D(6, 3, stride=2, padding="same"), BatchNorm(), ReLU()]),
            SeparableConv2D(4, 3),
        ],
        input_shape=(16, 16, 3),
    )
    display = ArchitectureDisplay.from_estimator(net)
    beside = [text.get_text() for text in display.ax_.texts if text.get_rotation()]
    assert beside == ["Conv2D(6, 1, stride=2): 24"]
    assert "residual1/shortcut" not in display.boxes_
    # Layers inside others need not be a residual block.
    assert list(display.shortcuts_) == ["residual1"] and "separable1/merge" not in display.boxes_
    assert inside(display.boxes_["separable1/pointwise"], display.boxes_["separable1"])
    display.plot(nested=False)
    assert list(display.boxes_) == ["input", "residual1", "separable1"]
    assert not display.shortcuts_


def test_a_shortcut_with_several_layers():
    body, shortcut = [Conv2D(6, 3, padding="same")], [Conv2D(6, 1, use_bias=False), BatchNorm()]
    net = ConvNetClassifier(
        [Residual([*body, ReLU(), *body], shortcut=shortcut)], input_shape=(16, 16, 3)
    )
    display = ArchitectureDisplay.from_estimator(net)
    beside = [text.get_text() for text in display.ax_.texts if text.get_rotation()]
    assert beside == ["Conv2D(6, 1, use_bias=False), B…"]
    assert "residual1/shortcut/conv1" not in display.boxes_


def test_branches():
    """Frames one below the other, then the merge; a line leads into each branch, and one from it to the merge."""
    net = ConvNetClassifier(
        [
            Parallel([[Conv2D(6, 1)], [], [Conv2D(6, 1), ReLU()]], activation="relu", name="mixed"),
            Parallel([[], [Residual([ReLU()])]], "multiply", name="gate"),
        ],
        input_shape=(16, 16, 3),
    )
    display = ArchitectureDisplay.from_estimator(net)
    boxes = display.boxes_
    names = ["mixed/0", "mixed/1", "mixed/2", "mixed/merge"]
    for above, below in pairwise(names):
        assert sides(boxes[above])[3] < sides(boxes[below])[2]
    assert all(inside(boxes[name], boxes["mixed"]) for name in names)
    assert inside(boxes["mixed/0/conv1"], boxes["mixed/0"])
    assert inside(boxes["gate/1/residual1/merge"], boxes["gate/1/residual1"])
    texts = [display.texts_[name][:2] for name in names]
    assert texts == [
        ["branch 0", ""],
        ["branch 1", "identity"],
        ["branch 2", ""],
        ["concat", "then relu"],
    ]
    assert display.texts_["gate/merge"][0] == "×"
    assert display.texts_["mixed"][1] == "Parallel, concat, relu"
    into = [line for line in display.rails_["mixed"] if line.get_xdata()[0] < 1]
    assert len(into) == 3 and len(display.rails_["mixed"]) == 6
    for line, name in zip(into, names, strict=False):
        left, _, top, bottom = sides(boxes[name])
        assert line.get_xdata()[-1] < left and top < line.get_ydata()[-1] < bottom
    display.plot(nested=False)
    assert list(display.boxes_) == ["input", "mixed", "gate"] and not display.rails_


def test_before_fit(photographs):
    X, y = photographs
    net = ConvNetClassifier([Conv2D(4, 3, name="stem"), Dense(5)])
    display = ArchitectureDisplay.from_estimator(net, X, y)
    assert display.texts_["stem"] == ["stem", "Conv2D(4, 3)", "8×7×4", "112"]
    assert display.texts_["output"][2:] == ["3", "18"] and display.has_output
    display = ArchitectureDisplay.from_estimator(net.set_params(input_shape=(10, 9, 3)))
    assert "output" not in display.boxes_
    end = "1,237 parameters without the output layer, whose size depends on y"
    assert end in [text.get_text() for text in display.ax_.texts]
    with pytest.raises(ValueError, match="needs X or input_shape"):
        ArchitectureDisplay.from_estimator(ConvNetClassifier())
    with pytest.raises(TypeError, match="got Pipeline"):
        ArchitectureDisplay.from_estimator(make_pipeline(net))


def test_text_stays_in_its_box():
    layers = [
        Residual(
            [
                Conv2D(4, (3, 5), dilation=(2, 1), padding="same", kernel_initializer="orthogonal"),
                BatchNorm(name="a_name_that_is_much_longer_than_its_box"),
            ]
        )
    ]
    net = ConvNetClassifier(layers, input_shape=(200, 200, 4))
    display = ArchitectureDisplay.from_estimator(net)
    renderer = display.figure_.canvas.get_renderer()
    for name, cells in display.texts_.items():
        y = np.mean(sides(display.boxes_[name])[2:])
        row = [t for t in display.ax_.texts if t.get_text() in cells and t.get_text()]
        row = [t for t in row if name == "residual1" or abs(t.get_position()[1] - y) < 0.01]
        row = sorted(row, key=lambda t: t.get_position()[0]) if name != "residual1" else []
        for left, right in pairwise(row):
            assert left.get_window_extent(renderer).x1 < right.get_window_extent(renderer).x0
    assert display.texts_["residual1/conv1"][1].endswith("…")
    plt.close(display.figure_)
