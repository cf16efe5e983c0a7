"""Every layer, every kind of estimator and every form of X: the C code computes the bits of convnet."""

import subprocess
import sys
import threading

import numpy as np
import pytest
from c_programs import CompiledNet, build_example
from layer_table import TABLE
from netcheck import POSITIVE
from sklearn.frozen import FrozenEstimator

from convnet import ConvNetClassifier, ConvNetRegressor, ConvNetTransformer
from convnet.layers import (
    Conv2D,
    Dense,
    DepthwiseConv2D,
    Flatten,
    MaxPool2D,
    Normalize,
    Rescale,
    Resize,
    presets,
)

SMALL = [Conv2D(3, 3, activation="relu"), MaxPool2D(2)]


def rng():
    return np.random.default_rng(0)


def with_random_weights(net):
    """Give a net weights that no test could take for one another."""
    draw = rng()
    return net.set_weights(
        {
            name: np.abs(value) + 0.5 if name.endswith(POSITIVE) else value
            for name, value in (
                (name, draw.normal(size=array.shape)) for name, array in net.weights_.items()
            )
        }
    )


def assert_same(estimator, X, expected, folder, **options):
    compiled = CompiledNet(estimator, folder, **options)
    np.testing.assert_array_equal(compiled.predict(X, expected), expected)


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.repr)
def test_layer(tmp_path, row):
    X = rng().normal(size=(3, *row.input_shape)).astype(np.float32)
    # a softmax must not be the last layer
    net = ConvNetClassifier([row.layer, Flatten()], random_state=0, n_jobs=1)
    net = with_random_weights(net.initialize(X, [0, 1, 2]))
    transformer = ConvNetTransformer(FrozenEstimator(net), -2).fit(X)
    assert_same(transformer, X, transformer.transform(X), tmp_path, flags="-O0")


@pytest.mark.slow
@pytest.mark.parametrize("name", presets())
def test_preset(tmp_path, name):
    shape = presets()[name].input_shape
    shape = (*(min(side, 48) for side in shape[:-1]), shape[-1])
    X = rng().normal(size=(2, *shape)).astype(np.float32)
    net = ConvNetClassifier(name, random_state=0).initialize(X, [0, 1])
    assert_same(net, X, net.predict_proba(X), tmp_path)


def images(dtype="uint8", shape=(8, 6, 2), n=5):
    X = rng().uniform(0, 1, (n, *shape))
    return (X * 255).astype(dtype) if np.dtype(dtype).kind in "biu" else X.astype(dtype)


@pytest.mark.parametrize(
    "labels",
    [
        [0, 1, 2],
        ["cat", 'say "dog"?', "Ålesund 🐟"],
        [False, True],
        ["a", "b"],
        [-1.0, 0.0, 2.0**53],
    ],
    ids=str,
)
def test_classes(tmp_path, labels):
    X = images()
    net = ConvNetClassifier(SMALL, random_state=0).initialize(X, np.resize(labels, len(X)))
    assert_same(net, X, net.predict_proba(X), tmp_path)


def test_class_names_in_c(tmp_path):
    """Characters that C would take for something else come through."""
    labels = np.array(["7\x00", "a\\n", '"', "??/", "é1", "\n"])
    X = images(n=6)
    net = ConvNetClassifier(SMALL, random_state=0).initialize(X, labels)
    net.to_c(tmp_path)
    source = (
        '#include "net.h"\n#include <stdio.h>\nint main(void) {\n'
        "    for (int k = 0; k < NET_N_CLASSES; k++) puts(net_classes[k]);\n    return NET_Y_SIZE;\n}\n"
    )
    (tmp_path / "example.c").write_text(source)
    build_example(tmp_path, "gcc")
    done = subprocess.run([tmp_path / "example"], capture_output=True)
    expected = b"".join(label.encode().split(b"\0")[0] + b"\n" for label in net.classes_)
    assert (done.stdout, done.returncode) == (expected, 6)


def test_several_labels(tmp_path):
    X = images()
    y = rng().integers(0, 2, (len(X), 3))
    net = ConvNetClassifier(SMALL, random_state=0).initialize(X, y)
    assert_same(net, X, net.predict_proba(X), tmp_path)


@pytest.mark.parametrize("n_outputs", [1, 3])
@pytest.mark.parametrize("normalize_y", [False, True])
def test_regressor(tmp_path, n_outputs, normalize_y):
    X = images()
    y = (rng().normal(size=(len(X), n_outputs)) * 1e3 + 1e5).squeeze()
    net = ConvNetRegressor(SMALL, random_state=0, normalize_y=normalize_y).initialize(X, y)
    assert_same(net, X, net.predict(X), tmp_path)


@pytest.mark.parametrize("layer", ["conv1", "pool1", "output"])
def test_transformer(tmp_path, layer):
    X = images()
    net = ConvNetClassifier(SMALL, random_state=0).initialize(X, np.resize([0, 1, 2], len(X)))
    transformer = ConvNetTransformer(FrozenEstimator(net), layer).fit(X)
    assert_same(transformer, X, transformer.transform(X), tmp_path)


@pytest.mark.parametrize(
    "dtype",
    [
        *("bool", "uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64"),
        *("float16", "float32", "float64"),
    ],
)
def test_types_of_x(tmp_path, dtype):
    X = images(dtype)
    net = ConvNetClassifier(SMALL, rescale=0.01, random_state=0)
    net.initialize(X, np.resize([0, 1], len(X)))
    assert_same(net, X, net.predict_proba(X), tmp_path)


