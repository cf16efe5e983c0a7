"""ConvNetTransformer: a net's layer as features."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline

from convnet import ConvNetClassifier, ConvNetTransformer
from convnet.layers import BatchNorm, Conv2D, Dense, Dropout, MaxPool2D, ReLU, Residual

NET = [
    Conv2D(4, 3, activation="relu", name="stem"),
    BatchNorm(),
    MaxPool2D(2),
    Dense(12, activation="tanh"),
    Dropout(0.5),
]


@pytest.fixture(scope="module")
def net():
    return ConvNetClassifier(NET, max_iter=3, batch_size=32, random_state=0)


@pytest.fixture(scope="module")
def fitted(net, digits):
    return clone(net).fit(*digits)


def test_embeddings_give_the_outputs_of_the_net(fitted, digits):
    """The layer before the output, times the output's weights, is what the net predicts."""
    X, _ = digits
    embedded = ConvNetTransformer(FrozenEstimator(fitted)).fit_transform(X)
    assert embedded.dtype == np.float32 and embedded.shape == (len(X), 12)
    weights, bias = (fitted.weights_[f"output/{role}"] for role in ("weights", "bias"))
    np.testing.assert_allclose(
        embedded @ weights + bias, fitted.decision_function(X), rtol=1e-5, atol=1e-5
    )


@pytest.mark.parametrize(
    ("layer", "name", "size"),
    [
        (0, "stem", 6 * 6 * 4),
        ("stem", "stem", 6 * 6 * 4),
        (1, "batchnorm1", 6 * 6 * 4),
        (-3, "pool1", 3 * 3 * 4),
        ("flatten", "flatten", 3 * 3 * 4),
        (3, "dense1", 12),
        (np.int64(-1), "dropout1", 12),
        ("output", "output", 10),
    ],
)
def test_every_layer_by_place_and_name(fitted, digits, layer, name, size):
    X = digits[0][:20]
    transformer = ConvNetTransformer(FrozenEstimator(fitted), layer=layer).fit(X)
    assert transformer.layer_ == name
    names = transformer.get_feature_names_out()
    assert transformer.transform(X).shape == (20, size) == (20, len(names))
    assert len(set(names)) == size and names[0].startswith(f"{name}_0")


def test_maps_are_laid_out_by_row_column_and_channel(fitted, digits):
    X = digits[0][:20]
    transformer = ConvNetTransformer(FrozenEstimator(fitted), layer="stem").fit(X)
    names = list(transformer.get_feature_names_out())
    assert names[:5] == ["stem_0_0_0", "stem_0_0_1", "stem_0_0_2", "stem_0_0_3", "stem_0_1_0"]
    kernel, bias = (fitted.weights_[f"stem/{role}"] for role in ("weights", "bias"))
    row, column, channel = 2, 5, 3
    window = X[7, row : row + 3, column : column + 3] / 255
    expected = max(0.0, (window * kernel[..., channel]).sum() + bias[channel])
    value = transformer.transform(X)[7, names.index("stem_2_5_3")]
    assert value == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("name", ["residual1/conv1", "residual1/shortcut"])
def test_a_layer_inside_another(digits, name):
    """By its name, of a net that is to be fitted or is frozen; refused before training where it is misspelt."""
    X, y = digits
    net = ConvNetClassifier(
        [Residual([Conv2D(2, 3, padding="same"), ReLU()])], max_iter=1, random_state=0
    )
    transformer = ConvNetTransformer(net, layer=name).fit(X, y)
    fitted = transformer.estimator_
    expected = fitted._outputs(X, name).reshape(len(X), -1)
    np.testing.assert_array_equal(transformer.transform(X), expected)
    frozen = ConvNetTransformer(FrozenEstimator(fitted), layer=name)
    np.testing.assert_array_equal(frozen.fit_transform(X), expected)
    names = frozen.get_feature_names_out()
    assert len(names) == expected.shape[1] and names[-1] == f"{name}_7_7_1"
    with pytest.raises(ValueError, match=f"Did you mean '{name}'"):
        transformer.set_params(layer=f"{name}x").fit(X, y)


