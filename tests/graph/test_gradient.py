"""Gradients of a net that predicts, against central differences of the float64 reference."""

import numpy as np
import pytest
from example_nets import NETS
from netcheck import ISAS, normals, set_random_weights
from reference import Reference, named

from convnet.engine import available_isas
from convnet.graph import Network
from convnet.layers import (
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAvgPool2D,
    MaxPool2D,
    ReLU,
    Residual,
)

STEP = 1e-6  # of a difference in float64: too short to meet a kink of a rectifier or a pool

FORKED = [
    Conv2D(16, 3, padding="same", name="stem"),
    Residual(
        [
            Conv2D(16, 3, padding="same", name="first"),
            BatchNorm(name="norm"),
            ReLU(name="rectify"),
            Dropout(0.5, name="drop"),
            Conv2D(16, 1, name="second"),
        ],
        activation="relu",
        name="block",
    ),
    Residual([Conv2D(8, 3, stride=2, padding="same", name="first")], name="narrow"),
    MaxPool2D(2, name="pool"),
    Flatten(name="flat"),
    Dense(5, activation="gelu", name="hidden"),
    BatchNorm(name="scaled"),
    Dense(3, name="last"),
]
# Layers of no operation: what they put out has the memory of the map that a shortcut or a sum reads as well.
IDLE = [
    Dropout(0.0, name="nothing"),
    Residual([Dropout(0.0, name="same"), Conv2D(3, 3, padding="same")], name="first"),
    Residual(
        [Residual([Dropout(0.0, name="same"), Conv2D(3, 3, padding="same")], name="inner")],
        name="block",
    ),
    Dropout(0.3, name="drop"),
    Flatten(name="flat"),
    Residual([Dropout(0.3, name="drop"), Dense(216), Dropout(0.0, name="end")], name="last"),
    Dense(3),
]
SHAPE = (9, 8, 3)


class Probe(Reference):
    """Adds `delta` to what the layer called `at` puts out, or to the input where that is None."""

    at, delta = None, 0.0

    def forward(self, x):
        return super().forward(x + self.delta if self.at is None else x)

    def _chain(self, x, layers, training, masks):
        for entry in layers:
            x = super()._chain(x, [entry], training, masks)
            if entry[2] == self.at:
                x = x + self.delta
        return x


def derivative(probe, x, grad, layer, direction):
    """Of Σ grad · outputs, for each row, in the direction."""
    ends = []
    for sign in (1, -1):
        probe.at, probe.delta = layer, sign * STEP * direction.astype(np.float64)
        ends.append((probe.forward(x) * grad).reshape(len(x), -1).sum(1))
    return (ends[0] - ends[1]) / (2 * STEP)


def check(layers, shape, layer, isa, n=5, n_threads=2):
    rng = np.random.default_rng(3)
    net = Network(layers, shape, None, isa=isa)
    probe = Probe(layers, set_random_weights(net, rng, scale=0.4))
    x = normals(rng, (n, *shape))
    grad = normals(rng, (n, *net.plan.output_shape))
    got = net.gradient(x, grad, layer, n_threads=n_threads)
    assert got.dtype == np.float32
    assert got.shape == (n, *(net.plan.named[layer].output_shape if layer else shape))
    for _ in range(3):
        direction = normals(rng, got.shape)
        want = derivative(probe, x, grad, layer, direction)
        products = (got.astype(np.float64) * direction).reshape(n, -1)
        bound = 1e-4 * np.sqrt((products**2).sum(1)).max() + 1e-12
        np.testing.assert_allclose(products.sum(1), want, rtol=1e-3, atol=bound, err_msg=str(layer))


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("key", NETS)
def test_by_the_input(isa, key):
    check(*NETS[key], None, isa)


def names(layers, prefix=""):
    for _, layer, name in named(layers, prefix):
        yield name
        yield from names(layer.inner_layers, f"{name}/")


EVERY = [("forked", layer) for layer in names(FORKED)] + [("idle", layer) for layer in names(IDLE)]


@pytest.mark.parametrize(("key", "layer"), EVERY)
def test_by_the_output_of_every_layer(key, layer):
    check({"forked": FORKED, "idle": IDLE}[key], SHAPE, layer, available_isas()[-1])


@pytest.mark.parametrize("n", [0, 1, 31, 33, 70])
def test_a_row_depends_on_itself_alone(n):
    rng = np.random.default_rng(0)
    net = Network(FORKED, SHAPE, None)
    set_random_weights(net, rng, scale=0.4)
    x, grad = normals(rng, (70, *SHAPE)), normals(rng, (70, 3))
    whole = net.gradient(x, grad, "block", n_threads=3)
    np.testing.assert_array_equal(net.gradient(x[:n], grad[:n], "block"), whole[:n])


def test_the_units_are_those_of_x():
    """The gradient by X has the scale as a factor, the one by a layer's output has not."""
    net = Network([Conv2D(4, 3), GlobalAvgPool2D()], (5, 5, 1), None)
    x = np.arange(50, dtype=np.uint8).reshape(2, 5, 5, 1)
    grad = np.ones((2, 4), dtype=np.float32)
    plain = net.gradient(x / np.float32(4), grad)
    np.testing.assert_allclose(net.gradient(x, grad, scale=0.25), plain / 4, rtol=1e-6)
    np.testing.assert_array_equal(net.gradient(x, grad, "conv1", scale=0.25), np.float32(1 / 9))


def test_nothing_of_the_net_is_changed():
    net = Network(FORKED, SHAPE, None)
    before = net.get_weights()
    net.gradient(np.ones((2, *SHAPE)), np.ones((2, 3)), "stem")
    for name, array in net.get_weights().items():
        np.testing.assert_array_equal(array, before[name])


def test_wrong_arguments_are_named():
    net = Network([Dense(4, name="first")], (3,), 2)
    x = np.ones((2, 3))
    with pytest.raises(
        ValueError, match="no layer is called 'frist'; the layers are first, output"
    ):
        net.gradient(x, np.ones((2, 2)), "frist")
    with pytest.raises(ValueError, match=r"grad_outputs of shape \(2, 2\), .*got \(2, 3\)"):
        net.gradient(x, np.ones((2, 3)))
    with pytest.raises(ValueError, match="X has shape"):
        net.gradient(np.ones((2, 4)), np.ones((2, 2)))
