"""to_onnx: files and errors."""

import os
import sys

import numpy as np
import pytest
from onnx_models import assert_same_classes, libraries, with_random_weights
from sklearn.exceptions import NotFittedError

from convnet import ConvNetClassifier, ConvNetRegressor, ConvNetTransformer
from convnet.layers import Conv2D, Dense
from convnet.model_io.onnx.writing import graph


@pytest.fixture(autouse=True)
def _needs_onnx():
    libraries()


@pytest.fixture
def clf():
    X = np.zeros((4, 5, 4, 1), np.uint8)
    return with_random_weights(ConvNetClassifier([Conv2D(2, 3)]).initialize(X, [0, 1, 2, 2]))


@pytest.mark.parametrize("as_path", [True, False])
def test_a_file(clf, tmp_path, as_path):
    onnx, _ = libraries()
    path = tmp_path / "model.onnx"
    path.write_text("an older file")
    model = clf.to_onnx(path if as_path else str(path))
    assert path.read_bytes() == model.SerializeToString()
    X = np.random.default_rng(0).integers(0, 256, (3, 5, 4, 1), dtype=np.uint8)
    assert_same_classes(clf, onnx.load(path), X)
    assert os.listdir(tmp_path) == ["model.onnx"]


def test_the_same_net_gives_the_same_bytes(clf):
    assert clf.to_onnx().SerializeToString(deterministic=True) == clf.to_onnx().SerializeToString(
        deterministic=True
    )


def test_a_file_that_cannot_be_written(clf, tmp_path):
    with pytest.raises(ValueError, match="to_onnx: there is no folder"):
        clf.to_onnx(tmp_path / "none" / "model.onnx")
    with pytest.raises(ValueError, match=r"to_onnx: .* is a folder"):
        clf.to_onnx(tmp_path)
    with pytest.raises(TypeError, match="to_onnx: path must be a string or a path; got 3"):
        clf.to_onnx(3)


def test_an_error_leaves_the_old_file(clf, tmp_path, monkeypatch):
    path = tmp_path / "model.onnx"
    path.write_text("an older file")
    with pytest.raises(ValueError, match="opset"):
        clf.to_onnx(path, opset=12)
    monkeypatch.setattr(graph, "MAX_BYTES", 16)
    with pytest.raises(ValueError, match="2 GiB"):
        clf.to_onnx(path)
    assert path.read_text() == "an older file" and os.listdir(tmp_path) == ["model.onnx"]


@pytest.mark.parametrize(
    "estimator",
    [ConvNetClassifier(), ConvNetRegressor(), ConvNetTransformer(ConvNetClassifier())],
    ids=lambda estimator: type(estimator).__name__,
)
def test_before_fit(estimator, tmp_path):
    with pytest.raises(NotFittedError, match="not fitted yet"):
        estimator.to_onnx(tmp_path / "model.onnx")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("opset", [12, 0, 10**9, 17.0, "17", True, None])
def test_opsets_that_do_not_exist(clf, opset):
    onnx, _ = libraries()
    newest = onnx.defs.onnx_opset_version()
    with pytest.raises(ValueError, match=f"to_onnx: opset must be an integer from 13 to {newest}"):
        clf.to_onnx(opset=opset)


def test_numbers_of_numpy_are_opsets(clf):
    assert clf.to_onnx(opset=np.int64(15)).opset_import[0].version == 15


def test_bad_outputs(clf):
    message = "^to_onnx: proba must be one of 'tensor', 'zipmap', 'columns'; got 'tensors'. Did you"
    with pytest.raises(ValueError, match=message):
        clf.to_onnx(proba="tensors")
    with pytest.raises((TypeError, ValueError), match=r"to_onnx: proba must be .*; got None"):
        clf.to_onnx(proba=None)
    with pytest.raises(TypeError, match="to_onnx: labels must be True or False; got 'no'"):
        clf.to_onnx(labels="no")


def test_probabilities_are_of_classifiers():
    net = ConvNetRegressor([Dense(2)]).initialize(np.zeros((2, 3)), [0.0, 1.0])
    with pytest.raises(TypeError, match="proba"):
        net.to_onnx(proba="zipmap")


def test_labels_that_onnx_does_not_have():
    labels = np.array([2**63, 0, 1], np.uint64)
    net = ConvNetClassifier([Dense(2)]).initialize(np.zeros((3, 4)), labels)
    for options in ({}, {"labels": False, "proba": "zipmap"}):
        with pytest.raises(ValueError, match="to_onnx: labels in ONNX are strings or integers"):
            net.to_onnx(**options)
    assert net.to_onnx(labels=False)


def test_attributes_that_do_not_match_are_refused(clf):
    clf.classes_ = clf.classes_[:2]
    with pytest.raises(ValueError, match="Inconsistent fitted attribute 'classes_'"):
        clf.to_onnx()


def test_without_onnx(clf, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ImportError, match=r"to_onnx needs onnx\. Install it with: .*\[onnx\]"):
        clf.to_onnx()
