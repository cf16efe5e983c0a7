"""Arrays of other libraries find their layers: by order and shape, by weight_names, by the name map of a preset."""

import json

import h5py
import numpy as np
import pytest
from foreign_weights import conv, linear, norm, torch_arrays
from torch_files import weights_file

import convnet
from convnet import ConvNetClassifier, ConvNetRegressor
from convnet.fitting.weight_matching import match_weights
from convnet.graph import Plan
from convnet.layers import (
    BatchNorm,
    Conv2D,
    Dense,
    DepthwiseConv2D,
    Flatten,
    GlobalAvgPool2D,
    MaxPool2D,
    Normalize,
    ReLU,
    Residual,
    SeparableConv2D,
    preset,
    to_json,
)
from convnet.persistence.weight_files.natural_order import natural_order

RNG = np.random.default_rng(0)
X = RNG.random((12, 8, 6, 2)).astype(np.float32)
Y = np.arange(12) % 3
BODY = [Conv2D(4, 3), BatchNorm(), ReLU(), Conv2D(4, 3, use_bias=False), BatchNorm()]


def net(layers, weights, **params):
    return ConvNetClassifier(layers, init_weights=weights, random_state=0, **params)


def initialized(layers, weights, **params):
    return net(layers, weights, **params).initialize(X, Y)


NET = conv("c1", 4, 2) | norm("n1", 4) | conv("c2", 4, 4, bias=False) | norm("n2", 4)


def test_every_role_goes_to_its_place():
    arrays = torch_arrays(NET | linear("fc", 3, 4 * 4 * 2))
    arrays["n1.num_batches_tracked"] = np.int64(7)
    clf = initialized(BODY, arrays)
    assert clf.init_report_ == {
        "loaded": ["conv1", "batchnorm1", "conv2", "batchnorm2", "output"],
        "missing": [],
        "unexpected": [],
    }
    found = clf.weights_
    np.testing.assert_array_equal(found["conv1/weights"], arrays["c1.weight"].transpose(2, 3, 1, 0))
    for here, there in (("gamma", "weight"), ("beta", "bias"), ("moving_mean", "running_mean")):
        np.testing.assert_array_equal(found[f"batchnorm2/{here}"], arrays[f"n2.{there}"])
    np.testing.assert_array_equal(found["batchnorm1/moving_variance"], arrays["n1.running_var"])
    for h, w, c in np.ndindex(4, 2, 4):  # the feature of a pixel's channel, here and in PyTorch
        np.testing.assert_array_equal(
            found["output/weights"][(h * 2 + w) * 4 + c],
            arrays["fc.weight"][:, (c * 4 + h) * 2 + w],
        )


def test_what_a_file_lacks_gets_its_constant():
    """A convolution without bias, and a normalization without gamma and beta."""
    shapes = conv("c1", 4, 2, bias=False) | norm("n1", 4)
    arrays = torch_arrays(shapes)
    del arrays["n1.weight"], arrays["n1.bias"]
    clf = initialized(BODY[:2], arrays)
    assert clf.init_report_["missing"] == ["output"]
    for name, value in (("conv1/bias", 0), ("batchnorm1/gamma", 1), ("batchnorm1/beta", 0)):
        assert (clf.weights_[name] == value).all()


def test_a_bias_that_the_layer_lacks_is_not_dropped():
    arrays = torch_arrays(conv("c1", 4, 2))
    with pytest.raises(ValueError, match=r"in the net: conv1 .*in init_weights: c1 \(3, 3, 2, 4\)"):
        initialized([Conv2D(4, 3, use_bias=False)], arrays)


def test_shapes_tell_modules_apart_whose_order_differs():
    """PyTorch lists modules in the order of their definition, which may not be that of their use."""
    arrays = torch_arrays(conv("late", 5, 4) | conv("early", 4, 2) | linear("fc", 3, 5))
    clf = initialized([Conv2D(4, 3), Conv2D(5, 3), GlobalAvgPool2D()], arrays)
    np.testing.assert_array_equal(
        clf.weights_["conv1/weights"], arrays["early.weight"].transpose(2, 3, 1, 0)
    )


