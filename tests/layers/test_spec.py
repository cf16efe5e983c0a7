"""Specs in all their forms, friendly and hostile."""

import json
import re
import sys
import time

import numpy as np
import pytest
from hypothesis import given, strategies as st

from convnet import ConvNetClassifier
from convnet._extras import install_command
from convnet.layers import (
    AvgPool2D,
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    Layer,
    MaxPool2D,
    ReLU,
    Residual,
    as_layers,
    auto_layers,
    layer_from_dict,
    layer_types,
    register,
    resolve_names,
    to_dicts,
    to_json,
    to_yaml,
)
from convnet.layers.base import LAYERS
from convnet.values.constraints import number, parameter

NET = (
    Conv2D(16, 3, activation="relu", name="stem"),
    MaxPool2D(2, stride=(1, 2)),
    BatchNorm(epsilon=1e-4),
    Dense(4),
)


@pytest.mark.parametrize(
    "form", [list, tuple, to_dicts, to_json, to_yaml, lambda n: {"layers": to_dicts(n)}]
)
def test_forms(form):
    assert as_layers(form(NET)) == NET
    assert as_layers(form(())) == ()


@pytest.mark.parametrize("name", ["net.json", "net.yaml", "net.yml", "net.YAML", "net"])
def test_files(tmp_path, name):
    path = tmp_path / name
    path.write_text(to_json(NET) if name in ("net.json", "net") else to_yaml(NET))
    assert as_layers(path) == as_layers(str(path)) == NET


def test_layers_and_dicts_mix():
    assert as_layers([ReLU(), {"type": "Dense", "units": 3}]) == (ReLU(), Dense(3))


def test_yaml_as_people_write_it():
    text = "layers:\n  - type: Conv2D\n    filters: 8\n    kernel_size: [3, 5]\n  - {type: ReLU}\n"
    assert as_layers(text) == (Conv2D(8, (3, 5)), ReLU())


def test_json_is_a_layer_a_line():
    lines = to_json(NET).splitlines()
    assert (
        lines[1]
        == '  {"type": "Conv2D", "filters": 16, "kernel_size": 3, "activation": "relu", "name": "stem"},'
    )
    assert len(lines) == len(NET) + 2


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("small", "layers must be \"auto\", a preset or a list of layers; got 'small'"),
        ("Auto", "got 'Auto'. Did you mean 'auto'?"),
        ("atuo", "got 'atuo'. Did you mean 'auto'?"),
        ("Conv2D", "layers must be \"auto\", a preset or a list of layers; got 'Conv2D'"),
        ("", "layers must be \"auto\", a preset or a list of layers; got ''"),
        ("auto", 'layers="auto" needs the shape of the input'),
        (None, 'layers must be "auto", a preset or a list of layers; got None'),
        (ReLU(), "layers must be a list; got one layer. Write [ReLU()]"),
        ([ReLU], "layers[0] is the class ReLU. Write ReLU(...)"),
        ([ReLU(), 3], "layers[1] must be a layer or a dict; got 3"),
        (
            [{"type": "conv2d"}],
            "layers[0]: unknown layer type 'conv2d'. Did you mean 'Conv2D'?",
        ),
        (
            [{"type": "MaxPooling2D"}],
            "layers[0]: unknown layer type 'MaxPooling2D'. Write MaxPool2D(2).",
        ),
        ([{"filters": 3}], 'layers[0]: a layer needs a "type", one of '),
        ([{"type": ["ReLU"]}], 'layers[0]: a layer needs a "type", one of '),
        (
            [{"type": "Dense", "unit": 3}],
            "layers[0]: Dense has no parameter 'unit'. Did you mean 'units'?",
        ),
        ([{"type": "Dense", 3: 3}], "layers[0]: Dense has no parameter 3."),
        (
            [{"type": "Dense", "units": 0}],
            "layers[0]: Dense: units must be an integer from 1 to 1048576; got 0",
        ),
        ({"layer": []}, 'a dict of layers must be {"layers": [...]}'),
        ([ReLU()] * 1001, "layers has 1001 entries; at most 1000 are allowed"),
        ("nowhere.json", "layers: cannot read 'nowhere.json': No such file or directory"),
        ("null\0.json", "layers: cannot read"),
        ("[{]", "layers: invalid JSON"),
        ("- {", "layers: invalid YAML"),
        ("[" * 100_000, "layers: the JSON text is nested too deeply"),
        ("- " * 100_000, "layers: the YAML text is nested too deeply"),
        (
            " " * 2**18 + "[]",
            "layers: the text has more than 262144 characters. Shorten it, or pass a list of layers",
        ),
        ("- &a {type: ReLU}\n- *a", "aliases (*name) are not supported"),
        ("- !!python/object/apply:os.getcwd []", "layers: invalid YAML"),
        (
            '[{"type": "Dense", "units": NaN}]',
            "units must be an integer from 1 to 1048576; got nan",
        ),
        ('[{"type": "Dense", "units": 1' + "0" * 5000 + "}]", "layers: invalid JSON"),
        (
            "- {type: Dense, units: 0x" + "f" * 4000 + "}",
            "units must be an integer from 1 to 1048576; got ",
        ),
        ("- type: Dense\n  ? 0x" + "f" * 4000 + "\n  : 1", "Dense has no parameter "),
        ("- {type: Dense, units: 1" + ":1" * 99_999 + "}", "a value has more than 4096 characters"),
        ("- !!bool maybe", "layers: invalid YAML: a value does not fit its tag"),
        ("- !!timestamp x", "layers: invalid YAML: a value does not fit its tag"),
        ("- !!int ''", "layers: invalid YAML: a value does not fit its tag"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_bad_specs(spec, message):
    start = time.thread_time()
    with pytest.raises((TypeError, ValueError)) as info:
        as_layers(spec)
    assert message in str(info.value) and len(str(info.value)) < 500
    assert time.thread_time() - start < 60  # the work must not grow as the square


def test_a_list_that_holds_itself():
    spec = []
    spec.append(spec)
    with pytest.raises(TypeError, match="must be a layer or a dict"):
        as_layers(spec)


@pytest.mark.parametrize(
    ("field", "value"), [("units", -5), ("units", 10**30), ("units", None), ("activation", "x")]
)
def test_layers_are_checked_again(field, value):
    """What was set past the check of a layer when it was built."""
    layer = Dense(3)
    object.__setattr__(layer, field, value)
    for spec in ([layer], [{"type": "Residual", "layers": [layer]}]):
        with pytest.raises(
            (TypeError, ValueError), match=rf"layers\[0\].*: Dense: {field} must be"
        ):
            as_layers(spec)
    with pytest.raises(TypeError, match=r"layers\[0\]: Dense: units must be"):
        as_layers([object.__new__(Dense)])


def test_a_residual_that_holds_itself():
    layer = Residual([ReLU()])
    object.__setattr__(layer, "layers", (layer,))
    with pytest.raises(ValueError, match="more than 8 deep"):
        as_layers([layer])


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
fields = st.sampled_from(
    sorted({name for cls in layer_types().values() for name in cls.parameter_names()})
)
entries = st.fixed_dictionaries({"type": st.sampled_from(sorted(layer_types()))})
likely = st.builds(
    lambda kind, rest: kind | rest, entries, st.dictionaries(fields, junk | st.integers(1, 9))
)


@given(st.lists(likely | junk, max_size=4) | junk)
def test_any_junk_is_refused_or_round_trips(spec):
    try:
        layers = as_layers(spec)
    except (TypeError, ValueError):
        return
    assert as_layers(json.loads(to_json(layers))) == layers


@given(st.text(max_size=40))
def test_any_text_is_refused_or_round_trips(text):
    try:
        layers = as_layers(text)
    except (TypeError, ValueError):
        return
    assert as_layers(to_json(layers)) == layers


def test_a_missing_pyyaml_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "yaml", None)
    assert as_layers(to_json(NET)) == NET
    for call in (lambda: to_yaml(NET), lambda: as_layers("- type: ReLU")):
        with pytest.raises(ImportError, match=re.escape(install_command("yaml"))):
            call()
    with pytest.raises(ValueError, match="Did you mean 'auto'"):
        as_layers("Auto", (8, 8, 1))


