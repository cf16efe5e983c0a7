"""`initialize`: a net with the weights that training begins with, usable like a fitted one."""

import math
import pickle
import warnings

import matplotlib.pyplot as plt
import numpy as np
import pytest
from fits import assert_same_fit, assert_same_weights
from fitted_nets import assert_same, images
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator

import convnet
from convnet import ConvNetClassifier, ConvNetRegressor, ConvNetTransformer
from convnet.callbacks import Checkpoint
from convnet.fitted.validate import validate_fitted
from convnet.inspection import (
    ArchitectureDisplay,
    ConfusionDisplay,
    ExplanationDisplay,
    FeatureMapDisplay,
    FilterDisplay,
    HistoryDisplay,
)
from convnet.layers import BatchNorm, Conv2D, Dense, Normalize

X = images()
Y = np.resize([0, 1, 2], len(X))
LAYERS = [Normalize(), Conv2D(4, 3, activation="relu"), BatchNorm(), Dense(6, activation="relu")]
PARAMS = {"layers": LAYERS, "random_state": 0, "max_iter": 2}
KINDS = [ConvNetClassifier, ConvNetRegressor]


def untrained(kind=ConvNetClassifier, X=X, y=Y, **params):
    return kind(**PARAMS | params).initialize(X, y)


@pytest.mark.parametrize("kind", KINDS)
def test_the_attributes_of_training_say_that_there_was_none(kind):
    net = untrained(kind)
    assert net.n_iter_ == net.best_iter_ == 0
    assert math.isnan(net.loss_)
    assert net.loss_curve_ == []
    assert net.history_ == {"loss": [], "score": [], "learning_rate": [], "seconds": []}
    assert not hasattr(net, "validation_scores_")
    fitted = kind(**PARAMS).fit(X, Y)
    assert vars(net).keys() == vars(fitted).keys()
    validate_fitted(net, trained=True, force=True)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
def test_a_warm_start_gives_the_bits_of_a_fit(kind, early_stopping, weighted):
    params = PARAMS | {"early_stopping": early_stopping}
    weights = np.linspace(0, 2, len(X)) if weighted else None
    fitted = kind(**params).fit(X, Y, weights)
    net = kind(**params, warm_start=True).initialize(X, Y, weights)
    begun = {name: array.copy() for name, array in net.weights_.items()}
    if kind is ConvNetRegressor:
        np.testing.assert_array_equal(net.y_scale_, fitted.y_scale_)
    np.testing.assert_array_equal(begun["normalize1/mean"], fitted.weights_["normalize1/mean"])
    assert_same_fit(net.fit(X, Y, weights), fitted)
    assert (begun["conv1/weights"] != net.weights_["conv1/weights"]).any()


@pytest.mark.parametrize("kind", KINDS)
def test_partial_fit_continues(kind):
    first = {"classes": [0, 1, 2]} if kind is ConvNetClassifier else {}
    fresh = kind(**PARAMS).partial_fit(X, Y, **first)
    assert_same_fit(untrained(kind).partial_fit(X, Y), fresh)