def test_modules_of_one_shape_go_by_their_order():
    arrays = torch_arrays(conv("b", 2, 2) | conv("a", 2, 2))
    clf = initialized([Conv2D(2, 3), Conv2D(2, 3)], arrays)
    np.testing.assert_array_equal(
        clf.weights_["conv2/weights"], arrays["a.weight"].transpose(2, 3, 1, 0)
    )


def test_the_head_may_differ():
    """An output layer of another size, and last layers that only one side has."""
    arrays = torch_arrays(NET | linear("fc", 10, 32))
    clf = initialized(BODY, arrays)
    assert clf.init_report_["missing"] == ["output"]
    assert clf.init_report_["unexpected"] == ["fc"]
    clf = initialized([*BODY[:2], Dense(5, name="new")], arrays)
    assert clf.init_report_["loaded"] == ["conv1", "batchnorm1"]
    assert clf.init_report_["unexpected"] == ["c2", "n2", "fc"]
    reg = ConvNetRegressor(BODY, init_weights=arrays).initialize(X, Y.astype(float))
    assert reg.init_report_["missing"] == ["output"]


@pytest.mark.parametrize(
    "layers",
    [[Conv2D(5, 3), *BODY[1:]], [Conv2D(4, 3, padding="same"), Conv2D(6, 3), Conv2D(4, 3)]],
)
def test_layers_without_weights_before_others_are_an_error(layers):
    with pytest.raises(ValueError) as info:
        initialized(layers, torch_arrays(NET))
    message = str(info.value)
    assert message.startswith("ConvNetClassifier: init_weights: its arrays do not match the layers")
    for side in ("the net: conv", "init_weights: ", "c2 (3, 3, 4, 4)"):
        assert side in message
    assert 'weight_names={"conv1"' in message


def test_modules_left_over_before_others_are_an_error():
    """An auxiliary head with layers of the same shape, for example."""
    arrays = torch_arrays(conv("c1", 4, 2) | conv("aux", 9, 4) | conv("c2", 4, 4, bias=False))
    with pytest.raises(
        ValueError, match=r"in the net: output.*in init_weights: aux \(3, 3, 4, 9\)"
    ):
        initialized([Conv2D(4, 3), Conv2D(4, 3, use_bias=False), GlobalAvgPool2D()], arrays)
    names = {"conv1": "c1", "conv2": "c2"}
    clf = initialized([Conv2D(4, 3), Conv2D(4, 3), GlobalAvgPool2D()], arrays, weight_names=names)
    assert clf.init_report_ == {
        "loaded": ["conv1", "conv2"],
        "missing": ["output"],
        "unexpected": ["aux"],
    }


@pytest.mark.parametrize("kind", ["prelu", "norm"])
def test_what_changes_maps_in_the_middle_must_not_be_left_out(kind):
    """A net with ReLU, or without a normalization, would compute something else from the other weights."""
    between = norm("between", 4) if kind == "norm" else {"between.weight": (4,)}
    layers = [Conv2D(4, 3, activation="relu"), Conv2D(3, 3), GlobalAvgPool2D()]
    arrays = torch_arrays(conv("c1", 4, 2) | between | conv("c2", 3, 4))
    with pytest.raises(ValueError, match=r"Left over in init_weights: between"):
        initialized(layers, arrays)
    names = {"conv1": "c1", "conv2": "c2"}
    initialized(layers, arrays, weight_names=names)
    behind = torch_arrays(conv("c1", 4, 2) | conv("c2", 3, 4) | between)
    assert initialized(layers, behind).init_report_["unexpected"] == ["between"]


def test_nothing_fits():
    with pytest.raises(ValueError, match=r"in the net: conv1 .*in init_weights: c1"):
        initialized([Conv2D(7, 5)], torch_arrays(NET))


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (np.full(4, np.nan, np.float32), "conv1/bias has values that are not finite"),
        (np.full(4, 1e300), "conv1/bias has values that are not finite"),
        (np.full(4, 1j), "must be an array of real numbers"),
    ],
)
def test_values_that_cannot_be_used(bad, message):
    with pytest.raises((TypeError, ValueError), match=message):
        initialized(BODY, torch_arrays(NET) | {"c1.bias": bad})
    arrays = torch_arrays(NET)
    arrays["n1.running_var"] = -arrays["n1.running_var"]
    with pytest.raises(ValueError, match="batchnorm1/moving_variance has values below 0"):
        initialized(BODY, arrays)