def test_fit_trains_a_clone(net, digits):
    X, y = digits
    transformer = ConvNetTransformer(net, layer="dense1")
    embedded = transformer.fit_transform(X, y)
    assert not hasattr(net, "weights_") and transformer.estimator is net
    same = ConvNetTransformer(FrozenEstimator(clone(net).fit(X, y)), layer="dense1").fit(X)
    np.testing.assert_array_equal(same.transform(X), embedded)


def test_sample_weight_is_passed_on(net, digits):
    X, y = digits
    weights = np.linspace(0.1, 2, len(X))
    transformer = ConvNetTransformer(net).fit(X, y, sample_weight=weights)
    expected = clone(net).fit(X, y, weights).predict_proba(X)
    np.testing.assert_array_equal(transformer.estimator_.predict_proba(X), expected)


def test_a_frozen_net_is_used_as_it_is(fitted, digits):
    before = pickle.dumps(fitted)
    transformer = ConvNetTransformer(FrozenEstimator(fitted)).fit(digits[0])
    assert transformer.estimator_.estimator is fitted and pickle.dumps(fitted) == before
    copy = pickle.loads(pickle.dumps(transformer))
    X = digits[0][:30]
    np.testing.assert_array_equal(copy.transform(X), transformer.transform(X))


def test_set_output_gives_named_columns(fitted, digits):
    pandas = pytest.importorskip("pandas", reason="needs pandas")
    X = digits[0][:20]
    transformer = ConvNetTransformer(FrozenEstimator(fitted)).set_output(transform="pandas").fit(X)
    frame = transformer.transform(X)
    assert isinstance(frame, pandas.DataFrame)
    assert list(frame.columns) == [f"dropout1_{i}" for i in range(12)]


def test_in_a_pipeline_that_is_searched(net, digits):
    X, y = digits[0][:300], digits[1][:300]
    pipe = make_pipeline(ConvNetTransformer(net, layer="dense1"), KNeighborsClassifier())
    grid = {"convnettransformer__estimator__layers__-2__units": [4, 24]}
    search = GridSearchCV(pipe, grid, cv=2).fit(X, y)
    assert search.score(X, y) > 0.8
    embedded = search.best_estimator_[:-1].transform(X[:1])
    assert embedded.shape == (1, *search.best_params_.values())


@pytest.mark.parametrize("layer", [5, -6, "dense2", True, None, 1.0])
def test_a_layer_that_is_not_there_is_refused_before_training(net, digits, layer, monkeypatch):
    monkeypatch.setattr(ConvNetClassifier, "fit", lambda *args, **kwargs: pytest.fail("trained"))
    with pytest.raises(ValueError, match=r"layer must be one of the names stem, .*; got"):
        ConvNetTransformer(net, layer=layer).fit(*digits)


def test_a_hint_for_a_misspelt_layer(net, digits):
    with pytest.raises(ValueError, match="Did you mean 'dense1'"):
        ConvNetTransformer(net, layer="dence1").fit(*digits)


def test_no_layers_but_the_output(digits):
    with pytest.raises(ValueError, match="one of the names flatten, output; got -1"):
        ConvNetTransformer(ConvNetClassifier([])).fit(*digits)


@pytest.mark.parametrize("estimator", [LinearRegression(), None, ConvNetClassifier])
def test_only_nets(digits, estimator):
    with pytest.raises(TypeError, match="estimator must be a ConvNetClassifier"):
        ConvNetTransformer(estimator).fit(*digits)


def test_unfitted_and_frozen_is_refused(net, digits):
    with pytest.raises(NotFittedError):
        ConvNetTransformer(FrozenEstimator(net)).fit(*digits)


def test_a_lack_of_images_is_said(net):
    with pytest.raises(ValueError, match="X is None"):
        ConvNetTransformer(net).fit(None, [0, 1])


def test_a_failed_fit_changes_nothing(net, digits):
    X, y = digits
    transformer = ConvNetTransformer(net).fit(X, y)
    before = transformer.transform(X)
    with pytest.raises(ValueError, match="NaN"):
        transformer.fit(X / np.nan, y)
    np.testing.assert_array_equal(transformer.transform(X), before)
