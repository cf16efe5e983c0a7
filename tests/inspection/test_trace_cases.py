"""Every number of a trace in tutorial examples with exact results: the edge image and the walkthrough net."""

import numpy as np
import pytest

from convnet.graph import Network
from convnet.inspection.trace import Trace
from convnet.layers import AvgPool2D, Conv2D, MaxPool2D

EDGE = np.repeat([[10.0] * 3 + [0.0] * 3], 6, axis=0)
VERTICAL = np.repeat([[1.0, 0.0, -1.0]], 3, axis=0)


# The edge image ---------------------------------------------------------------------------------------
def edge(*more, x=EDGE, kernel=VERTICAL, **options):
    net = Network([Conv2D(1, 3, **options), *more], (6, 6, 1))
    kernel = np.asarray(kernel, dtype=np.float32)[:, :, None, None]
    net.set_weights({"conv1/weights": kernel, "conv1/bias": np.zeros(1, np.float32)})
    return Trace(net, np.asarray(x, dtype=np.float32)[None, :, :, None])


def assert_map(trace, layer, want):
    """Check each pixel by its step; all numbers are small integers, so nothing is rounded."""
    want = np.asarray(want, dtype=np.float64)
    assert trace.feature_map(layer).shape == (*want.shape, 1)
    got = [[trace.at(layer, i, j, 0) for j in range(want.shape[1])] for i in range(len(want))]
    assert [[step.value for step in row] for row in got] == want.tolist()
    assert [[step.computed for step in row] for row in got] == want.tolist()


def rows(top, middle):
    return [top, *[middle] * 4, top]