def test_statistics_and_units():
    net = untrained(ConvNetRegressor, y=1000.0 + Y, rescale=None)
    flat = X.reshape(-1, 2).astype(np.float64)
    np.testing.assert_allclose(net.weights_["normalize1/mean"], flat.mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(net.weights_["normalize1/deviation"], flat.std(axis=0), rtol=1e-6)
    np.testing.assert_allclose([net.y_mean_, net.y_scale_], [[1001], [Y.std()]])
    assert abs(net.predict(X) - 1001).max() < 20


def test_init_weights():
    source = ConvNetClassifier(**PARAMS).fit(X, Y)
    net = untrained(init_weights=FrozenEstimator(source))
    assert_same_weights(net, source)
    np.testing.assert_array_equal(net.predict_proba(X), source.predict_proba(X))
    assert net.init_report_["loaded"] == ["normalize1", "conv1", "batchnorm1", "dense1", "output"]
    part = untrained(init_weights={k: v for k, v in source.weights_.items() if "conv" in k})
    assert_same_weights(part, source, "conv1", "normalize1")
    assert part.init_report_["missing"] == ["normalize1", "batchnorm1", "dense1", "output"]


@pytest.mark.parametrize("kind", KINDS)
def test_files_pickles_and_clones(kind, tmp_path):
    net = untrained(kind)
    for suffix in ("npz", "safetensors"):
        net.save(tmp_path / f"net.{suffix}")
        assert_same(convnet.load(tmp_path / f"net.{suffix}"), net, X)
    assert_same(pickle.loads(pickle.dumps(net)), net, X)
    with pytest.raises(NotFittedError):
        clone(net).predict(X)


def test_predictions_and_inspection():
    net = untrained()
    assert net.predict(X).shape == (len(X),)
    assert net.feature_maps(X, "conv1").shape == (len(X), 6, 4, 4)
    assert "conv1" in str(net.summary()) and "conv1" in str(net.trace(X[0]))
    assert net.explain(X[:2]).shape[0] == 2
    assert "conv1" in net._repr_html_()
    features = ConvNetTransformer(FrozenEstimator(net)).fit(X).transform(X)
    assert features.shape == (len(X), 6)


def test_displays():
    net = untrained()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        history = HistoryDisplay.from_estimator(net)
        assert history.best_iter_lines_ == [] and history.axes_[0].get_xlim()[0] == 0.5
        ArchitectureDisplay.from_estimator(net)
        FilterDisplay.from_estimator(net, "conv1")
        FeatureMapDisplay.from_estimator(net, X[0])
        ConfusionDisplay.from_estimator(net, X, Y)
        ExplanationDisplay.from_estimator(net, X[:1])
    plt.close("all")


def test_a_fitted_net_is_built_again():
    fitted = ConvNetClassifier(**PARAMS, early_stopping=True, warm_start=True).fit(X, Y)
    fitted.set_params(early_stopping=False).initialize(X, Y)
    assert_same_weights(fitted, untrained())
    assert not hasattr(fitted, "validation_scores_")


def test_an_error_changes_nothing():
    net = ConvNetClassifier(**PARAMS).fit(X, Y)
    before = vars(net)
    for wrong, message in (
        (lambda: net.initialize(X, None), "requires y"),
        (lambda: net.initialize(X[:2], Y), "X has 2 samples"),
        (lambda: net.initialize(X.astype(float) * np.nan, Y), "NaN"),
        (lambda: net.initialize(X, Y, classes=[0]), r"initialize\(\) has no parameter 'classes'"),
        (lambda: net.initialize(x_train=X, y=Y), "Pass the samples as X"),
        (lambda: net.initialize(X, Y, batch_size=3), "Pass it to the constructor"),
    ):
        with pytest.raises((TypeError, ValueError), match=message):
            wrong()
        assert vars(net) is before


def test_one_image():
    net = ConvNetRegressor([Conv2D(1, 3)]).initialize(np.zeros((1, 6, 6)), [3])
    assert net.feature_maps(np.zeros((2, 6, 6)), "conv1").shape == (2, 4, 4, 1)
    with pytest.raises(ValueError, match="y has only one class"):
        ConvNetClassifier([Conv2D(1, 3)]).initialize(np.zeros((1, 6, 6)), ["edge"])


def test_scoring_waits_for_the_fit():
    net = untrained(scoring="accuracy", warm_start=True)
    assert net.fit(X, Y, X_val=X, y_val=Y).n_iter_ == 2


def test_likely_mistakes_name_the_line_of_the_caller():
    with pytest.warns(UserWarning, match="validation_fraction=0.3 has no effect") as caught:
        untrained(validation_fraction=0.3)
    assert caught[0].filename == __file__


def test_a_checkpoint_of_other_initial_weights_is_refused(tmp_path):
    callbacks = [Checkpoint(tmp_path / "fit.npz")]
    net = untrained(warm_start=True, callbacks=callbacks)
    net.set_weights({"conv1/bias": np.ones(4)}).fit(X, Y)
    other = untrained(warm_start=True, callbacks=callbacks)
    with pytest.raises(ValueError, match="weights begun with"):
        other.fit(X, Y)
