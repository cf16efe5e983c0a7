"""Specs that come with convnet."""

import json
import os
import sys

import numpy as np
import pytest

from convnet import ConvNetClassifier
from convnet.graph import Plan
from convnet.layers import Conv2D, Dropout, MaxPool2D, ReLU, as_layers, presets, to_dicts, to_json
from convnet.layers.name_maps import name_maps
from convnet.layers.preset import FOLDER

NAMES = ["catdog", "keraslab", "lenet", "resnet-small", "vgg-small", "walkthrough"]
SIGNALS = ["fcn", "inceptiontime", "resnet-1d", "time-cnn"]
PUBLISHED = {  # the numbers of parameters of their sources, with 1000 classes
    "densenet121": 7_978_856,
    "efficientnet-b0": 5_288_548,
    "efficientnet-lite0": 4_652_008,
    "fcn": 264_962,  # two classes
    "mobilenet-v2": 3_504_872,
    "mobilenet-v3-small": 2_542_856,
    "resnet18": 11_689_512,
    "resnet34": 21_797_672,
    "resnet50": 25_557_032,
    "squeezenet1-1": 1_235_496,
    "vgg16": 138_357_544,
}
KERASLAB = (
    Conv2D(32, 3, activation="relu"),
    MaxPool2D(2),
    Conv2D(64, 3, activation="relu"),
    MaxPool2D(2),
    Dropout(0.5),
)


def test_names_and_descriptions():
    described = presets()
    assert list(described) == sorted({*NAMES, *PUBLISHED, *SIGNALS})
    for preset in described.values():
        text = preset.description
        assert 20 < len(text) < 120 and "\n" not in text and not text.endswith(".")


@pytest.mark.parametrize("name", presets())
def test_sizes_that_are_listed(name):
    preset = presets()[name]
    plan = Plan(as_layers(name), preset.input_shape, preset.n_outputs)
    assert preset.n_parameters == sum(p.size for p in plan.parameters if p.trainable)
    assert preset.multiply_adds == sum(info.multiply_adds for info in plan.layers)
    assert preset.n_parameters == PUBLISHED.get(name, preset.n_parameters)


@pytest.mark.parametrize("name", presets())
def test_name_maps_have_every_layer(name):
    """Once each, and each module once."""
    plan = Plan(as_layers(name), presets()[name].input_shape, 10)
    layers = {parameter.name.rpartition("/")[0] for parameter in plan.parameters}
    for names in name_maps(name).values():
        assert set(names) == layers and len(set(names.values())) == len(names)


@pytest.mark.parametrize(
    ("name", "shape", "n_outputs", "n_parameters"),
    [
        ("walkthrough", (28, 28, 1), 10, 52 + 76 + 1010),
        ("keraslab", (28, 28, 1), 10, 34_826),  # as Keras's tutorial prints it
        ("lenet", (28, 28, 1), 10, 61_706),
        ("catdog", (150, 150, 3), 1, 9 * (3 * 32 + 32 * 64 + 64 * 128 + 128**2) + 4 * 352 + 129),
        (
            "vgg-small",
            (32, 32, 3),
            10,
            9 * (3 * 32 + 32**2 + 32 * 64 + 64**2 + 64 * 128 + 128**2) + 8 * 224 + 1290,
        ),
        (
            "resnet-small",
            (32, 32, 3),
            10,
            9 * (3 * 32 + 2 * 32**2 + 32 * 64 + 64**2 + 64 * 128 + 128**2)
            + (32 * 64 + 64 + 64 * 128 + 128)  # the shortcuts
            + 4 * (32 + 2 * 224)
            + 1290,
        ),
    ],
)
def test_sizes(name, shape, n_outputs, n_parameters):
    assert Plan(as_layers(name), shape, n_outputs).n_parameters == n_parameters


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shape", [(28, 28, 1), (32, 32, 3), (75, 101, 3), (150, 150, 3)])
def test_images_of_many_sizes(name, shape):
    Plan(as_layers(name), shape, 10)


@pytest.mark.parametrize("name", ["fcn", "inceptiontime", "resnet-1d"])
def test_nets_for_signals_learn_from_few_series_with_the_default_settings(name):
    """150 steps. With Keras's momentum of 0.99, batch norm's averages do not follow, and inceptiontime only guesses."""
    rng = np.random.default_rng(0)
    y = np.arange(60) % 2
    angle = (2 + y[:, None]) * (np.linspace(0, 1, 24) + rng.uniform(size=(60, 1)))
    X = (2 * np.sin(2 * np.pi * angle) + rng.normal(size=(60, 24)))[:, :, None]
    clf = ConvNetClassifier(name, random_state=0).fit(X[:40], y[:40])
    assert clf.score(X[40:], y[40:]) >= 0.9


def test_a_preset_is_a_list_of_layers():
    assert as_layers("keraslab") == KERASLAB


@pytest.mark.parametrize("name", presets())
def test_files_are_json_and_yaml(name, monkeypatch):
    yaml = pytest.importorskip("yaml")
    path = FOLDER / f"{name}.yaml"
    text = path.read_text(encoding="utf-8")
    assert yaml.safe_load(text) == json.loads(text)
    assert list(json.loads(text)) == ["description", "layers"]
    assert as_layers(path) == as_layers(str(path)) == as_layers(text) == as_layers(name)
    monkeypatch.setitem(sys.modules, "yaml", None)
    layers = as_layers(name)
    assert as_layers(to_json(layers)) == layers
    assert as_layers(to_dicts(name)) == layers


def test_a_name_goes_before_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "keraslab").write_text(to_json([ReLU()]))
    assert as_layers("keraslab") == KERASLAB
    assert as_layers(os.path.join(".", "keraslab")) == as_layers(tmp_path / "keraslab") == (ReLU(),)


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("LeNet", "got 'LeNet'. Did you mean 'lenet'?"),
        ("vgg_small", "Did you mean 'vgg-small'?"),
        ("Atuo", "Did you mean 'auto'?"),
        ("my net", f"got 'my net'. Presets: {', '.join(presets())}."),
        ("../presets/lenet", f"Presets: {', '.join(presets())}."),
    ],
)
def test_an_unknown_name_lists_those_that_exist(word, message):
    with pytest.raises(ValueError) as info:
        as_layers(word, (28, 28, 1))
    assert message in str(info.value)
    assert 'must be "auto", a preset or a list of layers' in str(info.value)


def test_a_description_beside_the_layers():
    spec = {"description": "nothing", "layers": [{"type": "ReLU"}]}
    assert as_layers(spec) == as_layers(json.dumps(spec)) == (ReLU(),)
    for bad in ({"description": "no layers"}, spec | {"author": "unknown"}):
        with pytest.raises(ValueError, match=r'a dict of layers must be \{"layers"'):
            as_layers(bad)