SAME = rows([-20, 0, 20, 20, 0, 0], [-30, 0, 30, 30, 0, 0])
RELU = rows([0, 0, 20, 20, 0, 0], [0, 0, 30, 30, 0, 0])
MOVED = np.repeat([[10.0] * 2 + [0.0] * 4], 6, axis=0)
EDGE_CASES = {
    "valid": ({}, EDGE, [[0, 30, 30, 0]] * 4),
    "padding 1": ({"padding": 1}, EDGE, SAME),
    "same": ({"padding": "same"}, EDGE, SAME),
    "relu": ({"padding": 1, "activation": "relu"}, EDGE, RELU),
    "stride 2": ({"stride": 2}, EDGE, [[0, 30], [0, 30]]),
    "stride 3": ({"stride": 3}, EDGE, np.zeros((2, 2))),
    "padding 1, stride 2": (
        {"padding": 1, "stride": 2}, EDGE, [[-20, 20, 0], [-30, 30, 0], [-30, 30, 0]],
    ),
    "mirrored": ({"activation": "relu"}, EDGE[:, ::-1], np.zeros((4, 4))),
    "moved": ({}, MOVED, [[30, 30, 0, 0]] * 4),
    "transposed kernel": ({"kernel": VERTICAL.T}, EDGE, np.zeros((4, 4))),
    "both transposed": (
        {"kernel": VERTICAL.T}, EDGE.T, [[0] * 4, [30] * 4, [30] * 4, [0] * 4],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", EDGE_CASES)
def test_edge_image(case):
    options, x, want = EDGE_CASES[case]
    assert_map(edge(x=x, **options), "conv1", want)


def test_edge_image_calculation():
    """The kernel is not flipped; patch and products are those calculated by hand."""
    step = edge().at("conv1", 1, 2, 0)
    assert step.patch[:, :, 0].tolist() == [[10, 0, 0]] * 3
    assert step.kernel[:, :, 0].tolist() == VERTICAL.tolist()
    assert step.products[:, :, 0].tolist() == [[10, 0, 0]] * 3
    assert (step.sum, step.bias, step.preactivation, step.value) == (30, 0, 30, 30)
    assert step.source.index == (1, 2, 0)


def test_edge_image_padding():
    step = edge(padding=1, activation="relu").at("conv1", 0, 0, 0)
    assert step.inside.tolist() == [[False] * 3, [False, True, True], [False, True, True]]
    assert step.patch[:, :, 0].tolist() == [[0, 0, 0], [0, 10, 10], [0, 10, 10]]
    assert step.products[:, :, 0].tolist() == [[0, 0, 0], [0, 0, -10], [0, 0, -10]]
    assert (step.sum, step.preactivation, step.value) == (-20, -20, 0)
    assert step.source.index == (0, 1, 0)  # the first product of -10


def test_edge_image_pooled():
    trace = edge(MaxPool2D(2), padding=1, activation="relu")
    assert_map(trace, "pool1", [[0, 30, 0]] * 3)
    step = trace.at("pool1", 0, 1, 0)
    assert step.window.tolist() == [[20, 20], [30, 30]]
    assert step.winner == (1, 0) and step.source.index == (1, 2, 0)
    assert_map(edge(MaxPool2D(2)), "pool1", [[30, 30], [30, 30]])
    assert_map(edge(AvgPool2D(2)), "pool1", [[15, 15], [15, 15]])


def test_one_window():
    x = np.array([[0, 30], [0, 30]], dtype=np.float32)[None, :, :, None]
    most = Trace(Network([MaxPool2D(2)], (2, 2, 1)), x).at("pool1", 0, 0, 0)
    assert most.value == most.computed == 30 and most.winner == (0, 1)
    mean = Trace(Network([AvgPool2D(2)], (2, 2, 1)), x).at("pool1", 0, 0, 0)
    assert mean.value == mean.computed == 15 and mean.source.index == (0, 1, 0)


PRINTED = """\
conv1[1, 2, 0] = 30     Conv2D(1, 3, padding=1, activation='relu'), 6×6×1 → 6×6×1
    patch of input, channel 0   × kernel      = products
    [10]  10    0               [1]  0  -1    [10]   0    0
     10   10    0                1   0  -1     10    0    0
     10   10    0                1   0  -1     10    0    0

    sum of the 9 products  30
    + bias                  0
    = pre-activation z     30
    relu(z) = max(z, 0)    30

pool1[0, 1, 0] = 30     MaxPool2D(), 6×6×1 → 3×3×1
    window of conv1, channel 0
     20   20
    [30]  30
    largest: conv1[1, 2, 0]  30"""


def test_edge_image_printed():
    """The text shows the first of the strongest products and the largest value of the pooled map."""
    trace = edge(MaxPool2D(2), padding=1, activation="relu")
    assert str(trace).startswith("input: 6×6×1\n") and str(trace).endswith(f"\n\n{PRINTED}")


# The walk-through net ---------------------------------------------------------------------------------
WALKTHROUGH = [
    Conv2D(2, 5, activation="relu"),
    MaxPool2D(2),
    Conv2D(4, 3, activation="sigmoid"),
    MaxPool2D(2),
]


def constant(net, weight=0.01):
    """Set all weights to one number, biases to 0."""
    net.set_weights(
        {
            k: np.full_like(w, weight if k.endswith("weights") else 0)
            for k, w in net.get_weights().items()
        }
    )


def test_walkthrough():
    """relu(25 · .01) → sigmoid(18 · .01 · .25) → 100 · .01 · .511248; float32 weights are .01 to 2.3e-8 of it."""
    net = Network(WALKTHROUGH, (28, 28, 1), 10)
    constant(net)
    trace = Trace(net, np.ones((1, 28, 28, 1), np.float32))
    first = trace.at("conv1", 23, 23, 1)
    assert first.products.shape == (5, 5, 1) and first.products == pytest.approx(0.01, rel=1e-7)
    assert first.sum == first.preactivation == pytest.approx(0.25, rel=1e-7) and first.bias == 0
    assert first.value == pytest.approx(0.25, rel=1e-6)
    pooled = trace.at("pool1", 11, 11, 1)
    assert (pooled.window == first.value).all() and pooled.winner == (0, 0)
    second = trace.at("conv2", 9, 9, 3)
    assert second.products.shape == (3, 3, 2) and second.products == pytest.approx(0.0025, rel=1e-6)
    assert second.preactivation == pytest.approx(0.045, rel=1e-6)
    assert second.value == pytest.approx(0.511248, abs=1e-6)
    assert trace.at("pool2", 4, 4, 3).value == second.value
    assert trace.at("flatten", 99).source.index == (4, 4, 3)
    for k in range(10):
        last = trace.at("output", k)
        assert last.products.shape == (100,)
        assert last.products == pytest.approx(0.00511248, abs=1e-8)
        assert last.sum == pytest.approx(0.511248, abs=1e-6)
        assert last.value == pytest.approx(0.511248, abs=1e-6)
    shapes = [trace.feature_map(layer).shape for layer in trace.layers]
    assert shapes == [(24, 24, 2), (12, 12, 2), (10, 10, 4), (5, 5, 4), (100,), (10,)]
