"""Exact cases of the tutorials that users of convolutional nets learn from."""

import numpy as np
import pytest
from netcheck import ISAS, assert_exact, build, normals

from convnet.graph import Network, Plan
from convnet.layers import (
    AvgPool2D,
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    MaxPool2D,
    ReLU,
)

pytestmark = pytest.mark.parametrize("isa", ISAS)

EDGE = np.repeat([[10.0] * 3 + [0.0] * 3], 6, axis=0)  # left three columns 10, right three 0
VERTICAL = np.repeat([[1.0, 0.0, -1.0]], 3, axis=0)


def image(rows):
    return np.asarray(rows, dtype=np.float32)[None, :, :, None]


def edge_net(isa, *more, kernel=VERTICAL, shape=(6, 6, 1), **options):
    net = build([Conv2D(1, 3, **options), *more], shape, isa)
    kernel = np.asarray(kernel, dtype=np.float32)[:, :, None, None]
    net.set_weights({"conv1/weights": kernel, "conv1/bias": np.zeros(1, np.float32)})
    return net


def edge_map(isa, *more, x=EDGE, **options):
    """The one map of the edge image, or of x, after a convolution and the layers after it."""
    y = edge_net(isa, *more, **options).forward(image(x))
    return y[0, :, :, 0]


def rows(top, middle):
    """Six rows: the first and the last alike, the four between alike."""
    return [top, *[middle] * 4, top]


SAME = rows([-20, 0, 20, 20, 0, 0], [-30, 0, 30, 30, 0, 0])
RELU = rows([0, 0, 20, 20, 0, 0], [0, 0, 30, 30, 0, 0])


# The edge image ---------------------------------------------------------------------------------------
def test_valid(isa):
    """Cross-correlation: a flipped kernel would give -30."""
    assert_exact(edge_map(isa), [[0, 30, 30, 0]] * 4)


@pytest.mark.parametrize("padding", [1, "same"])
def test_padding(isa, padding):
    assert_exact(edge_map(isa, padding=padding), SAME)


@pytest.mark.parametrize("relu", [{"activation": "relu"}, {"after": ReLU()}])
def test_relu(isa, relu):
    after = [relu["after"]] if "after" in relu else []
    options = {} if after else relu
    assert_exact(edge_map(isa, *after, padding=1, **options), RELU)


def test_relu_then_max_pool(isa):
    """The 2x2 windows of rows 0-1, 2-3 and 4-5 each hold a 30."""
    assert_exact(edge_map(isa, MaxPool2D(2), padding=1, activation="relu"), [[0, 30, 0]] * 3)


def test_strides(isa):
    assert_exact(edge_map(isa, stride=2), [[0, 30], [0, 30]])
    assert_exact(edge_map(isa, stride=3), np.zeros((2, 2)))
    assert_exact(edge_map(isa, stride=2, padding=1), [[-20, 20, 0], [-30, 30, 0], [-30, 30, 0]])


def test_mirrored(isa):
    assert_exact(edge_map(isa, x=EDGE[:, ::-1], activation="relu"), np.zeros((4, 4)))


def test_the_map_moves_with_the_image(isa):
    moved = np.repeat([[10.0] * 2 + [0.0] * 4], 6, axis=0)
    assert_exact(edge_map(isa, x=moved), [[30, 30, 0, 0]] * 4)


def test_transposed_kernel(isa):
    assert_exact(edge_map(isa, kernel=VERTICAL.T), np.zeros((4, 4)))
    want = [[0] * 4, [30] * 4, [30] * 4, [0] * 4]
    assert_exact(edge_map(isa, kernel=VERTICAL.T, x=EDGE.T), want)


def test_pooled_valid_map(isa):
    assert_exact(edge_map(isa, MaxPool2D(2)), [[30, 30], [30, 30]])
    assert_exact(edge_map(isa, AvgPool2D(2)), [[15, 15], [15, 15]])


def test_one_window(isa):
    x = image([[0, 30], [0, 30]])
    assert build([MaxPool2D(2)], (2, 2, 1), isa).forward(x).item() == 30
    assert build([AvgPool2D(2)], (2, 2, 1), isa).forward(x).item() == 15


def test_gradient_of_the_sum(isa):
    """loss = the sum of the valid map."""
    net = edge_net(isa)
    net.forward_training(image(EDGE))
    grad_x, gradients = net.backward(np.ones((1, 4, 4, 1), np.float32))
    assert_exact(gradients["conv1/weights"][:, :, 0, 0], [[120, 80, 40]] * 3)
    assert gradients["conv1/bias"].tolist() == [16]
    want = np.outer([1, 2, 3, 3, 2, 1], [1, 1, 0, 0, -1, -1])
    assert_exact(grad_x[0, :, :, 0], want)


