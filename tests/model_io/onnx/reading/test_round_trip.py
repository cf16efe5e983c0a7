"""What ``to_onnx`` writes, `from_onnx` reads: the same estimator, and the same predictions."""

import numpy as np
import pytest
from layer_table import TABLE
from sklearn.frozen import FrozenEstimator

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from onnx_graphs import onnx_outputs  # noqa: E402
from onnx_models import with_random_weights  # noqa: E402

from convnet import (  # noqa: E402
    ConvNetClassifier,
    ConvNetRegressor,
    ConvNetTransformer,
    from_onnx,
)
from convnet.layers import (  # noqa: E402
    LRN,
    Activation,
    BatchNorm,
    Conv2D,
    Dense,
    Flatten,
    GlobalAvgPool2D,
    GroupNorm,
    MaxPool2D,
    Normalize,
    Parallel,
    PReLU,
    ReLU,
    Rescale,
    Residual,
    Resize,
    presets,
)

RNG = np.random.default_rng(0)


def fitted(layers, shape, n=3, **parameters):
    X = RNG.random((2 * n, *shape), dtype=np.float32)
    net = ConvNetClassifier(layers, input_shape=shape, random_state=0, **parameters)
    return with_random_weights(net.initialize(X, np.arange(2 * n) % n)), X


def assert_same(net, back, X):
    assert type(back) is type(net)
    for method in ("predict", "predict_proba", "transform"):
        if hasattr(net, method):
            np.testing.assert_array_equal(getattr(back, method)(X), getattr(net, method)(X))


def assert_equal_attributes(net, back):
    assert back.input_shape_ == net.input_shape_ and back._input_format == net._input_format
    assert [info.name for info in back.layers_] == [info.name for info in net.layers_]
    for name, array in net.weights_.items():
        np.testing.assert_array_equal(back.weights_[name], array, err_msg=name)
    for name in (
        "classes_",
        "n_outputs_",
        "y_mean_",
        "y_scale_",
        "_indicator_dtype",
        "n_features_in_",
    ):
        assert hasattr(net, name) == hasattr(back, name)
        expected, found = getattr(net, name, None), getattr(back, name, None)
        assert np.array_equal(found, expected) and type(found) is type(expected)


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.repr)
def test_every_layer(row):
    net, X = fitted([Activation("tanh"), row.layer, Activation("linear")], row.input_shape)
    back = from_onnx(net.to_onnx())
    assert_same(net, back, X)
    assert list(back.layers) == list(net.layers)


CONV = Conv2D(4, 3, activation="relu")
COMBINATIONS = {
    "normalized flat features": [CONV, Flatten(), BatchNorm(), PReLU(), Dense(5)],
    "neighboring flat features": [CONV, Flatten(), GroupNorm(5), LRN(3, alpha=2), PReLU()],
    "flat features beside others": [CONV, Flatten(), Residual([Dense(80)], activation="prelu")],
    "slopes of merged flat features": [
        CONV,
        Flatten(),
        Parallel([[], [BatchNorm()]], "add", activation="prelu"),
    ],
    "joined flat features": [
        CONV,
        Parallel([[Flatten()], [GlobalAvgPool2D()], [Flatten(), PReLU()]]),
        BatchNorm(),
    ],
    "several orders": [
        CONV,
        Parallel([[Flatten()], [Conv2D(4, 1), Flatten()], [GlobalAvgPool2D(), Dense(80)]], "max"),
    ],
    "preprocessing": [Resize((5, 4)), Rescale(), Normalize(), CONV, MaxPool2D(2)],
}


@pytest.mark.parametrize("layers", COMBINATIONS.values(), ids=COMBINATIONS)
def test_combinations(layers):
    net, X = fitted(layers, (7, 6, 3))
    back = from_onnx(net.to_onnx())
    assert_same(net, back, X)
    assert {**back.weights_}.keys() == {**net.weights_}.keys()


