"""Truncated, altered, foreign and misleading files raise one exception, and never load as another model."""

import json
import pickle
import tracemalloc
import zipfile

import numpy as np
import pytest
import safetensors.numpy
from fitted_nets import assert_same, classifier, transformer

import convnet
from convnet import ModelFileError
from convnet.layers import BatchNorm, Conv2D, Dense
from convnet.persistence import model_file, npz
from convnet.persistence.json_values import from_json, to_json

ENDINGS = "npz", "safetensors"


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A small fitted net, its X, and its file in each format, as bytes."""
    net, X = classifier(layers=[Conv2D(2, 3), BatchNorm(), Dense(3)])
    folder = tmp_path_factory.mktemp("saved")
    for ending in ENDINGS:
        net.save(folder / f"m.{ending}")
    return net, X, {ending: (folder / f"m.{ending}").read_bytes() for ending in ENDINGS}


def parts(net):
    """Return the manifest and the arrays of a net."""
    manifest, weights = net._to_manifest()
    return json.loads(json.dumps(manifest)), dict(weights)


def refused(path, match=None):
    """Assert that loading raises the one exception."""
    with pytest.raises(ModelFileError, match=match) as info:
        convnet.load(path)
    assert str(path) in str(info.value) and "\n" not in str(info.value)


@pytest.mark.parametrize("ending", ENDINGS)
def test_truncated(saved, tmp_path, ending):
    data = saved[2][ending]
    path = tmp_path / f"m.{ending}"
    rng = np.random.default_rng(0)
    for n in {0, 1, 7, 8, 9, 100, len(data) // 2, len(data) - 1, *rng.integers(len(data), size=40)}:
        path.write_bytes(data[:n])
        refused(path)


@pytest.mark.parametrize("ending", ENDINGS)
def test_altered(saved, tmp_path, ending):
    """A changed byte is refused, unless it is one that the container ignores."""
    net, X, files = saved
    data, path, n_refused = files[ending], tmp_path / f"m.{ending}", 0
    rng = np.random.default_rng(0)
    places = rng.integers(len(data), size=300)
    for i in places:
        changed = bytearray(data)
        changed[i] ^= 1 << rng.integers(8)
        path.write_bytes(changed)
        try:
            found = convnet.load(path)
        except ModelFileError:
            n_refused += 1
        else:
            assert_same(found, net, X)
    assert n_refused > 0.8 * len(places)


@pytest.mark.parametrize("ending", ENDINGS)
def test_altered_weights(saved, tmp_path, ending):
    """One weight is changed; headers and checksums of the container are right."""
    net, _, _ = saved
    path = tmp_path / f"m.{ending}"
    net.save(path)
    module = model_file.ENDINGS[f".{ending}"]
    with module.open_file(str(path)) as reader:
        texts = {name: reader.text(name) for name in ("convnet", "digest")}
    arrays = {name: array.copy() for name, array in net.weights_.items()}
    arrays["conv1/bias"][0] += 1e-3
    with open(path, "wb") as file:
        module.write(file, texts, arrays)
    refused(path, "the checksum of its arrays does not match")
    texts["convnet"] = texts["convnet"].replace('"max_iter": 2', '"max_iter": 3')
    with open(path, "wb") as file:
        module.write(file, texts, dict(net.weights_))
    refused(path, "the checksum of its manifest does not match")


def test_foreign(tmp_path):
    clf, X = classifier()
    path = tmp_path / "m.npz"
    for content in (b"", b"PK", b"hello", pickle.dumps(clf), bytes(1000)):
        path.write_bytes(content)
        refused(path)
        path.with_suffix(".safetensors").write_bytes(content)
        refused(path.with_suffix(".safetensors"))
    np.savez(path, X=X, y=np.arange(3))
    refused(path, 'it has no entry "convnet"')
    np.savez_compressed(path, X=X)
    refused(path, "its entries are compressed")
    np.savez(path, convnet=np.array({"a": 1}, dtype=object))
    refused(path, "convnet is object of shape")
    with open(path, "wb") as file:
        np.save(file, X)
    refused(path, "not a zip file")
    other = path.with_suffix(".safetensors")
    safetensors.numpy.save_file({"conv1/weights": np.ones(3)}, other)
    refused(other, 'it has no entry "convnet"')
    clf.save(path)
    path.rename(other)
    refused(other)


def test_newer(saved, tmp_path, monkeypatch):
    monkeypatch.setattr(model_file, "FORMAT", 2)
    for ending in ENDINGS:
        saved[0].save(tmp_path / f"m.{ending}")
    monkeypatch.undo()
    for ending in ENDINGS:
        refused(tmp_path / f"m.{ending}", "it has format 2; this convnet reads format 1. Upgrade")


def set_in(*keys, value):
    """Return a change of the value under these keys of a manifest."""

    def change(manifest):
        for key in keys[:-1]:
            manifest = manifest[key]
        manifest[keys[-1]] = value

    return change


def form(value):
    return set_in("fitted", "image_form_", value=to_json(value))


MISLEADING = {
    "no estimator": set_in("estimator", value="dict"),
    "a module": set_in("estimator", value="os.system"),
    "layers as text, which could be a path": lambda d: d["net"].update(
        layers=json.dumps(d["net"]["layers"])
    ),
    "augment as text": set_in("parameters", "augment", value='[{"type": "RandomFlip"}]'),
    "an unknown layer": set_in("net", "layers", 0, "type", value="Conv9D"),
    "layers of other shapes": set_in("net", "layers", 0, "filters", value=3),
    "a huge layer": set_in("net", "layers", 2, "units", value=2**20),
    "another input": set_in("net", "input_shape", value=[8, 6, 3]),
    "a huge input": set_in("net", "input_shape", value=[2**20, 2**20, 2]),
    "an input of no numbers": set_in("net", "input_shape", value=["8", 6, 2]),
    "more outputs": set_in("net", "n_outputs", value=4),
    "one output": set_in("net", "n_outputs", value=1),
    "an unknown parameter": set_in("parameters", "fliters", value=3),
    "a bad parameter": set_in("parameters", "solver", value="newton"),
    "an unknown schedule": set_in("parameters", "learning_rate", value={"type": "Sine"}),
    "a bad schedule": set_in("parameters", "learning_rate", value={"type": "Step", "every": -1}),
    "an unknown attribute": set_in("fitted", "score", value=1),
    "an attribute for a method": set_in("fitted", "predict", value=1),
    "classes of no array": set_in("fitted", "classes_", value=[0, 1, 2]),
    "fewer classes": set_in("fitted", "classes_", value={"array": ["<i8", [2], [0, 1]]}),
    "unsorted classes": set_in("fitted", "classes_", value={"array": ["<i8", [3], [0, 2, 1]]}),
    "huge classes": set_in(
        "fitted", "classes_", value={"array": ["<U99999999", [3], ["", "a", "b"]]}
    ),
    "many classes": set_in("fitted", "classes_", value={"array": ["<i8", [2**40], [1]]}),
    "classes of structures": set_in("fitted", "classes_", value={"array": ["i8,i8", [1], [1]]}),
    "an unknown kind": set_in("fitted", "loss_", value={"eval": "1"}),
    "an odd kind": set_in("fitted", "loss_", value={"float": "1", "bytes": ""}),
    "a short curve": set_in("fitted", "loss_curve_", value=[1.0]),
    "a curve of texts": set_in("fitted", "loss_curve_", value=["1", "2"]),
    "a history that is not a dict": set_in("fitted", "history_", value=[1.0, 2.0]),
    "no epochs": set_in("fitted", "n_iter_", value=0),
    "a best epoch to come": set_in("fitted", "best_iter_", value=3),
    "other features": set_in("fitted", "n_features_in_", value=95),
    "other columns": set_in("fitted", "feature_names_in_", value={"array": ["|O", [1], ["a"]]}),
    "a bad split": set_in("fitted", "_validation_split", value="y"),
    "a bad start": set_in("fitted", "_schedule_start", value=-1),
    "a start to come": set_in("fitted", "_schedule_start", value=3),
    "an indicator of texts": set_in("fitted", "_indicator_dtype", value={"dtype": "<U3"}),
    "an indicator's dtype as text": set_in("fitted", "_indicator_dtype", value="int64"),
    "a report that is none": set_in("fitted", "init_report_", value={"dict": [["loaded", [1]]]}),
    "a history without loss": set_in("fitted", "history_", value={"dict": []}),
    "weights in a parameter": set_in("parameters", "init_weights", value={"dict": []}),
    "a tiny scale": set_in("input", "scale", value=1e-60),
    "a scale of many digits": set_in("input", "scale", value=10**400),
    "a dtype of another name": set_in("input", "dtype", value=">f4"),
    "a negative rescale": set_in("input", "rescale", value=-1.0),
    "a scale of 0": set_in("input", "scale", value=0.0),
    "a scale that is none": set_in("input", "scale", value="1"),
    "an infinite scale": set_in("input", "scale", value={"float": "inf"}),
    "another order": set_in("input", "data_format", value="sideways"),
    "another dtype": set_in("input", "dtype", value="object"),
    "another format's shape": set_in("input", "shape", value={"tuple": [8, 6, 3]}),
    "a bad rescale": set_in("input", "rescale", value=[1]),
    "a bad largest": set_in("input", "largest", value={"float": "nan"}),
    "photographs of another shape": form({"size": (8, 6), "channels": 3, "fit": "crop"}),
    "photographs of no form": form(3),
    "an unknown field": set_in("input", "more", value=1),
    "nesting": set_in("fitted", "loss_", value=eval("[" * 90 + "]" * 90)),
    "no dict": set_in("net", value=None),
}


@pytest.mark.parametrize("name", MISLEADING)
def test_misleading(saved, tmp_path, name):
    """Checksums are right and contents are wrong: refused, with little memory."""
    manifest, weights = parts(saved[0])
    MISLEADING[name](manifest)
    path = tmp_path / "m.npz"
    model_file.write(path, manifest, weights)
    tracemalloc.start()
    refused(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**22


@pytest.mark.parametrize("side", [-1, 1.0, True, 10**4000])
def test_sides_of_arrays(side):
    """Sides are checked before they are multiplied: for thousands of long integers, that takes minutes."""
    with pytest.raises(ValueError, match="the shape of an array of int64 must hold integers"):
        from_json({"array": ["<i8", [side, side], [1]]})


WEIGHTS = {
    "one less": lambda w: w.pop("conv1/bias"),
    "one more": lambda w: w.update(other=np.ones(3, np.float32)),
    "another name": lambda w: w.update({"conv2/bias": w.pop("conv1/bias")}),
    "another shape": lambda w: w.update({"conv1/bias": np.ones((2, 1), np.float32)}),
    "float64": lambda w: w.update({"conv1/bias": np.ones(2)}),
    "NaN": lambda w: w.update({"conv1/bias": np.full(2, np.nan, np.float32)}),
    "infinity": lambda w: w.update({"batchnorm1/moving_variance": np.full(2, np.inf, np.float32)}),
    "a negative variance": lambda w: w.update(
        {"batchnorm1/moving_variance": np.full(2, -1, np.float32)}
    ),
}


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("name", WEIGHTS)
def test_weights_of_another_net(saved, tmp_path, name, ending):
    manifest, weights = parts(saved[0])
    WEIGHTS[name](weights)
    path = tmp_path / f"m.{ending}"
    model_file.write(path, manifest, weights)
    refused(path)


def test_misleading_transformer(tmp_path):
    path = tmp_path / "m.npz"
    whole, _ = transformer()
    for key, value in (("layer_", "conv9"), ("layer_", None), ("layer", [1]), ("net", {})):
        manifest, weights = parts(whole)
        model_file.write(path, manifest | {key: value}, weights)
        refused(path)


def test_archives_made_to_mislead(saved, tmp_path):
    """Entries claim more than the file holds, or overlap."""
    path = tmp_path / "m.npz"
    for field in ("file_size", "compress_size"):
        path.write_bytes(saved[2]["npz"])
        with zipfile.ZipFile(path, "a") as archive:
            for entry in archive.infolist():
                setattr(entry, field, 2**31)
            archive._didModify = True
        refused(path)
    path.write_bytes(saved[2]["npz"])
    with zipfile.ZipFile(path, "a") as archive:
        first = archive.infolist()[0]
        for i in range(10):
            copy = zipfile.ZipInfo(f"copy{i}.npy")
            for name in ("CRC", "file_size", "compress_size", "header_offset"):
                setattr(copy, name, getattr(first, name))
            archive.filelist.append(copy)
        archive._didModify = True
    refused(path, "larger than the file")
    path.write_bytes(saved[2]["npz"])
    with zipfile.ZipFile(path, "a") as archive:
        name = archive.namelist()[0]
        archive.writestr(name.removesuffix(".npy"), archive.read(name))
    refused(path, "two entries of the same name")


@pytest.mark.slow
@pytest.mark.parametrize("filler", ["[],", "1.25,"])
def test_manifests_that_are_too_long(saved, tmp_path, filler):
    """Refused before they are parsed as JSON, and before they are written."""
    monstrous = (
        "["
        + filler
        * (model_file.MAX_CHARACTERS // 5 if filler[0] == "1" else model_file.MAX_CONTAINERS)
        + "1]"
    )
    path = tmp_path / "m.npz"
    with open(path, "wb") as file:
        npz.write(file, {"convnet": monstrous, "digest": ""}, {})
    refused(path, "its manifest is too long")
    manifest, weights = parts(saved[0])
    manifest["fitted"]["history_"] = json.loads(monstrous)
    with pytest.raises(ValueError, match="Pickle the model instead"):
        model_file.write(path, manifest, weights)