# Output sizes -----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("n", "k", "options", "out"),
    [
        (6, 3, {}, 4),
        (28, 5, {}, 24),
        (150, 3, {}, 148),
        (150, 3, {"padding": 1}, 150),
        (7, 2, {"stride": 2}, 3),
        (7, 2, {"stride": 2, "padding": "same"}, 4),
    ],
)
def test_output_size(isa, n, k, options, out):
    net = build([Conv2D(1, k, **options)], (n, n, 1), isa)
    assert net.forward(np.zeros((1, n, n, 1), np.float32)).shape == (1, out, out, 1)


def test_the_odd_pixel_of_same_comes_last(isa):
    """A 2x2 kernel of ones over ones: only windows at the bottom and right see padding."""
    net = build([Conv2D(1, 2, padding="same", use_bias=False)], (3, 3, 1), isa)
    net.set_weights({"conv1/weights": np.ones((2, 2, 1, 1), np.float32)})
    y = net.forward(np.ones((1, 3, 3, 1), np.float32))
    assert_exact(y[0, :, :, 0], [[4, 4, 2], [4, 4, 2], [2, 2, 1]])


# Nets -------------------------------------------------------------------------------------------------
WALKTHROUGH = [
    Conv2D(2, 5, activation="relu"),
    MaxPool2D(2),
    Conv2D(4, 3, activation="sigmoid"),
    MaxPool2D(2),
]


def test_walkthrough(isa):
    """All weights 0.01, biases 0, inputs 1: relu(.25) -> sigmoid(18 * .0025) -> 100 * .01 * .511248."""
    net = Network(WALKTHROUGH, (28, 28, 1), 10, isa=isa)
    assert net.plan.n_parameters == 1138
    net.set_weights(
        {
            k: np.full_like(w, 0.01 if k.endswith("weights") else 0)
            for k, w in net.get_weights().items()
        }
    )
    for call in (net.forward, net.forward_training):
        logits = call(np.ones((3, 28, 28, 1), np.float32))
        np.testing.assert_allclose(logits, np.full((3, 10), 0.511248), atol=1e-6)


def test_keras_lab_shapes(isa):
    layers = [
        Conv2D(32, 3, activation="relu"), MaxPool2D(2), Conv2D(64, 3, activation="relu"),
        MaxPool2D(2), Dropout(0.5),
    ]  # fmt: skip
    net = Network(layers, (28, 28, 1), 10, isa=isa)
    shapes = [tuple(info.output_shape) for info in net.plan.layers]
    assert shapes == [
        (26, 26, 32),
        (13, 13, 32),
        (11, 11, 64),
        (5, 5, 64),
        (5, 5, 64),
        (1600,),
        (10,),
    ]
    assert net.plan.n_parameters == 34_826
    assert net.forward(np.zeros((2, 28, 28, 1), np.uint8), scale=1 / 255).shape == (2, 10)


def test_cats_and_dogs_shapes(isa):
    layers = [Conv2D(16, 3, activation="relu"), MaxPool2D(2), Flatten()]
    net = Network(layers, (150, 150, 3), 1, isa=isa)
    infos = {info.name: info for info in net.plan.layers}
    assert [tuple(i.output_shape) for i in net.plan.layers] == [
        (148, 148, 16), (74, 74, 16), (87_616,), (1,),
    ]  # fmt: skip
    assert infos["conv1"].n_parameters == 448
    assert infos["output"].n_parameters == 87_617
    assert net.forward(np.zeros((1, 150, 150, 3), np.uint8), scale=1 / 255).shape == (1, 1)


def test_why_not_dense(isa):
    plan = Plan([Dense(1000)], (100, 100, 3), 2)
    dense = next(info for info in plan.layers if info.name == "dense1")
    assert dense.n_parameters - 1000 == 30_000_000
    assert dense.multiply_adds == 30_000_000


# Layers in training and at predict --------------------------------------------------------------------
def test_dropout(isa):
    """The identity at predict; in training the mean is kept."""
    net = build([Dropout(0.5)], (1000,), isa)
    x = np.ones((200, 1000), np.float32)
    assert_exact(net.forward(x), x)
    y = net.forward_training(x, seed=1)
    assert set(np.unique(y)) == {0, 2}
    assert y.mean() == pytest.approx(1, abs=0.01)


def test_batch_norm(isa):
    """The batch in training, running statistics at predict."""
    rng = np.random.default_rng(0)
    net = build([BatchNorm(momentum=0.5)], (4,), isa)
    x = normals(rng, (64, 4)) * np.float32(3) + np.float32(5)
    y = net.forward_training(x)
    np.testing.assert_allclose(y.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(y.std(axis=0), 1, atol=1e-4)
    weights = net.get_weights()
    np.testing.assert_allclose(weights["batchnorm1/moving_mean"], 0.5 * x.mean(axis=0), rtol=1e-5)
    variance = 0.5 + 0.5 * x.var(axis=0)
    np.testing.assert_allclose(weights["batchnorm1/moving_variance"], variance, rtol=1e-5)
    want = (x - 0.5 * x.mean(axis=0)) / np.sqrt(variance + 1e-5)
    np.testing.assert_allclose(net.forward(x), want, rtol=1e-4, atol=1e-5)