LARGE = 10**7  # parameters


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.slow] * (preset.n_parameters > LARGE))
        for name, preset in presets().items()
    ],
)
@pytest.mark.parametrize("metadata", [True, False], ids=["metadata", "graph alone"])
def test_every_preset(name, metadata):
    """Without the metadata, the graph is translated like that of another library."""
    shape = presets()[name].input_shape
    shape = (48, 48, shape[2]) if len(shape) == 3 and shape[0] > 48 else shape
    net, X = fitted(name, shape)
    model = net.to_onnx()
    if metadata:
        assert_same(net, from_onnx(model), X)
        return
    del model.metadata_props[:]
    back = from_onnx(model)
    np.testing.assert_allclose(back.predict_proba(X), net.predict_proba(X), rtol=0, atol=1e-5)
    assert back.classes_.tolist() == [0, 1, 2]


NET = [Conv2D(4, 3, activation="relu"), MaxPool2D(2)]
IMAGES = RNG.integers(0, 256, (12, 8, 7, 3), dtype=np.uint8)
LABELS = np.arange(12) % 3
ESTIMATORS = {
    "three classes": (ConvNetClassifier(NET), IMAGES, LABELS),
    "two classes": (ConvNetClassifier(NET), IMAGES, LABELS > 0),
    "strings": (ConvNetClassifier(NET), IMAGES, np.array(["cat", "dog", "emu"])[LABELS]),
    "several labels": (
        ConvNetClassifier(NET),
        IMAGES,
        np.array([[1, 1, 0], [0, 1, 0], [1, 0, 1]])[LABELS],
    ),
    "one number": (ConvNetRegressor(NET), IMAGES, 100.0 + LABELS),
    "two numbers": (ConvNetRegressor(NET), IMAGES, np.stack([LABELS, 5 * LABELS], 1)),
    "as they are": (ConvNetRegressor(NET, normalize_y=False), IMAGES, LABELS),
    "uint16": (ConvNetClassifier(NET), IMAGES.astype(np.uint16) * 257, LABELS),
    "float64": (ConvNetClassifier(NET), IMAGES / 255, LABELS),
    "a factor": (ConvNetClassifier(NET, rescale=0.1), IMAGES, LABELS),
    "a layer rescales": (ConvNetClassifier([Rescale(), *NET]), IMAGES, LABELS),
    "channels first": (
        ConvNetClassifier(NET, data_format="channels_first"),
        np.moveaxis(IMAGES, -1, 1),
        LABELS,
    ),
    "gray": (ConvNetClassifier(NET), IMAGES[..., 0], LABELS),
    "flat images": (ConvNetClassifier(NET, input_shape=(8, 7, 3)), IMAGES.reshape(12, -1), LABELS),
    "flat images, channels first": (
        ConvNetClassifier(NET, input_shape=(3, 8, 7), data_format="channels_first"),
        IMAGES.reshape(12, -1),
        LABELS,
    ),
    "normalized": (ConvNetClassifier([Resize(6), Normalize(), *NET]), IMAGES, LABELS),
    "rows": (ConvNetClassifier("auto"), RNG.random((12, 5)), LABELS),
}


@pytest.mark.parametrize(("estimator", "X", "y"), ESTIMATORS.values(), ids=ESTIMATORS)
def test_every_kind_of_estimator(estimator, X, y):
    net = estimator.set_params(max_iter=2, random_state=0).fit(X, y)
    back = from_onnx(net.to_onnx())
    assert_same(net, back, X)
    assert_equal_attributes(net, back)
    assert back.get_params()["rescale"] == net.rescale
    back.set_params(warm_start=True, max_iter=1).fit(X, y)  # the form of X is that of the fit
    assert back.n_iter_ == 1


@pytest.mark.parametrize("layer", ["conv1", "pool1", "flatten", "dense1", "output"])
def test_transformers(layer):
    net = ConvNetClassifier([*NET, Dense(5)], max_iter=1, random_state=0).fit(IMAGES, LABELS)
    transformer = ConvNetTransformer(FrozenEstimator(net), layer=-1).fit(IMAGES, LABELS)
    transformer.layer_ = layer
    back = from_onnx(transformer.to_onnx())
    assert_same(transformer, back, IMAGES)
    assert back.layer_ == layer


