"""Pipelines and searches with convnet's estimators, converted by skl2onnx."""

import numpy as np
import pytest
from onnx_models import TOLERANCE, check, libraries, run
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

import convnet.onnx
from convnet import ConvNetClassifier, ConvNetRegressor, ConvNetTransformer
from convnet.layers import Conv2D, MaxPool2D

LAYERS = [Conv2D(4, 3, activation="relu"), MaxPool2D(2)]
SETTINGS = dict(input_shape=(8, 8), max_iter=2, random_state=0)


class Mine(ConvNetClassifier):
    """A user's class."""


@pytest.fixture(autouse=True)
def skl2onnx():
    libraries()
    found = pytest.importorskip("skl2onnx")
    convnet.onnx.register()
    return found


@pytest.fixture(scope="module")
def rows(digits):
    X, y = digits
    return X[:200].reshape(200, 64) / np.float32(255), y[:200]


def pipeline(net):
    return make_pipeline(StandardScaler(), net)


def fitted(y=None, X=None, rows=None, cls=ConvNetClassifier, **params):
    """Return a pipeline that is fitted on the rows, or on these targets."""
    net = cls(LAYERS, **SETTINGS | params)
    return pipeline(net).fit(rows[0], rows[1] if y is None else y)


def test_a_pipeline(skl2onnx, rows):
    pipe = fitted(rows=rows)
    model = skl2onnx.to_onnx(pipe, rows[0][:1], options={"zipmap": False})
    check(model)
    found = run(model, rows[0])
    assert list(found) == ["label", "probabilities"]
    expected = pipe.predict_proba(rows[0])
    np.testing.assert_allclose(found["probabilities"], expected, rtol=0, atol=TOLERANCE)
    np.testing.assert_array_equal(found["label"], pipe.predict(rows[0]))


@pytest.mark.parametrize("opset", [13, 17, 21])
def test_opsets(skl2onnx, rows, opset):
    pipe = fitted(rows=rows)
    options = {"zipmap": False}
    model = skl2onnx.to_onnx(pipe, rows[0][:1], options=options, target_opset=opset)
    check(model)
    assert {o.domain: o.version for o in model.opset_import}[""] == opset
    found = run(model, rows[0])["probabilities"]
    np.testing.assert_allclose(found, pipe.predict_proba(rows[0]), rtol=0, atol=TOLERANCE)