def sorted_file(shapes, folder):
    """Return a file whose arrays are sorted by name."""
    import safetensors.numpy

    arrays = torch_arrays(shapes)
    safetensors.numpy.save_file(arrays, folder / "w.safetensors")
    return arrays, folder / "w.safetensors"


@pytest.mark.parametrize(
    ("names", "known"),
    [
        (("conv1", "bn1", "conv2", "bn2"), True),
        (("z.0", "z.1", "z.3", "z.4"), True),
        (("features.9", "features.10", "features.11", "features.12"), True),
        (("stem.conv", "stem.bn", "body.conv", "body.bn"), True),
        (("stem", "norm_a", "body", "norm_b"), False),
        (("stem", "bn1", "body", "blocks.0.bn"), False),
        (("conv2", "bn1", "conv3", "bn2"), True),
    ],
)
def test_files_that_are_sorted_by_name(tmp_path, names, known):
    """The normalizations have one shape. Numbers or the convolution beside each tell them apart, or nothing does."""
    c1, n1, c2, n2 = names
    shapes = conv(c1, 4, 2) | norm(n1, 4) | conv(c2, 4, 4, bias=False) | norm(n2, 4)
    arrays, path = sorted_file(shapes, tmp_path)
    layers = [*BODY, GlobalAvgPool2D()]
    names = {"conv1": c1, "batchnorm1": n1, "conv2": c2, "batchnorm2": n2}
    clf = initialized(layers, path, weight_names=names)
    for here, there in (("batchnorm1", n1), ("batchnorm2", n2)):
        np.testing.assert_array_equal(clf.weights_[f"{here}/gamma"], arrays[f"{there}.weight"])
    if not known:
        with pytest.raises(ValueError, match=r"sorted by name.*which of .*weight_names"):
            initialized(layers, path)
        return
    again = initialized(layers, path)
    for name, array in clf.weights_.items():
        np.testing.assert_array_equal(again.weights_[name], array)


def test_names_of_layers():
    """If all layers have a module of their name, names decide, whatever the order."""
    layers = [Conv2D(2, 3, name="a"), Conv2D(2, 3, name="b")]
    arrays = torch_arrays(conv("b", 2, 2) | conv("a", 2, 2))
    clf = initialized(layers, arrays)
    np.testing.assert_array_equal(
        clf.weights_["a/weights"], arrays["a.weight"].transpose(2, 3, 1, 0)
    )


def test_weight_names_of_arrays_and_of_other_dicts():
    arrays = torch_arrays(conv("c1", 4, 2) | conv("c2", 4, 2))
    names = {"conv1/weights": "c1.weight", "conv1/bias": "c2.bias"}
    clf = initialized(BODY, arrays, weight_names=names)
    np.testing.assert_array_equal(
        clf.weights_["conv1/weights"], arrays["c1.weight"].transpose(2, 3, 1, 0)
    )
    np.testing.assert_array_equal(clf.weights_["conv1/bias"], arrays["c2.bias"])
    assert clf.init_report_["loaded"] == ["conv1"]
    assert clf.init_report_["missing"] == ["batchnorm1", "conv2", "batchnorm2", "output"]
    plain = {"W": RNG.random((3, 3, 2, 4)), "x": np.ones(3)}  # as it is here
    clf = initialized(BODY, plain, weight_names={"conv1/weights": "W"})
    np.testing.assert_array_equal(clf.weights_["conv1/weights"], plain["W"].astype(np.float32))
    assert (clf.weights_["conv1/bias"] == 0).all()
    other = initialized([Conv2D(4, 3, name="stem")], None)
    clf = initialized(BODY, other.weights_, weight_names={"conv1": "stem"})
    np.testing.assert_array_equal(clf.weights_["conv1/weights"], other.weights_["stem/weights"])


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ({"conv9": "c1"}, r"no layer with weights named 'conv9'.*It has conv1.*Did you mean 'conv"),
        (
            {"conv1": "C1"},
            r"weight_names: conv1: .*no module named 'C1'. It has c1.*Did you mean 'c1'",
        ),
        ({"conv1/weights": "c1.wieght"}, "no array named 'c1.wieght'.*Did you mean 'c1.weight'"),
        (
            {"conv1": "c2"},
            r"conv1/weights has shape \(3, 3, 2, 4\), but 'c2.weight' has shape \(4, 4, 3, 3\), "
            r"\(3, 3, 4, 4\) in the layout of convnet",
        ),
        ({"conv2": "c1"}, "conv2/weights has shape"),
        ({"batchnorm1/gamma": "n1.weight"}, "batchnorm1 also needs batchnorm1/moving_mean"),
        ({"conv1": "n1"}, "belongs to conv1/gamma, which the net does not have"),
    ],
)
def test_weight_names_that_do_not_fit(names, message):
    with pytest.raises(ValueError, match=f"weight_names.*{message}|{message}"):
        initialized(BODY, torch_arrays(NET), weight_names=names)


