"""An imported net is a fitted estimator like any other: what it predicts, and what can be done with it."""

import pickle

import numpy as np
import pytest
from onnx_graphs import graph
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

import convnet
from convnet import ConvNetClassifier, from_onnx
from convnet.layers import Dense

RNG = np.random.default_rng(0)
X = RNG.normal(size=(24, 8, 7, 3)).astype(np.float32)
Y = np.arange(24) % 4


def random(*shape):
    return (RNG.normal(size=shape) / 3).astype(np.float32)


ARRAYS = {"w": random(5, 3, 3, 3), "b": random(5), "v": random(5, 4), "c": random(4)}


def model(*end, outputs=("y",), units=4, **arrays):
    """Return a model of a convolution, a pool, a dense layer with result "z", and the nodes `end`."""
    nodes = [
        ("Conv", "x w b", "a", {}),
        ("Relu", "a", "r", {}),
        ("GlobalAveragePool", "r", "p", {}),
        ("Flatten", "p", "f", {}),
        ("Gemm", "f v c", "z", {}),
        *end,
    ]
    values = {**ARRAYS, "v": ARRAYS["v"][:, :units], "c": ARRAYS["c"][:units], **arrays}
    return graph(nodes, ["n", 3, 8, 7], values, outputs=outputs)


SOFTMAX, SIGMOID, PLAIN = (
    ("Softmax", "z", "y", {}),
    ("Sigmoid", "z", "y", {}),
    ("Identity", "z", "y", {}),
)


@pytest.fixture(scope="module")
def logits():
    return from_onnx(model(PLAIN)).predict(X)


