"""feature_maps and trace of a fitted net."""

import pickle

import numpy as np
import pandas as pd
import pytest
from oracle import conv2d
from sklearn.exceptions import NotFittedError

from convnet import ConvNetClassifier, ConvNetRegressor
from convnet.layers import BatchNorm, Conv1D, Conv2D, Dense, MaxPool2D, Residual

BLOCK = Residual([Conv2D(4, 3, padding="same"), BatchNorm()], activation="relu")
LAYERS = [Conv2D(4, 3, activation="relu"), BLOCK, MaxPool2D(2), Dense(8, activation="tanh")]


def fitted(X, y, kind=ConvNetClassifier, layers=LAYERS, **params):
    return kind(layers, max_iter=2, random_state=0, **params).fit(X, y)


@pytest.fixture(scope="module")
def clf(digits):
    return fitted(*digits)


# feature_maps -----------------------------------------------------------------------------------------
def test_maps_of_a_layer(clf, digits):
    X = digits[0][:50]
    maps = clf.feature_maps(X, "conv1")
    assert maps.shape == (50, 6, 6, 4) and maps.dtype == np.float32
    weights = clf.weights_["conv1/weights"], clf.weights_["conv1/bias"]
    want = np.maximum(conv2d(X / 255, *weights), 0)
    np.testing.assert_allclose(maps, want, atol=1e-6)  # 9 products below 1: eps of each
    assert clf.feature_maps(X, "residual1").shape == (50, 6, 6, 4)
    assert clf.feature_maps(X, "dense1").shape == (50, 8)
    logits = clf.feature_maps(X, "output")
    assert (logits == clf.decision_function(X)).all()


def test_maps_of_a_nested_layer(clf, digits):
    """The output of the block's convolution excludes the batch norm that prediction folds into it."""
    X = digits[0][:5]
    before = clf.feature_maps(X, "conv1")
    weights = (clf.weights_[f"residual1/conv1/{role}"] for role in ("weights", "bias"))
    want = conv2d(before, *weights, padding=((1, 1), (1, 1)))
    np.testing.assert_allclose(clf.feature_maps(X, "residual1/conv1"), want, atol=1e-5)
    body = clf.feature_maps(X, "residual1/batchnorm1")
    block = np.maximum(before + body, 0)
    np.testing.assert_allclose(clf.feature_maps(X, "residual1"), block, atol=1e-5)


@pytest.mark.parametrize("layer", [None, 0, ["conv1"]])
def test_layer_is_not_a_string(clf, digits, layer):
    with pytest.raises(TypeError, match="feature_maps: layer must be the name of one layer"):
        clf.feature_maps(digits[0], layer)


def test_maps_of_channels_first_images(digits):
    X, y = digits
    first = fitted(np.moveaxis(X, -1, 1), y, data_format="channels_first")
    maps = first.feature_maps(np.moveaxis(X[:3], -1, 1), "conv1")
    assert (maps == fitted(X, y).feature_maps(X[:3], "conv1")).all()


@pytest.mark.parametrize(
    "call", [lambda c, X: c.feature_maps(X, "conv1"), lambda c, X: c.trace(X[0])]
)
def test_an_unfitted_net(call, digits):
    with pytest.raises(NotFittedError, match="ConvNetClassifier instance is not fitted yet"):
        call(ConvNetClassifier(LAYERS), digits[0])


def test_an_unknown_layer(clf, digits):
    known = (
        "conv1, residual1, residual1/conv1, residual1/batchnorm1, pool1, flatten, dense1, output"
    )
    with pytest.raises(ValueError, match=f"no layer is called 'conv2'; the layers are {known}"):
        clf.feature_maps(digits[0], "conv2")