def test_weight_names_without_weights():
    with pytest.raises(ValueError, match="weight_names says where init_weights has the weights"):
        initialized(BODY, None, weight_names={"conv1": "c1"})


def test_names_with_the_prefix_that_was_removed():
    arrays = torch_arrays({f"module.{name}": shape for name, shape in NET.items()})
    for prefix in ("module.", ""):
        names = {"conv1": f"{prefix}c1", "batchnorm1/beta": f"{prefix}n1.bias"}
        names |= {
            f"batchnorm1/moving_{k}": f"{prefix}n1.running_{v}"
            for k, v in (("mean", "mean"), ("variance", "var"))
        }
        clf = initialized(BODY, arrays, weight_names=names)
        assert clf.init_report_["loaded"] == ["conv1", "batchnorm1"]


def test_the_report_is_printed(tmp_path, capsys):
    (tmp_path / "w.pth").write_bytes(weights_file(torch_arrays(NET | linear("fc", 9, 32))))
    initialized(BODY, tmp_path / "w.pth", verbose=True)
    out = capsys.readouterr().out
    assert "init_weights: loaded: conv1 from c1, batchnorm1 from n1, conv2 from c2" in out
    assert "missing: output; unexpected: fc" in out


def test_a_fit_begins_there_and_is_saved_with_its_names(tmp_path):
    """At a vanishing rate the weights are those of the file, Normalize learns, and frozen layers keep them."""
    path = tmp_path / "w.pth"
    arrays = torch_arrays(NET)
    path.write_bytes(weights_file(arrays))
    names = {"conv1": "c1", "batchnorm1": "n1"}
    clf = net([Normalize(), *BODY], str(path), weight_names=names, freeze=["conv1", "batchnorm1"])
    clf.set_params(max_iter=1).fit(X, Y)
    np.testing.assert_array_equal(clf.weights_["conv1/bias"], arrays["c1.bias"])
    np.testing.assert_array_equal(clf.weights_["batchnorm1/moving_mean"], arrays["n1.running_mean"])
    np.testing.assert_allclose(clf.weights_["normalize1/mean"], X.mean((0, 1, 2)), rtol=1e-5)
    clf.save(tmp_path / "model.npz")
    again = convnet.load(tmp_path / "model.npz")
    assert again.weight_names == names and again.init_weights == str(path)


def test_a_broken_file_is_one_error(tmp_path):
    (tmp_path / "w.pth").write_bytes(weights_file(torch_arrays(NET))[:-30])
    with pytest.raises(convnet.ModelFileError, match=r"w\.pth' does not hold weights"):
        initialized(BODY, tmp_path / "w.pth")
    with pytest.raises(FileNotFoundError, match=r"There is no file .*or of weights from PyTorch"):
        initialized(BODY, tmp_path / "none.pth")