def softmax(z):
    e = np.exp(z - z.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def test_a_softmax_makes_a_classifier(logits):
    clf = from_onnx(model(SOFTMAX))
    assert type(clf) is ConvNetClassifier and clf.classes_.tolist() == [0, 1, 2, 3]
    np.testing.assert_allclose(clf.predict_proba(X), softmax(logits), atol=1e-6)
    logs = from_onnx(model(("LogSoftmax", "z", "y", {})))
    np.testing.assert_allclose(logs.predict_proba(X), softmax(logits), atol=1e-6)


def test_two_classes_have_one_logit(logits):
    clf = from_onnx(model(SOFTMAX, units=2), classes=["yes", "no"])
    assert clf.weights_["output/weights"].shape == (5, 1) and clf.classes_.tolist() == ["no", "yes"]
    np.testing.assert_allclose(clf.predict_proba(X), softmax(logits[:, :2])[:, ::-1], atol=1e-6)
    one = from_onnx(model(SIGMOID, units=1), classes=["yes", "no"])
    p = 1 / (1 + np.exp(-logits[:, :1]))
    np.testing.assert_allclose(one.predict_proba(X), np.hstack([p, 1 - p]), atol=1e-6)


def test_a_sigmoid_of_several_values_is_several_labels(logits):
    clf = from_onnx(model(SIGMOID))
    np.testing.assert_allclose(clf.predict_proba(X), 1 / (1 + np.exp(-logits)), atol=1e-6)
    assert clf.predict(X).shape == (24, 4)


def test_neither_makes_a_regressor_unless_there_are_classes(logits):
    clf = from_onnx(model(PLAIN), classes=["d", "a", "c", "b"])
    assert clf.classes_.tolist() == ["a", "b", "c", "d"]
    np.testing.assert_allclose(clf.predict_proba(X), softmax(logits)[:, [1, 3, 2, 0]], atol=1e-6)
    assert type(from_onnx(model(PLAIN))).__name__ == "ConvNetRegressor"


LABELLED = [
    *[SOFTMAX, ("ArgMax", "y", "k", dict(axis=1, keepdims=0))],
    ("ArrayFeatureExtractor", "names k", "label", {}),
    ("Cast", "label", "text", dict(to=8)),
]


def label_output(name, kind=8):
    import onnx

    return onnx.helper.make_tensor_value_info(name, kind, None)


@pytest.mark.parametrize("outputs", [["text", "y"], ["text"], ["y", "text"]], ids=str)
def test_labels_in_the_graph(outputs, logits):
    """The form of skl2onnx: ArgMax, then ArrayFeatureExtractor from the names."""
    made = model(
        *LABELLED,
        outputs=[label_output(name) if name == "text" else name for name in outputs],
        names=np.array(["d", "a", "c", "b"]),
    )
    clf = from_onnx(made)
    assert clf.classes_.tolist() == ["a", "b", "c", "d"]
    np.testing.assert_allclose(clf.predict_proba(X), softmax(logits)[:, [1, 3, 2, 0]], atol=1e-6)


def test_a_zipmap_names_the_classes(logits):
    import onnx

    kind = onnx.helper.make_sequence_type_proto(
        onnx.helper.make_map_type_proto(7, onnx.helper.make_tensor_type_proto(1, []))
    )
    zipmap = ("ZipMap", "y", "m", dict(classlabels_int64s=[7, 3, 5, 4]))
    made = model(SOFTMAX, zipmap, outputs=[onnx.helper.make_value_info("m", kind)])
    clf = from_onnx(made)
    assert clf.classes_.tolist() == [3, 4, 5, 7]
    np.testing.assert_allclose(clf.predict_proba(X), softmax(logits)[:, [1, 3, 2, 0]], atol=1e-6)


def test_argmax_alone_is_a_classifier(logits):
    clf = from_onnx(model(("ArgMax", "z", "k", dict(axis=1)), outputs=[label_output("k", 7)]))
    np.testing.assert_array_equal(clf.predict(X), logits.argmax(1))


def test_a_pair_of_complements_is_two_classes(logits):
    end = [
        ("Sigmoid", "z", "s", {}),
        ("Sub", "one s", "q", {}),
        ("Concat", "q s", "y", dict(axis=1)),
    ]
    clf = from_onnx(model(*end, units=1, one=np.float32(1)))
    p = 1 / (1 + np.exp(-logits[:, :1]))
    np.testing.assert_allclose(clf.predict_proba(X), np.hstack([1 - p, p]), atol=1e-6)
    assert clf.classes_.tolist() == [0, 1] and clf.weights_["output/weights"].shape == (5, 1)


def test_a_net_without_a_dense_layer_at_the_end(logits):
    """SqueezeNet ends with a convolution, a ReLU and a mean."""
    nodes = [("Conv", "x w b", "a", {}), ("Relu", "a", "r", {}), ("GlobalAveragePool", "r", "p", {}),
             ("Softmax", "p", "y", dict(axis=1))]  # fmt: skip
    clf = from_onnx(graph(nodes, ["n", 3, 8, 7], ARRAYS))
    np.testing.assert_array_equal(clf.weights_["output/weights"], np.eye(5, dtype=np.float32))
    assert clf.predict_proba(X).shape == (24, 5)


def test_fitted_attributes_are_those_of_initialize():
    clf = from_onnx(model(SOFTMAX))
    other = clone(clf).initialize(X, Y)
    own, expected = ({*vars(one)} for one in (clf, other))
    assert own == expected
    assert clf.n_iter_ == other.n_iter_ == 0 and np.isnan(clf.loss_)
    assert clf.n_parameters_ == other.n_parameters_
    assert repr(clf.layers_[0]) == repr(other.layers_[0])


def test_it_is_saved_and_pickled(tmp_path):
    clf = from_onnx(model(SOFTMAX), classes=["d", "a", "c", "b"])
    clf.save(tmp_path / "net.npz")
    for copy in (convnet.load(tmp_path / "net.npz"), pickle.loads(pickle.dumps(clf))):
        np.testing.assert_array_equal(copy.predict_proba(X), clf.predict_proba(X))
        assert copy.predict(X).tolist() == clf.predict(X).tolist()
    again = from_onnx(clf.to_onnx())
    np.testing.assert_array_equal(again.predict_proba(X), clf.predict_proba(X))


def test_it_is_explained_and_summarized():
    clf = from_onnx(model(SOFTMAX))
    assert clf.explain(X[:2], method="integrated_gradients").shape[:3] == (2, 8, 7)
    assert clf.trace(X[0]) is not None
    text = str(clf.summary())
    assert "conv_0" in text and "output" in text


@pytest.mark.parametrize("way", ["partial_fit", "warm_start"])
def test_it_is_trained_further(way):
    clf = from_onnx(model(SOFTMAX)).set_params(
        random_state=0, solver="sgd", learning_rate_init=1e-6
    )
    before = clf.predict_proba(X)
    if way == "partial_fit":
        clf.partial_fit(X, Y)
    else:
        clf.set_params(warm_start=True, max_iter=1).fit(X, Y)
    np.testing.assert_allclose(clf.predict_proba(X), before, atol=1e-3)
    assert clf.n_iter_ == 1 and not np.array_equal(clf.predict_proba(X), before)
    score = (
        clf.set_params(learning_rate_init=0.05, warm_start=True, max_iter=30).fit(X, Y).score(X, Y)
    )
    assert score > 0.4


def test_it_gives_its_layers_to_a_new_head():
    net = from_onnx(model(PLAIN))
    layers = [*net.layers_up_to("globalaveragepool_2"), Dense(6, activation="relu")]
    clf = ConvNetClassifier(
        layers, init_weights=FrozenEstimator(net), freeze="until:globalaveragepool_2", rescale=None,
        max_iter=2, random_state=0,
    ).fit(X, Y)  # fmt: skip
    assert clf.init_report_["loaded"] == ["conv_0"]
    np.testing.assert_array_equal(clf.weights_["conv_0/weights"], net.weights_["conv_0/weights"])


def test_uint8_is_taken_as_it_is():
    made = graph(
        [("Cast", "x", "f", dict(to=1)), ("Conv", "f w b", "a", {}), ("GlobalAveragePool", "a", "y", {})],
        ["n", 3, 8, 7], ARRAYS, x_type=2,
    )  # fmt: skip
    net = from_onnx(made)
    images = RNG.integers(0, 256, (3, 8, 7, 3), dtype=np.uint8)
    np.testing.assert_allclose(
        net.predict(images), net.predict(images.astype(np.float32)), rtol=1e-5
    )
    assert net._input_format.dtype == "uint8"


def test_large_models_are_read_by_their_bytes():
    """bytes, bytearray, memoryview and a ModelProto are the same model."""
    made = model(SOFTMAX)
    content = made.SerializeToString()
    expected = from_onnx(made).predict_proba(X)
    for one in (content, bytearray(content), memoryview(content)):
        np.testing.assert_array_equal(from_onnx(one).predict_proba(X), expected)