def test_doubles(skl2onnx, rows):
    X, pipe = rows[0].astype(np.float64), fitted(rows=rows)
    found = run(skl2onnx.to_onnx(pipe, X[:1], options={"zipmap": False}), X)["probabilities"]
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, pipe.predict_proba(X), rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("kind", ["string", "int", "bool"])
def test_the_default_is_a_dict_for_each_sample(skl2onnx, rows, kind):
    y = {"string": np.array(["few", "many"])[rows[1] // 5], "int": rows[1], "bool": rows[1] > 4}
    pipe = fitted(y[kind], rows=rows)
    model = skl2onnx.to_onnx(pipe, rows[0][:1])
    check(model)
    found, classes = run(model, rows[0]), pipe.classes_.tolist()
    assert list(found) == ["output_label", "output_probability"]
    np.testing.assert_array_equal(found["output_label"], pipe.predict(rows[0]))
    for dictionary, row in zip(
        found["output_probability"], pipe.predict_proba(rows[0]), strict=True
    ):
        assert list(dictionary) == classes
        np.testing.assert_allclose(list(dictionary.values()), row, rtol=0, atol=TOLERANCE)


def test_columns(skl2onnx, rows):
    pipe = fitted(np.array(["few", "many"])[rows[1] // 5], rows=rows)
    model = skl2onnx.to_onnx(pipe, rows[0][:1], options={"zipmap": "columns"})
    found, expected = run(model, rows[0]), pipe.predict_proba(rows[0])
    assert list(found) == ["output_label", "sfew", "smany"]
    np.testing.assert_allclose(found["smany"], expected[:, 1], rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("two", [True, False])
def test_raw_scores(skl2onnx, rows, two):
    pipe = fitted(rows[1] // 5 if two else None, rows=rows)
    options = {id(pipe[-1]): {"raw_scores": True, "zipmap": False}}
    model = skl2onnx.to_onnx(pipe, rows[0][:1], options=options)
    check(model)
    found, z = run(model, rows[0])["probabilities"], pipe.decision_function(rows[0])
    np.testing.assert_allclose(found, np.stack([-z, z], 1) if two else z, rtol=1e-4, atol=1e-4)


def test_numbers_instead_of_classes(skl2onnx, rows):
    pipe = fitted(np.array(["few", "many"])[rows[1] // 5], rows=rows)
    options = {id(pipe[-1]): {"nocl": True, "zipmap": False}}
    found = run(skl2onnx.to_onnx(pipe, rows[0][:1], options=options), rows[0])
    expected = pipe.predict_proba(rows[0]).argmax(axis=1)
    np.testing.assert_array_equal(found["label"], expected)


@pytest.mark.parametrize("options", [{"zipmap": False}, None, {"zipmap": "columns"}])
def test_several_labels(skl2onnx, rows, options):
    y = rows[1][:, None] % [2, 3, 5] == 0
    pipe = fitted(y, rows=rows)
    model = skl2onnx.to_onnx(pipe, rows[0][:1], options=options)
    check(model)
    label, *probabilities = run(model, rows[0]).values()
    np.testing.assert_array_equal(label, pipe.predict(rows[0]))
    if options is None:
        probabilities = [[list(one.values()) for one in probabilities[0]]]
    found = np.asarray(probabilities[0] if len(probabilities) == 1 else probabilities)
    found = found if len(probabilities) == 1 else found.T
    np.testing.assert_allclose(found, pipe.predict_proba(rows[0]), rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("n_outputs", [1, 2])
def test_a_regressor(skl2onnx, rows, n_outputs):
    y = np.stack([rows[1] * 2.0 + 100, rows[1] - 0.5], axis=1)[:, :n_outputs].squeeze()
    pipe = fitted(y, rows=rows, cls=ConvNetRegressor)
    model = skl2onnx.to_onnx(pipe, rows[0][:1])
    check(model)
    found = run(model, rows[0])["variable"]
    expected = pipe.predict(rows[0]).reshape(-1, n_outputs)
    np.testing.assert_allclose(found, expected, rtol=TOLERANCE, atol=TOLERANCE)


@pytest.mark.parametrize("layer", ["conv1", "flatten", "output"])
def test_a_transformer(skl2onnx, rows, layer):
    net = ConvNetTransformer(ConvNetClassifier(LAYERS, **SETTINGS), layer)
    pipe = Pipeline(
        [("scale", StandardScaler()), ("net", net), ("pca", PCA(5)), ("last", LogisticRegression())]
    ).fit(*rows)
    model = skl2onnx.to_onnx(pipe, rows[0][:1], options={"zipmap": False})
    check(model)
    found, expected = run(model, rows[0])["probabilities"], pipe.predict_proba(rows[0])
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-4)  # also of PCA's in float32


@pytest.mark.parametrize("inside", [True, False])
def test_a_search(skl2onnx, rows, inside):
    """The search itself and its best estimator."""
    net = ConvNetClassifier(LAYERS, **SETTINGS)
    name = "convnetclassifier__layers__0__filters" if inside else "layers__0__filters"
    search = GridSearchCV(pipeline(net) if inside else net, {name: [2, 3]}, cv=2).fit(*rows)
    expected = search.predict_proba(rows[0])
    for one in (search, search.best_estimator_):
        key = "zipmap" if inside else id(one)
        options = {key: False if inside else {"zipmap": False}}
        model = skl2onnx.to_onnx(one, rows[0][:1], options=options)
        check(model)
        found = run(model, rows[0])["probabilities"]
        np.testing.assert_allclose(found, expected, rtol=0, atol=TOLERANCE)


def test_two_nets_in_one_pipeline(skl2onnx, rows):
    """Names of nodes and constants are unique."""
    frozen = ConvNetTransformer(ConvNetClassifier(LAYERS, **SETTINGS), "flatten")
    pipe = make_pipeline(frozen, ConvNetClassifier(LAYERS, **SETTINGS | {"input_shape": (6, 6, 1)}))
    pipe.fit(*rows)
    model = skl2onnx.to_onnx(pipe, rows[0][:1], options={"zipmap": False})
    check(model)
    found = run(model, rows[0])["probabilities"]
    np.testing.assert_allclose(found, pipe.predict_proba(rows[0]), rtol=0, atol=TOLERANCE)


def test_images_of_bytes(skl2onnx, digits):
    from skl2onnx.common.data_types import FloatTensorType, UInt8TensorType

    X, y = digits[0][:200], digits[1][:200]
    clf = ConvNetClassifier(LAYERS, max_iter=2, random_state=0).fit(X, y)
    for kind, shape, images in (
        (UInt8TensorType, [None, 8, 8, 1], X),
        (UInt8TensorType, [None, None, None, 1], X),
        (UInt8TensorType, [None, 64], X.reshape(200, 64)),
        (FloatTensorType, [None, 8, 8, 1], X / np.float32(255)),
    ):
        options = {id(clf): {"zipmap": False}}
        model = skl2onnx.convert_sklearn(clf, initial_types=[("X", kind(shape))], options=options)
        found = run(model, images)["probabilities"]
        np.testing.assert_allclose(found, clf.predict_proba(images), rtol=0, atol=TOLERANCE)


def test_a_subclass_that_exists_when_it_is_registered(skl2onnx, rows):
    pipe = fitted(rows=rows, cls=Mine)
    assert run(skl2onnx.to_onnx(pipe, rows[0][:1]), rows[0])


def test_errors(skl2onnx, rows):
    from skl2onnx.common.data_types import FloatTensorType

    clf = fitted(rows=rows)[-1]
    with pytest.raises(ValueError, match=r"takes X of shape \[None, 8, 8, 1\] or \[None, 64\]"):
        skl2onnx.convert_sklearn(clf, initial_types=[("X", FloatTensorType([None, 63]))])
    with pytest.raises(ValueError, match="target_opset must be 13 or more; got 12"):
        skl2onnx.to_onnx(clf, rows[0][:1], target_opset=12)


def test_without_skl2onnx(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "skl2onnx", None)
    with pytest.raises(ImportError, match=r"convnet\.onnx\.register needs skl2onnx\. .*\[onnx\]"):
        convnet.onnx.register()