def test_wrong_shapes(clf):
    with pytest.raises(ValueError, match=r"X has shape \(n, 9, 8, 1\); expected \(n, 8, 8, 1\)"):
        clf.feature_maps(np.zeros((2, 9, 8, 1)), "conv1")
    with pytest.raises(
        ValueError, match="X has 63 features, but ConvNetClassifier is expecting 64"
    ):
        clf.feature_maps(np.zeros((2, 63)), "conv1")
    for shape in [(9, 8, 1), (2, 8, 8, 1), (8,), (1, 1, 8, 8, 1), ()]:
        with pytest.raises(ValueError) as error:
            clf.trace(np.zeros(shape))
        assert f"image of shape (8, 8, 1); x has shape {shape}" in str(error.value)


# trace ------------------------------------------------------------------------------------------------
def test_the_end_of_a_trace_is_the_prediction(clf, digits):
    X, p = digits[0][:20], clf.predict_proba(digits[0][:20])
    for i, x in enumerate(X):
        trace = clf.trace(x)
        assert (trace.probabilities == p[i]).all()
        assert trace.prediction == clf.predict(x[None])[0]
        # Softmax in float64 by its definition and by log p: some eps of each probability apart.
        np.testing.assert_allclose(trace.final_step.computed, p[i], rtol=1e-13)
        output = trace.at("output", trace.final_step.unit)
        assert output.value == clf.decision_function(x[None]).max() == trace.outputs.max()
        assert abs(output.computed - output.value) < 1e-6  # 8 products of tanh: float32
        assert f"the prediction is {trace.prediction}, with probability" in str(trace)


def test_the_source_of_a_sum_has_its_sign(clf, digits):
    """Only for the logits the trace follows the largest product whatever the sign of the sum."""
    negative = 0
    for x in digits[0][:20]:
        *steps, output = clf.trace(x).steps
        assert output.products[output.source.index] == output.products.max()
        for step in (step for step in steps if hasattr(step, "products")):
            sign = -1 if step.preactivation < 0 else 1
            negative += sign < 0
            tap = getattr(step, "tap", step.source.index)
            assert sign * step.products[tap] == (sign * step.products).max()
    assert negative


def test_every_layer_is_in_the_text(clf, digits):
    text = str(clf.trace(digits[0][0]))
    for info in clf.layers_:
        for layer in info.walk():
            assert f"\n{layer.name}[" in text
    assert "values × 0.003922" in text and repr(clf.trace(digits[0][0])) == text


@pytest.mark.parametrize("shape", [(8, 8, 1), (8, 8), (64,), (1, 8, 8, 1), (1, 8, 8), (1, 64)])
def test_spellings_of_one_image(clf, digits, shape):
    x = digits[0][3]
    assert str(clf.trace(x.reshape(shape))) == str(clf.trace(x))


def test_a_row_of_a_data_frame():
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(20, 3)), columns=["a", "b", "c"])
    clf = fitted(table, np.arange(20) % 2, layers=[Dense(4)])
    assert (clf.trace(table[3:4]).probabilities == clf.predict_proba(table)[3]).all()


def test_channels_first_image(digits):
    rng = np.random.default_rng(0)
    X = rng.integers(0, 256, (12, 3, 6, 7), dtype=np.uint8)
    clf = fitted(X, np.arange(12) % 3, layers=[Conv2D(2, 3)], data_format="channels_first")
    trace = clf.trace(X[0])
    assert (trace.probabilities == clf.predict_proba(X[:1])[0]).all()
    assert trace.feature_map("input").shape == (6, 7, 3)
    with pytest.raises(ValueError, match=r"image of shape \(3, 6, 7\); x has shape \(6, 7, 3\)"):
        clf.trace(np.moveaxis(X[0], 0, -1))


def test_a_signal():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(12, 9, 2))
    clf = fitted(X, np.arange(12) % 3, layers=[Conv1D(4, 3, activation="relu")])
    trace = clf.trace(X[5])
    assert (trace.probabilities == clf.predict_proba(X)[5]).all()
    step = trace.at("conv1", 4, 1)
    assert (step.patch[0] == X[5, 4:7].astype(np.float32)).all()
    assert abs(step.computed - step.value) < 1e-6 and "conv1[4, 1]" in str(step)