@pytest.fixture
def foo(tmp_path, monkeypatch):
    """A preset "foo" with name maps for two sources."""
    layers = [Conv2D(2, 3), BatchNorm(), Conv2D(2, 3), BatchNorm(), GlobalAvgPool2D()]
    spec = {"description": "A net for tests", "layers": json.loads(to_json(layers))}
    (tmp_path / "presets" / "names").mkdir(parents=True)
    (tmp_path / "presets" / "foo.yaml").write_text(json.dumps(spec))
    maps = {
        "foo.timm": {"conv1": "x", "batchnorm1": "xn", "conv2": "a", "batchnorm2": "an"},
        "foo.zoo": {"conv1/weights": "w.weight", "conv1/bias": "v.bias"},
        "foo.torchvision": {
            "conv1": "features.1",
            "batchnorm1": "features.9",
            "conv2": "features.0",
            "batchnorm2": "features.8",
            "output": "classifier",
        },
        "foobar.timm": {"conv1": "nothing"},
    }
    for name, names in maps.items():
        (tmp_path / "presets" / "names" / f"{name}.json").write_text(json.dumps(names))
    monkeypatch.setattr(preset, "FOLDER", tmp_path / "presets")
    preset.names.cache_clear()
    yield maps
    preset.names.cache_clear()


@pytest.mark.parametrize("source", ["timm", "torchvision"])
@pytest.mark.parametrize("classes", [3, 10])
def test_a_preset_has_name_maps(foo, tmp_path, source, classes):
    """The order in the file is another one, so only the map can be right."""
    names = foo[f"foo.{source}"]
    layers = ("conv2", "conv1", "batchnorm2", "batchnorm1")
    shapes = {}
    for layer in layers:
        shapes |= (conv if "conv" in layer else norm)(names[layer], 2, *(2,) * ("conv" in layer))
    shapes |= linear(names.get("output", "head"), classes, 2)
    arrays = torch_arrays(shapes)
    (tmp_path / "w.pth").write_bytes(weights_file(arrays))
    clf = initialized("foo", tmp_path / "w.pth")
    for layer in ("batchnorm1", "batchnorm2"):
        np.testing.assert_array_equal(
            clf.weights_[f"{layer}/gamma"], arrays[f"{names[layer]}.weight"]
        )
    for layer in ("conv1", "conv2"):
        np.testing.assert_array_equal(
            clf.weights_[f"{layer}/weights"], arrays[f"{names[layer]}.weight"].transpose(2, 3, 1, 0)
        )
    loads = "output" in names and classes == 3
    assert clf.init_report_["missing"] == ([] if loads else ["output"])


def test_a_name_map_may_name_arrays(foo):
    arrays = torch_arrays(conv("w", 2, 2) | conv("v", 2, 2))
    clf = initialized("foo", arrays)
    np.testing.assert_array_equal(clf.weights_["conv1/bias"], arrays["v.bias"])
    assert clf.init_report_["loaded"] == ["conv1"]


def test_another_file_for_a_preset_goes_by_order(foo):
    arrays = torch_arrays(conv("a", 2, 2) | norm("b", 2) | conv("c", 2, 2) | norm("d", 2))
    clf = initialized("foo", arrays)
    np.testing.assert_array_equal(clf.weights_["batchnorm1/gamma"], arrays["b.weight"])


def keras_layers():
    return [
        *(Conv2D(4, 3), BatchNorm(), DepthwiseConv2D(3, depth_multiplier=2), ReLU()),
        *(SeparableConv2D(5, 3), Flatten(), Dense(6)),
    ]


def keras_shapes(features):
    return {
        "conv2d": {"kernel": (3, 3, 2, 4), "bias": (4,)},
        "batch_normalization": dict.fromkeys(
            ("gamma", "beta", "moving_mean", "moving_variance"), (4,)
        ),
        "depthwise_conv2d": {"depthwise_kernel": (3, 3, 4, 2), "bias": (8,)},
        "separable_conv2d": {
            "depthwise_kernel": (3, 3, 8, 1),
            "pointwise_kernel": (1, 1, 8, 5),
            "bias": (5,),
        },
        "dense": {"kernel": (features, 6), "bias": (6,)},
        "dense_1": {"kernel": (6, 3), "bias": (3,)},
    }