def test_names():
    net = [
        Conv2D(3, 3),
        Conv2D(3, 3, name="conv2"),
        Conv2D(3, 3),
        MaxPool2D(2),
        AvgPool2D(2),
        ReLU(),
        Dropout(0.1),
    ]
    net += [BatchNorm(), Flatten(), Dense(3, name="dense2"), Dense(3)]
    names = "conv1 conv2 conv3 pool1 pool2 activation1 dropout1 batchnorm1 flatten1 dense2 dense1"
    assert resolve_names(net) == tuple(names.split())


def test_name_collisions():
    with pytest.raises(ValueError, match=r"layers\[0\] and layers\[2\] are both named 'a'"):
        resolve_names([ReLU(name="a"), ReLU(), Dense(3, name="a")])
    for name in ("output", "flatten"):
        with pytest.raises(ValueError, match=rf"layers\[1\]: the name '{name}' belongs to"):
            resolve_names([ReLU(), ReLU(name=name)])


@pytest.mark.parametrize(
    "shape", [(1, 1, 1), (1, 100, 3), (8, 8, 1), (28, 28, 1), (150, 150, 3), (7, 300, 9), (20,)]
)
def test_auto(shape):
    layers = as_layers("auto", input_shape=shape)
    assert layers == auto_layers(shape)
    for layer in layers:
        if layer.takes == "flat" and len(shape) == 3:
            assert max(shape[:2]) < 8
            shape = Flatten().output_shape(shape)
        shape = layer.output_shape(shape)
    assert shape == (64,)


def test_a_layer_type_is_registered_once():
    with pytest.raises(ValueError, match="'ReLU' is already registered"):
        register(type("ReLU", (ReLU,), {}))
    with pytest.raises(TypeError, match="must be a subclass of Layer"):
        register(dict)
    with pytest.raises(
        ValueError, match=r"that of convnet\.layers\.activation\. Give your class another name"
    ):
        register(type("ReLU", (ReLU,), {}))


def define_swish(beta):
    """Define a layer, as a cell of a notebook does."""

    @register
    class Swish(Layer):
        scale: float = parameter(number(), default=beta)

        def lower(self, builder):
            builder.activation("relu")

    return Swish


def test_a_layer_that_is_defined_again_replaces_the_former_one(monkeypatch):
    monkeypatch.setattr(LAYERS, "_types", layer_types())
    first = define_swish(1.0)
    second = define_swish(2.0)
    assert first is not second
    assert layer_types()["Swish"] is second
    assert layer_from_dict({"type": "Swish"}).scale == 2.0
    X, y = np.random.default_rng(0).random((12, 4)), np.arange(12) % 2
    for cls in (first, second):  # a net of the former class still works
        assert ConvNetClassifier([cls()], max_iter=1).fit(X, y).predict(X).shape == (12,)