def test_a_transformer_of_an_inner_layer_is_refused():
    net = ConvNetClassifier([Residual([Conv2D(3, 1)])], max_iter=1).fit(IMAGES, LABELS)
    transformer = ConvNetTransformer(FrozenEstimator(net), layer="residual1/conv1").fit(
        IMAGES, LABELS
    )
    with pytest.raises(ValueError, match="inside another layer"):
        from_onnx(transformer.to_onnx())


@pytest.mark.parametrize("proba", ["tensor", "zipmap", "columns"])
@pytest.mark.parametrize("labels", [True, False])
@pytest.mark.parametrize("kind", ["two classes", "strings"])
def test_forms_of_the_outputs(kind, proba, labels, tmp_path):
    """With the metadata all of them come back; without, those with probabilities or labels."""
    estimator, X, y = ESTIMATORS[kind]
    net = estimator.set_params(max_iter=1, random_state=0).fit(X, y)
    path = tmp_path / "net.onnx"
    net.to_onnx(path, proba=proba, labels=labels)
    assert_same(net, from_onnx(path), X)
    if proba == "columns":
        return
    model = onnx.load(path)
    del model.metadata_props[:]
    back = from_onnx(model)
    X = X.astype(np.float32) if back._input_format.dtype == "float32" else X
    np.testing.assert_allclose(back.predict_proba(X), net.predict_proba(X), rtol=0, atol=1e-5)
    assert (back._indicator_dtype, len(back.classes_)) == (None, len(net.classes_))
    if kind == "strings" and (labels or proba == "zipmap"):
        assert back.classes_.tolist() == net.classes_.tolist()


def test_a_changed_graph_is_translated():
    """Another program may fold parameters into others, and keep the metadata."""
    net, X = fitted([CONV], (7, 6, 3))
    model = net.to_onnx()
    for one in model.graph.initializer:
        one.name = f"{one.name}_"
    names = {one.name for one in model.graph.initializer}
    for node in model.graph.node:
        node.input[:] = [f"{one}_" if f"{one}_" in names else one for one in node.input]
    back = from_onnx(model)
    np.testing.assert_allclose(back.predict_proba(X), net.predict_proba(X), rtol=0, atol=1e-6)


def _with_sigmoid(graph):
    next(node for node in graph.node if node.op_type == "Relu").op_type = "Sigmoid"


def _with_another_scale(graph):
    next(one for one in graph.initializer if one.name == "input/scale").CopyFrom(
        onnx.numpy_helper.from_array(np.float32(0.5), "input/scale")
    )


def _with_a_temperature(graph):
    softmax = next(node for node in graph.node if node.op_type == "Softmax")
    graph.initializer.append(onnx.numpy_helper.from_array(np.float32(0.5), "temperature"))
    product = onnx.helper.make_node("Mul", [softmax.input[0], "temperature"], ["cooler"])
    graph.node.insert(list(graph.node).index(softmax), product)
    softmax.input[0] = "cooler"


@pytest.mark.parametrize("change", [_with_sigmoid, _with_another_scale, _with_a_temperature])
def test_a_changed_graph_counts_more_than_the_metadata(change):
    net, X = fitted([CONV, ReLU()], (7, 6, 3), rescale=0.1)
    model = net.to_onnx(labels=False)
    change(model.graph)
    onnx.checker.check_model(model, full_check=True)
    expected = onnx_outputs(model, X)
    assert np.abs(expected - net.predict_proba(X)).max() > 1e-3
    np.testing.assert_allclose(from_onnx(model).predict_proba(X), expected, rtol=0, atol=1e-5)


def test_damaged_metadata_are_one_error():
    net, _ = fitted([CONV], (7, 6, 3))
    model = net.to_onnx()
    for entry in model.metadata_props:
        entry.value = entry.value[:-1] if entry.key == "convnet.net" else entry.value
    with pytest.raises(ValueError, match="from_onnx"):
        from_onnx(model)