@pytest.mark.parametrize("form", ["keras 2", "keras 3", "dict"])
def test_files_of_keras(tmp_path, form):
    layers = keras_layers()
    features = Plan(layers, (12, 10, 2)).named["flatten1"].output_shape[0]
    shapes = keras_shapes(features)
    arrays = {
        layer: {role: RNG.random(shape).astype(np.float32) for role, shape in roles.items()}
        for layer, roles in shapes.items()
    }
    path = tmp_path / "w.h5"
    if form == "dict":
        path = {
            f"{layer}/{role}:0": a for layer, roles in arrays.items() for role, a in roles.items()
        }
    else:
        with h5py.File(path, "w") as file:
            if form == "keras 2":
                file.attrs["layer_names"] = [name.encode() for name in arrays]
            for layer, roles in arrays.items():
                for i, (role, array) in enumerate(roles.items()):
                    new = form == "keras 3"
                    name = f"layers/{layer}/vars/{i}" if new else f"{layer}/{layer}/{role}:0"
                    file[name] = array
    images = RNG.random((12, 12, 10, 2)).astype(np.float32)
    clf = ConvNetClassifier(layers, init_weights=path).initialize(images, Y)
    assert clf.init_report_["missing"] == clf.init_report_["unexpected"] == []
    found = clf.weights_
    np.testing.assert_array_equal(found["conv1/weights"], arrays["conv2d"]["kernel"])
    for role in ("gamma", "beta", "moving_mean", "moving_variance"):
        np.testing.assert_array_equal(
            found[f"batchnorm1/{role}"], arrays["batch_normalization"][role]
        )
    for channel, multiple in np.ndindex(4, 2):
        np.testing.assert_array_equal(
            found["depthwise1/weights"][:, :, 0, 2 * channel + multiple],
            arrays["depthwise_conv2d"]["depthwise_kernel"][:, :, channel, multiple],
        )
    np.testing.assert_array_equal(
        found["separable1/depthwise/weights"][:, :, 0],
        arrays["separable_conv2d"]["depthwise_kernel"][..., 0],
    )
    np.testing.assert_array_equal(
        found["separable1/pointwise/weights"], arrays["separable_conv2d"]["pointwise_kernel"]
    )
    np.testing.assert_array_equal(found["dense1/weights"], arrays["dense"]["kernel"])
    np.testing.assert_array_equal(found["output/weights"], arrays["dense_1"]["kernel"])


def test_normalizations_of_keras_without_scale(tmp_path):
    """As in Inception: beta, mean and variance, by number."""
    with h5py.File(tmp_path / "w.h5", "w") as file:
        file["layers/conv2d/vars/0"] = RNG.random((3, 3, 2, 4))
        for i in range(3):
            file[f"layers/batch_normalization/vars/{i}"] = np.full(4, i + 1.0)
    clf = initialized(BODY[:2], tmp_path / "w.h5")
    for role, value in (("gamma", 1), ("beta", 1), ("moving_mean", 2), ("moving_variance", 3)):
        assert (clf.weights_[f"batchnorm1/{role}"] == value).all()


def zeros(shapes):
    """Return arrays that take no memory."""
    return {name: np.broadcast_to(np.float32(0), shape) for name, shape in shapes.items()}


def matched(layers, arrays, ordered=True):
    plan = Plan(layers, (224, 224, 3), 10)
    return match_weights(plan, arrays, ordered=ordered, weight_names=None, maps={})


def test_the_convolutions_of_vgg11():
    """As docs/transfer.md shows it: the head is another one."""
    shapes, layers, before = {}, [Normalize()], 3
    places = (0, 3, 6, 8, 11, 13, 16, 18)
    for i, filters in zip(places, (64, 128, 256, 256, 512, 512, 512, 512), strict=True):
        shapes |= conv(f"features.{i}", filters, before)
        layers.append(Conv2D(filters, 3, padding=1, activation="relu"))
        layers += [MaxPool2D(2)] if i in (0, 3, 8, 13, 18) else []
        before = filters
    for i, out, inputs in ((0, 4096, 25088), (3, 4096, 4096), (6, 1000, 4096)):
        shapes |= linear(f"classifier.{i}", out, inputs)
    match = matched([*layers, GlobalAvgPool2D()], zeros(shapes))
    assert match.origins == {f"conv{i + 1}": f"features.{n}" for i, n in enumerate(places)}
    assert match.unexpected == ["classifier.0", "classifier.3", "classifier.6"]


