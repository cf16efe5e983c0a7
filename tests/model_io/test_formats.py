"""Every layer type in every format: loading returns the same net, with the same bits."""

import pickle
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import joblib
import numpy as np
import pytest
import safetensors.numpy
import skops.io
from fitted_nets import assert_same, classifier, regressor, transformer
from foreign_weights import state_dict
from layer_table import TABLE
from torch_files import weights_file

import convnet
from convnet import ConvNetClassifier, augment, schedules
from convnet.layers import Dense, Layer, ReLU, layer_types

DOCUMENTED = re.findall(
    r"^(convnet\.[\w.]+)$",
    (Path(__file__).parents[2] / "docs" / "saving.md").read_text(encoding="utf-8"),
    re.MULTILINE,
)


def with_pickle(net, path):
    path.write_bytes(pickle.dumps(net))
    return pickle.loads(path.read_bytes())


def with_joblib(net, path):
    joblib.dump(net, path)
    return joblib.load(path)


def with_skops(net, path):
    skops.io.dump(net, path)
    untrusted = skops.io.get_untrusted_types(file=path)
    assert set(untrusted) <= set(DOCUMENTED)
    return skops.io.load(path, trusted=untrusted)


def with_npz(net, path):
    net.save(path.with_suffix(".npz"))
    return convnet.load(path.with_suffix(".npz"))


def with_safetensors(net, path):
    net.save(path.with_suffix(".safetensors"))
    return convnet.load(path.with_suffix(".safetensors"))


FORMATS = {
    "pickle": with_pickle,
    "joblib": with_joblib,
    "skops": with_skops,
    "npz": with_npz,
    "safetensors": with_safetensors,
}


@cache
def fitted(i):
    """Return a net of the layer in row i of the table, fitted for an epoch, and its X."""
    row = TABLE[i]
    X = np.random.default_rng(i).normal(size=(9, *row.input_shape)).astype(np.float32)
    # a softmax cannot be the last layer before the output layer
    layers = [row.layer, *([ReLU()] if getattr(row.layer, "activation", "") == "softmax" else [])]
    net = ConvNetClassifier(layers, input_shape=row.input_shape, max_iter=1, random_state=0)
    return net.fit(X, np.resize(["a", "b", "c"], 9)), X


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("i", range(len(TABLE)), ids=lambda i: repr(TABLE[i].layer))
def test_layer(tmp_path, i, kind):
    net, X = fitted(i)
    found = FORMATS[kind](net, tmp_path / "model")
    assert_same(found, net, X)
    assert found.layers == net.layers and found._network_cache.layers[0] == TABLE[i].layer


@pytest.mark.parametrize("form", ["pth", "safetensors"])
@pytest.mark.parametrize("i", range(len(TABLE)), ids=lambda i: repr(TABLE[i].layer))
def test_weights_of_pytorch(tmp_path, i, form):
    """A net that starts from the state_dict of its modules in PyTorch has the same weights."""
    net, X = fitted(i)
    path = tmp_path / f"w.{form}"
    arrays = state_dict(net)
    path.write_bytes(weights_file(arrays) if form == "pth" else safetensors.numpy.save(arrays))
    found = ConvNetClassifier(net.layers, input_shape=net.input_shape, init_weights=path)
    found.initialize(X, np.resize(["a", "b", "c"], 9))
    learned = ["normalize1", "centre"]
    assert set(found.init_report_["missing"]) <= set(learned)
    assert not found.init_report_["unexpected"]
    for name, array in net.weights_.items():
        np.testing.assert_array_equal(found.weights_[name], array, err_msg=name)


READERS = {
    "pickle": "pickle.loads(path.read_bytes())",
    "joblib": "joblib.load(path)",
    "skops": "skops.io.load(path, trusted=skops.io.get_untrusted_types(file=path))",
    "npz": "convnet.load(path)",
    "safetensors": "convnet.load(path)",
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", FORMATS)
def test_nothing_but_numpy_and_the_extra_is_imported_to_load_any_layer(tmp_path, kind):
    """The process has imported convnet with its dependencies, and the modules that `READERS` names."""
    for i in range(len(TABLE)):
        FORMATS[kind](fitted(i)[0], tmp_path / f"{i}.{kind}")
    extra = {"skops": "skops.io"}.get(kind, "convnet")
    code = f"""
import pathlib, pickle, sys, joblib, convnet, {extra}
def others():
    return {{name.partition(".")[0] for name in sys.modules}} - sys.stdlib_module_names
assert convnet.load
before = others()
for path in pathlib.Path({str(tmp_path)!r}).iterdir():
    found = {READERS[kind]}
    assert found.weights_ and found._network_cache.layers
print(*others() - before)
"""
    out = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    new = {name for name in out.stdout.split() if not name.startswith("_")}
    assert new <= ({kind} if kind == "safetensors" else set())


def test_the_table_has_every_layer():
    own = {name for name, cls in layer_types().items() if cls.__module__.startswith("convnet.")}
    assert own == {type(row.layer).__name__ for row in TABLE if isinstance(row.layer, Layer)}


@pytest.mark.parametrize("kind", FORMATS)
def test_estimators(tmp_path, kind):
    for make in (classifier, regressor):
        net, X = make(
            augment=[augment.RandomFlip()], learning_rate=schedules.Warmup(1, schedules.Cosine())
        )
        found = FORMATS[kind](net, tmp_path / "model")
        assert_same(found, net, X)
        assert found.get_params(deep=False) == net.get_params(deep=False)
    whole, X = transformer()
    found = FORMATS[kind](whole, tmp_path / "model")
    np.testing.assert_array_equal(found.transform(X), whole.transform(X))


def test_documented_types_are_complete():
    """All types that a skops file may hold are listed, and the listed types exist."""
    values = [*layer_types().values(), *augment.augmentation_types().values()]
    values += [getattr(schedules, name) for name in schedules.__all__ if name != "Schedule"]
    names = {f"{cls.__module__}.{cls.__name__}" for cls in values}
    assert {name for name in names if name.startswith("convnet.")} <= set(DOCUMENTED)
    assert len(set(DOCUMENTED)) == len(DOCUMENTED)
    for name in DOCUMENTED:
        module, _, cls = name.rpartition(".")
        assert getattr(__import__(module, fromlist=[cls]), cls).__module__ == module


def test_skops_checks_layers_again(tmp_path):
    path = tmp_path / "layers.skops"
    layer = Dense(4)
    vars(layer)["units"] = -4
    skops.io.dump(layer, path)
    with pytest.raises(ValueError, match="Dense: units must be an integer from 1"):
        skops.io.load(path, trusted=["convnet.layers.dense.Dense"])