@pytest.mark.parametrize(
    "layers",
    [
        [Rescale(1 / 127.5, -1.0), *SMALL],
        [Resize(5), *SMALL],
        [Resize((16, 9)), Normalize(), *SMALL],
        [Normalize(), DepthwiseConv2D(3), Dense(300, activation="gelu"), Dense(1200)],
    ],
    ids=["rescale", "smaller", "larger", "wide"],
)
@pytest.mark.parametrize("dtype", ["uint8", "float64"])
def test_preprocessing(tmp_path, layers, dtype):
    """ "wide" has dense layers that are computed by blocks of columns."""
    X = images(dtype)
    net = ConvNetClassifier(layers, random_state=0).initialize(X, np.resize([0, 1, 2], len(X)))
    assert_same(net, X, net.predict_proba(X), tmp_path)


@pytest.mark.parametrize("shape", [(2, 8, 6), (8, 6)], ids=["channels", "gray"])
def test_channels_first(tmp_path, shape):
    X = images(shape=shape)
    net = ConvNetClassifier(SMALL, data_format="channels_first", random_state=0)
    net.initialize(X, np.resize([0, 1, 2], len(X)))
    assert_same(net, X, net.predict_proba(X), tmp_path)


@pytest.mark.parametrize("data_format", ["channels_first", "channels_last"])
@pytest.mark.parametrize("input_shape", [None, (8, 6, 2)], ids=["features", "images"])
def test_flat_rows(tmp_path, data_format, input_shape):
    X = images().reshape(5, -1)
    if input_shape and data_format == "channels_first":
        input_shape = 2, 8, 6
    layers = SMALL if input_shape else [Dense(4, activation="tanh")]
    net = ConvNetClassifier(
        layers, input_shape=input_shape, data_format=data_format, random_state=0
    ).initialize(X, np.resize([0, 1, 2], len(X)))
    assert_same(net, X, net.predict_proba(X), tmp_path)


@pytest.mark.parametrize("data_format", ["channels_first", "channels_last"])
def test_signals(tmp_path, data_format):
    X = rng().normal(size=(4, 50, 2)).astype(np.float32)
    X = np.moveaxis(X, 1, 2).copy() if data_format == "channels_first" else X
    net = ConvNetClassifier("time-cnn", data_format=data_format, random_state=0)
    net.initialize(X, [0, 1, 2, 3])
    assert_same(net, X, net.predict_proba(X), tmp_path)


def test_extreme_logits(tmp_path):
    """Probabilities down to those below the normal doubles have the same bits."""
    X = np.linspace(-800, 800, 64).reshape(64, 1)
    for n_classes, name in ((2, "two"), (3, "three")):
        net = ConvNetClassifier([], random_state=0, rescale=None)
        net.initialize(X, np.resize(np.arange(n_classes), len(X)))
        net.set_weights(
            {"output/weights": np.linspace(1, -1, net.weights_["output/weights"].size)[None]}
        )
        expected = net.predict_proba(X)
        assert (expected < sys.float_info.min).any()
        assert_same(net, X, expected, tmp_path / name)


def test_bad_values(tmp_path):
    """What predict refuses has a code of its own."""
    X = images("float32")
    net = ConvNetClassifier([Dense(4)], random_state=0).initialize(X, np.resize([0, 1, 2], len(X)))
    net.set_weights({"dense1/weights": np.full((96, 4), 1e38)})
    compiled, y = CompiledNet(net, tmp_path), np.zeros(3)
    scratch = compiled.scratch()
    zeros = np.zeros((8, 6, 2), dtype=np.float32)
    assert compiled.call(scratch, zeros, y) == 0
    for value in (np.nan, np.inf, -np.inf):
        bad = zeros.copy()
        bad[-1, -1, -1] = value
        assert compiled.call(scratch, bad, y) == 1
    assert compiled.call(scratch, np.full_like(zeros, 10), y) == 2
    assert compiled.call(scratch.view(np.uint8)[4:], zeros, y) == 3
    header = (tmp_path / "net.h").read_text()
    codes = header[header.index("enum {") : header.index("};")]
    names = ["NET_OK", "NET_INPUT_NOT_FINITE", "NET_OUTPUT_NOT_FINITE", "NET_MISALIGNED"]
    assert [name for name in codes.split() if name.startswith("NET_")] == [
        *(f"{name}," for name in names[:-1]),
        names[-1],
    ]


def test_float16_that_is_not_finite(tmp_path):
    X = images("float16")
    net = ConvNetClassifier(SMALL, random_state=0).initialize(X, np.resize([0, 1], len(X)))
    compiled, y, bad = CompiledNet(net, tmp_path), np.zeros(2), X[0].copy()
    assert compiled.call(compiled.scratch(), bad, y) == 0
    bad[0, 0, 0] = np.inf
    assert compiled.call(compiled.scratch(), bad, y) == 1


def test_threads_at_once(tmp_path):
    """Two threads predict in their own scratch memory; ctypes releases the GIL during calls."""
    X = images(shape=(24, 24, 3), n=40)
    net = ConvNetClassifier([Conv2D(16, 3, activation="relu"), *SMALL], random_state=0)
    net.initialize(X, np.resize([0, 1, 2], len(X)))
    expected = net.predict_proba(X)
    compiled, found = CompiledNet(net, tmp_path), {}
    start = threading.Barrier(2)

    def predict(key):
        start.wait(60)
        found[key] = compiled.predict(X[::key], expected[::key])

    threads = [threading.Thread(target=predict, args=(key,)) for key in (1, -1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for key in (1, -1):
        np.testing.assert_array_equal(found[key], expected[::key])
