"""Every kind of estimator as an ONNX model, and its outputs, names and metadata."""

import json

import numpy as np
import pytest
from onnx_models import (
    TOLERANCE,
    assert_same_classes,
    check,
    libraries,
    operators,
    opsets,
    run,
    with_random_weights,
)
from sklearn.frozen import FrozenEstimator

import convnet
from convnet import ConvNetClassifier, ConvNetRegressor, ConvNetTransformer
from convnet.layers import (
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAvgPool2D,
    MaxPool2D,
    Residual,
    to_dicts,
)
from convnet.persistence.json_values import from_json

SHAPE = (6, 5, 3)
LAYERS = [Conv2D(4, 3, padding="same", activation="relu"), MaxPool2D(2), Dense(6, activation="relu")]  # fmt: skip


@pytest.fixture(autouse=True)
def _needs_onnx():
    libraries()


def images(n=8):
    """Return images that a net with random weights tells apart: noise around different colors."""
    rng = np.random.default_rng(0)
    return rng.integers(rng.integers(0, 128, (n, 1, 1, 3)), 256, (n, *SHAPE), dtype=np.uint8)


def classifier(labels, layers=LAYERS):
    X = images()
    clf = with_random_weights(ConvNetClassifier(layers).initialize(X, labels))
    middle = clf.decision_function(X).mean(axis=0)  # so that it predicts several labels
    return clf.set_weights({"output/bias": clf.weights_["output/bias"] - middle}), X


LABELS = {
    "numbers in order": np.arange(8) % 3,
    "other numbers": np.arange(8) % 3 * 10 - 7,
    "small numbers": (np.arange(8) % 3 * 10).astype(np.uint8),
    "floats": np.arange(8) % 3 + 1.0,
    "strings": np.array(["cat", "dog", "Löwe", "cat"] * 2),
    "strings as objects": np.array(["cat", "dog", "Löwe", "cat"] * 2, dtype=object),
    "two numbers": np.arange(8) % 2,
    "two strings": np.array(["no", "yes"] * 4),
    "two truths": np.arange(8) % 2 == 0,
}


@pytest.mark.parametrize("opset", opsets())
@pytest.mark.parametrize("labels", LABELS.values(), ids=LABELS)
def test_classes(labels, opset):
    clf, X = classifier(labels)
    assert len(set(clf.predict(X))) > 1
    model = clf.to_onnx(opset=opset)
    assert_same_classes(clf, model, X)
    label = run(model, X)["label"]
    assert label.dtype == (object if labels.dtype.kind in "UO" else np.int64)
    assert json.loads(metadata(model)["classes"]) == [str(c) for c in clf.classes_]


@pytest.mark.parametrize("opset", opsets())
@pytest.mark.parametrize("dtype", [int, bool, float])
def test_several_labels(dtype, opset):
    y = np.random.default_rng(1).integers(0, 2, (8, 4)).astype(dtype)
    clf, X = classifier(y)
    model = clf.to_onnx(opset=opset)
    assert_same_classes(clf, model, X)
    assert run(model, X)["label"].dtype == np.int64
    assert clf.predict(X).any() and not clf.predict(X).all()


def test_a_logit_of_zero_is_the_first_class():
    clf = ConvNetClassifier([Flatten()]).initialize(images(), np.arange(8) % 2)
    clf.set_weights({name: np.zeros(array.shape) for name, array in clf.weights_.items()})
    assert_same_classes(clf, clf.to_onnx(), images())