def test_two_classes(two):
    X, y = two
    clf = fitted(X, y)
    for x in X[:20]:
        trace, p = clf.trace(x), clf.predict_proba(x[None])[0]
        assert (trace.probabilities == p).all() and trace.final_step.function == "sigmoid"
        np.testing.assert_allclose(trace.final_step.computed, p, rtol=1e-13)
        assert trace.prediction == clf.classes_[p.argmax()] and trace.prediction in str(trace)
        # The trace follows products with the sign of the logit.
        last = trace.steps[-1]
        k = last.source.index[0]
        assert last.value * last.products[k] > 0


def test_several_labels(digits):
    X, y = digits
    clf = fitted(X, np.stack([y % 2, y > 4, y == 0], axis=1).astype(int))
    trace = clf.trace(X[0])
    assert (trace.probabilities == clf.predict_proba(X[:1])[0]).all()
    np.testing.assert_allclose(trace.final_step.computed, trace.probabilities, rtol=1e-13)
    assert (trace.prediction == clf.predict(X[:1])[0]).all()
    assert "sigmoid of each logit" in str(trace)


def test_a_regressor(digits):
    X, y = digits
    for targets in (y.astype(float), np.stack([y, -y], axis=1).astype(float)):
        net = fitted(X, targets, kind=ConvNetRegressor)
        trace = net.trace(X[0])
        values = net.y_mean_ + net.y_scale_ * trace.outputs
        assert (values == np.ravel(net.predict(X[:1]))).all()
        assert (trace.final_step.computed == values).all()
        assert trace.probabilities is None and trace.final_step.function is None
        assert "the prediction is the output of the net in the units of y" in str(trace)
        assert "mean + scale · z = prediction" in str(trace)
    plain = fitted(X, y.astype(float), kind=ConvNetRegressor, normalize_y=False)
    assert "the prediction is the output of the net\n" in str(plain.trace(X[0]))


def test_walkthrough_net():
    """With weights 0.01, biases 0 and inputs 1 every logit is 0.511248 and every probability 0.1."""
    layers = [
        *(Conv2D(2, 5, activation="relu"), MaxPool2D(2)),
        *(Conv2D(4, 3, activation="sigmoid"), MaxPool2D(2)),
    ]
    clf = fitted(np.ones((10, 28, 28)), np.arange(10), layers=layers)
    weights = {
        k: np.full_like(w, 0 if k.endswith("bias") else 0.01) for k, w in clf.weights_.items()
    }
    clf._network_cache.network(clf.weights_).set_weights(weights)
    x = np.ones((28, 28))
    trace = clf.trace(x)
    assert trace.outputs == pytest.approx(np.full(10, 0.511248), abs=1e-6)
    assert (trace.probabilities == clf.predict_proba(x[None])[0]).all()
    assert trace.final_step.computed == pytest.approx(np.full(10, 0.1), abs=1e-15)
    text = str(trace)
    for number in ("0.2500", "0.0450", "0.5112", "0.0100", "sum of the 100 products"):
        assert number in text


def test_a_trace_changes_nothing(clf, digits):
    state = pickle.dumps(clf.weights_)
    before = clf.predict_proba(digits[0])
    str(clf.trace(digits[0][0]))
    assert (clf.predict_proba(digits[0]) == before).all() and pickle.dumps(clf.weights_) == state


def test_training_does_not_change_a_trace(digits):
    """partial_fit changes the network in place."""
    X, y = digits
    clf = ConvNetClassifier(LAYERS, random_state=0, learning_rate_init=0.5)
    clf.partial_fit(X, y, classes=np.unique(y))
    trace, text = clf.trace(X[0]), str(clf.trace(X[0]))
    clf.partial_fit(X, y)
    assert str(trace) == text and str(clf.trace(X[0])) != text
