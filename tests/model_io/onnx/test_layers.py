"""Every layer, activation and preset in ONNX Runtime, compared with convnet."""

import numpy as np
import pytest
from layer_table import TABLE
from onnx_models import (
    assert_same_classes,
    libraries,
    operators,
    opsets,
    with_random_weights,
)

from convnet import ConvNetClassifier
from convnet.engine import ACTIVATIONS
from convnet.graph.ops.base import Op
from convnet.layers import (
    LRN,
    Activation,
    AvgPool2D,
    BatchNorm,
    Conv1D,
    Conv1DTranspose,
    Conv2D,
    Conv2DTranspose,
    Dense,
    Dropout,
    Flatten,
    GlobalAvgPool2D,
    GlobalMaxPool2D,
    GroupNorm,
    MaxPool1D,
    MaxPool2D,
    Parallel,
    PReLU,
    Residual,
    presets,
)
from convnet.model_io.onnx.writing.operations import WRITERS


@pytest.fixture(autouse=True)
def _needs_onnx():
    libraries()


def net(layers, shape, seed=0, n=4):
    """Return a classifier of three classes with random weights, and random X."""
    X = np.random.default_rng(seed).normal(size=(n, *shape)).astype(np.float32)
    given = shape if len(shape) > 1 else None
    clf = ConvNetClassifier(layers, input_shape=given).initialize(X, np.arange(n) % 3)
    return with_random_weights(clf, seed), X


def test_every_operation_has_a_function():
    concrete = {kind for kind in Op.kinds.values() if not kind.__subclasses__()}
    assert set(WRITERS) == concrete


@pytest.mark.parametrize("opset", opsets())
@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.repr)
def test_every_layer(row, opset):
    """After another layer, so that the layer does not read X itself, and before one without effect."""
    clf, X = net([Activation("tanh"), row.layer, Activation("linear")], row.input_shape)
    assert_same_classes(clf, clf.to_onnx(opset=opset), X)


@pytest.mark.parametrize("opset", opsets())
@pytest.mark.parametrize("shape", [(4, 3, 2), (5, 2), (6,)], ids=str)
@pytest.mark.parametrize("name", [*ACTIVATIONS, "prelu", "softmax"])
def test_every_activation(name, shape, opset):
    clf, X = net([Activation(name), Activation("linear")], shape)
    assert_same_classes(clf, clf.to_onnx(opset=opset), 3 * X)


CONV = Conv2D(4, 3, activation="relu")
OTHERS = {
    "one output pixel more than the kernel reaches": [Conv2DTranspose(2, 2, stride=3)],
    "padding and output padding": [
        Conv2DTranspose(2, 3, stride=3, padding=((1, 2), (0, 1)), output_padding=2)
    ],
    "a global pool of one pixel": [MaxPool2D((7, 6)), Conv2D(3, 1), GlobalAvgPool2D(), Dense(4)],
    "a global pool inside": [GlobalMaxPool2D(), BatchNorm(), PReLU(), Dense(5)],
    "an average with padding that counts": [
        AvgPool2D(3, stride=2, padding=((1, 0), (2, 1)), ceil_mode=True, count_include_pad=True)
    ],
    "an average with padding that does not count": [
        AvgPool2D(3, stride=2, padding=((1, 0), (2, 1)), ceil_mode=True)
    ],
    "cut maxima": [MaxPool2D(3, stride=2, padding=1, ceil_mode=True)],
    "rows left over": [MaxPool2D(3, stride=2)],
    "even windows of channels": [CONV, LRN(2, alpha=0.5), LRN(64, alpha=2, k=0.5)],
    "an odd window of channels": [CONV, LRN(3, alpha=0.5)],
    "normalized groups": [CONV, GroupNorm(2), GroupNorm(1), GroupNorm(-1)],
    "flat features": [CONV, Flatten(), BatchNorm(), PReLU(), Dropout(0.5), Dense(5)],
    "flat features whose neighbors matter": [CONV, Flatten(), GroupNorm(5), LRN(3, alpha=2)],
    "flat features beside others": [CONV, Flatten(), Residual([Dense(80)], activation="prelu")],
    "two readers of flat features": [CONV, Flatten(), Parallel([[Dense(3)], [BatchNorm()]], "concat"), Dense(6)],
    "two orders of features": [
        CONV,
        Parallel([[Flatten()], [Conv2D(4, 1), Flatten()], [GlobalAvgPool2D(), Dense(80)]], "max"),
    ],
    "features scale channels": [CONV, Parallel([[], [Flatten(), Dense(4, activation="sigmoid")]], "multiply")],
    "pooled features scale channels": [CONV, Parallel([[GlobalAvgPool2D()], []], "multiply")],
    "flat factors": [GlobalAvgPool2D(), Parallel([[], [Dense(3)]], "multiply")],
    "joined maps inside joined maps": [
        Parallel([[Parallel([[], [Conv2D(2, 1)]]), BatchNorm()], [Conv2D(1, 1)]]),
        PReLU(),
    ],
    "a name of an output": [Conv2D(3, 3, name="label"), Conv2D(3, 3, name="X"), Dense(4, name="weights")],
    "a name of a node": [Residual([Conv2D(3, 1, name="relu"), Conv2D(3, 1, name="add")], activation="relu")],
}  # fmt: skip


@pytest.mark.parametrize("opset", [13, 17])
@pytest.mark.parametrize("layers", OTHERS.values(), ids=OTHERS)
def test_combinations(layers, opset):
    clf, X = net(layers, (7, 6, 3))
    model = clf.to_onnx(opset=opset)
    assert_same_classes(clf, model, X)
    names = [node.name for node in model.graph.node]
    assert len({*names}) == len(names)


def test_signals_are_not_made_maps():
    layers = [Conv1D(4, 3, groups=2), MaxPool1D(3, padding=1, ceil_mode=True), GroupNorm(2)]
    clf, X = net([*layers, Conv1DTranspose(3, 4, stride=3, padding="same"), LRN(2)], (11, 2))
    model = clf.to_onnx()
    assert_same_classes(clf, model, X)
    kernels = {
        node.name: len(attribute.ints)
        for node in model.graph.node
        for attribute in node.attribute
        if attribute.name == "kernel_shape"
    }
    assert kernels == {"conv1": 1, "pool1": 1, "convtranspose1": 1, "lrn1/averagepool": 2}


# Nets of 48×48 pixels, the smallest that all of these take.
SIDE = 48


LARGE = 10**7  # parameters


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.slow] * (preset.n_parameters > LARGE))
        for name, preset in presets().items()
    ],
)
def test_every_preset(name):
    shape = presets()[name].input_shape
    if len(shape) == 3 and shape[0] > SIDE:
        shape = (SIDE, SIDE, shape[2])
    clf, X = net(name, shape, n=3)
    model = clf.to_onnx()
    assert_same_classes(clf, model, X)
    assert clf.predict_proba(X).std() > 1e-3, "the net does not tell the images apart"
    assert operators(model)[1:].count("Transpose") == 0