@pytest.mark.parametrize("y", [LABELS["other numbers"], LABELS["two strings"], np.eye(8)[:, :3]])
@pytest.mark.parametrize("labels", [True, False])
def test_a_dict_for_each_sample(y, labels):
    clf, X = classifier(y)
    model = clf.to_onnx(proba="zipmap", labels=labels)
    check(model)
    found = run(model, X)
    assert list(found) == ["label", "probabilities"][not labels :]
    assert isinstance(found["probabilities"], list)
    for dictionary, row in zip(found["probabilities"], clf.predict_proba(X), strict=True):
        assert list(dictionary) == clf.classes_.tolist()
        np.testing.assert_allclose(list(dictionary.values()), row, rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("y", [LABELS["other numbers"], LABELS["two strings"], np.eye(8)[:, :3]])
@pytest.mark.parametrize("labels", [True, False])
def test_an_output_for_each_class(y, labels):
    clf, X = classifier(y)
    model = clf.to_onnx(proba="columns", labels=labels)
    check(model)
    found, expected = run(model, X), clf.predict_proba(X)
    names = [f"probability_{label}" for label in clf.classes_]
    assert list(found) == ["label", *names][not labels :]
    for name, column in zip(names, expected.T, strict=True):
        np.testing.assert_allclose(found[name], column, rtol=0, atol=TOLERANCE)


def test_probabilities_alone():
    clf, X = classifier(LABELS["strings"])
    model = clf.to_onnx(labels=False)
    check(model)
    assert list(run(model, X)) == ["probabilities"] and "ArgMax" not in operators(model)


@pytest.mark.parametrize("opset", opsets())
@pytest.mark.parametrize("normalize_y", [True, False])
@pytest.mark.parametrize("n_outputs", [1, 3])
def test_values(n_outputs, normalize_y, opset):
    X, rng = images(), np.random.default_rng(1)
    y = rng.normal(size=(8, n_outputs)).squeeze() * 3 + 1e9
    net = ConvNetRegressor(LAYERS, normalize_y=normalize_y).initialize(X, y)
    model = with_random_weights(net).to_onnx(opset=opset)
    check(model)
    found, expected = run(model, X), net.predict(X)
    assert list(found) == ["prediction"] and found["prediction"].dtype == np.float64
    assert found["prediction"].shape == expected.shape
    spread = net.y_scale_.max()  # rounding of float32 at the mean would be 64
    np.testing.assert_allclose(found["prediction"], expected, rtol=0, atol=1e-5 * max(1.0, spread))


BLOCK = Residual([Conv2D(4, 3, padding="same"), BatchNorm()], activation="relu", name="block")
FEATURES = [Conv2D(4, 3, activation="relu"), Dropout(0.5), BLOCK, Flatten(), BatchNorm(), Dense(6)]
GRAY = [Conv2D(1, 3), GlobalAvgPool2D(), Dense(6)]


@pytest.mark.parametrize("opset", opsets())
@pytest.mark.parametrize(
    ("layers", "layer"),
    [
        *((FEATURES, name) for name in ("conv1", "dropout1", "block/conv1", "block/batchnorm1")),
        *((FEATURES, name) for name in ("block", "flatten1", "batchnorm1", "dense1", "output")),
        *((GRAY, name) for name in ("conv1", "globalpool1")),
        (LAYERS, "flatten"),
    ],
)
def test_embeddings(layers, layer, opset):
    X, y = images(), LABELS["other numbers"]
    net = with_random_weights(ConvNetClassifier(layers).initialize(X, y))
    transformer = ConvNetTransformer(FrozenEstimator(net), layer).fit(X)
    model = transformer.to_onnx(opset=opset)
    check(model)
    found, expected = run(model, X), transformer.transform(X)
    assert list(found) == ["embeddings"] and found["embeddings"].dtype == np.float32
    np.testing.assert_allclose(found["embeddings"], expected, rtol=0, atol=TOLERANCE)
    assert metadata(model)["convnet.layer"] == layer
    named = {tensor.name for tensor in model.graph.initializer}
    assert not named & {"output/weights"} or layer == "output"


def test_embeddings_of_a_net_that_was_fitted():
    X, y = images(), LABELS["other numbers"]
    transformer = ConvNetTransformer(ConvNetRegressor(LAYERS, max_iter=1)).fit(X, y)
    found = run(transformer.to_onnx(), X)["embeddings"]
    np.testing.assert_allclose(found, transformer.transform(X), rtol=0, atol=TOLERANCE)


def metadata(model):
    return {entry.key: entry.value for entry in model.metadata_props}


def test_names_are_those_of_layers_and_weights():
    block = Residual([Conv2D(4, 1, activation="relu"), BatchNorm()], activation="relu")
    clf, _ = classifier(LABELS["strings"], [Conv2D(4, 3, activation="relu"), block, Dense(3)])
    model = clf.to_onnx()
    nodes = {node.name: node.op_type for node in model.graph.node}
    assert nodes == {
        "input": "Transpose",
        "input/cast": "Cast",
        "input/mul": "Mul",
        "conv1": "Conv",
        "conv1/relu": "Relu",
        "residual1/conv1": "Conv",
        "residual1/conv1/relu": "Relu",
        "residual1/batchnorm1": "BatchNormalization",
        "residual1": "Add",
        "residual1/relu": "Relu",
        "flatten": "Flatten",
        "dense1": "Gemm",
        "output": "Gemm",
        "probabilities": "Softmax",
        "label": "ArgMax",
        "label/gather": "Gather",
    }
    named = {tensor.name for tensor in model.graph.initializer}
    assert named == {*clf.weights_, "input/scale", "classes"}
    values = {output for node in model.graph.node for output in node.output}
    assert {info.name for layer in clf.layers_ for info in layer.walk()} <= values


def test_a_value_named_after_a_layer_is_its_output():
    onnx, _ = libraries()
    clf, X = classifier(LABELS["strings"], [Conv2D(4, 3, activation="relu"), Flatten(), Dense(3)])
    model = clf.to_onnx()
    for name, shape in (("conv1", [4, 4, 3]), ("output", [3])):
        kind = onnx.TensorProto.FLOAT
        model.graph.output.append(onnx.helper.make_tensor_value_info(name, kind, ["n", *shape]))
    check(model)
    found = run(model, X)
    maps = found["conv1"].transpose(0, 2, 3, 1)
    np.testing.assert_allclose(maps, clf.feature_maps(X, "conv1"), rtol=0, atol=1e-5)
    np.testing.assert_allclose(found["output"], clf.decision_function(X), rtol=0, atol=1e-5)


def test_metadata_tells_how_to_build_the_net_again():
    clf, _ = classifier(LABELS["strings"])
    found = metadata(clf.to_onnx())
    assert found["convnet.version"] == convnet.__version__
    assert json.loads(found["classes"]) == ["Löwe", "cat", "dog"]
    assert found["convnet.estimator"] == "ConvNetClassifier"
    assert json.loads(found["convnet.net"]) == {
        "layers": to_dicts(LAYERS),
        "input_shape": [*SHAPE],
        "n_outputs": 3,
    }
    given = {key: from_json(value) for key, value in json.loads(found["convnet.input"]).items()}
    assert given == vars(clf._input_format)
    assert (given["dtype"], given["sample_shape"]) == ("uint8", SHAPE)
    fitted = {key: from_json(value) for key, value in json.loads(found["convnet.fitted"]).items()}
    np.testing.assert_array_equal(fitted["classes_"], clf.classes_)


def test_metadata_of_a_folder_names_its_classes():
    X, y = images(), np.arange(8) % 2
    clf = ConvNetClassifier(LAYERS).initialize(X, y)
    clf._folder_classes = ["cats", "dogs"]
    assert json.loads(metadata(clf.to_onnx())["classes"]) == ["cats", "dogs"]


@pytest.mark.parametrize("opset", opsets())
def test_the_model_says_which_versions_it_needs(opset):
    onnx, _ = libraries()
    clf, _ = classifier(LABELS["strings"])
    model, mapped = clf.to_onnx(opset=opset), clf.to_onnx(opset=opset, proba="zipmap")
    assert [(o.domain, o.version) for o in model.opset_import] == [("", opset)]
    assert [o.domain for o in mapped.opset_import] == ["", "ai.onnx.ml"]
    assert model.ir_version == onnx.helper.find_min_ir_version_for(model.opset_import)
    assert (model.producer_name, model.producer_version) == ("convnet", convnet.__version__)