@pytest.mark.parametrize("ordered", [True, False], ids=["pth", "safetensors"])
def test_resnet18(ordered):
    """The names of torchvision and timm. Most shapes occur several times."""
    shapes = conv("conv1", 64, 3, 7, bias=False) | norm("bn1", 64)
    layers = [Conv2D(64, 7, stride=2, padding=3, use_bias=False), BatchNorm(), ReLU()]
    layers.append(MaxPool2D(2))
    want = {"conv1": "conv1", "batchnorm1": "bn1"}
    before = 64
    for i in range(8):
        filters, block = 64 * 2 ** (i // 2), f"layer{i // 2 + 1}.{i % 2}"
        changes = filters != before
        body = []
        for j, inputs in ((1, before), (2, filters)):
            shapes |= conv(f"{block}.conv{j}", filters, inputs, bias=False)
            shapes |= norm(f"{block}.bn{j}", filters)
            stride = 2 if changes and j == 1 else 1
            body += [Conv2D(filters, 3, stride=stride, padding=1, use_bias=False), BatchNorm()]
            want[f"residual{i + 1}/conv{j}"] = f"{block}.conv{j}"
            want[f"residual{i + 1}/batchnorm{j}"] = f"{block}.bn{j}"
        shortcut = []
        if changes:
            shapes |= conv(f"{block}.downsample.0", filters, before, 1, bias=False)
            shapes |= norm(f"{block}.downsample.1", filters)
            shortcut = [Conv2D(filters, 1, stride=2, use_bias=False), BatchNorm()]
            want[f"residual{i + 1}/shortcut/conv1"] = f"{block}.downsample.0"
            want[f"residual{i + 1}/shortcut/batchnorm1"] = f"{block}.downsample.1"
        layers.append(Residual([*body[:2], ReLU(), *body[2:]], "relu", shortcut))
        before = filters
    shapes |= linear("fc", 1000, 512)
    names = list(shapes) if ordered else natural_order(shapes)
    match = matched(
        [*layers, GlobalAvgPool2D()], zeros({name: shapes[name] for name in names}), ordered
    )
    assert match.origins == want and match.unexpected == ["fc"]


def test_normalizations_before_convolutions():
    """In a sorted file, "bn1" then stands beside "conv1" too, which it precedes. Only the order by numbers is right."""
    shapes = conv("conv1", 4, 3, bias=False) | linear("fc", 10, 4)
    layers = [Conv2D(4, 3, padding=1, use_bias=False)]
    want = {"conv1": "conv1", "output": "fc"}
    for i in range(2):
        for j in (1, 2):
            shapes |= norm(f"layer.{i}.bn{j}", 4) | conv(f"layer.{i}.conv{j}", 4, 4, bias=False)
            want[f"residual{i + 1}/batchnorm{j}"] = f"layer.{i}.bn{j}"
            want[f"residual{i + 1}/conv{j}"] = f"layer.{i}.conv{j}"
        body = [BatchNorm(), ReLU(), Conv2D(4, 3, padding=1, use_bias=False)]
        layers.append(Residual(body * 2))
    names = natural_order(shapes)
    arrays = zeros({name: shapes[name] for name in names})
    assert matched([*layers, GlobalAvgPool2D()], arrays, ordered=False).origins == want


def test_a_name_map_of_another_shape_is_named(foo):
    """Gray images, for example: the map is right, but its first layer has other weights."""
    names = foo["foo.timm"]
    shapes = conv(names["conv1"], 2, 3) | conv(names["conv2"], 2, 2)
    shapes |= norm(names["batchnorm1"], 2) | norm(names["batchnorm2"], 2)
    with pytest.raises(
        ValueError, match=r"name map 'foo\.timm' of the preset: conv1/weights has shape"
    ):
        initialized("foo", torch_arrays(shapes))
