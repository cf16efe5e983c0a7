"""3-D X of signals: when it is one, in which order, at fit and predict; Residual in an estimator."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import FitFailedWarning
from sklearn.model_selection import GridSearchCV

from convnet import ConvNetClassifier
from convnet.augment import RandomFlip
from convnet.layers import (
    BatchNorm,
    Conv1D,
    Conv2D,
    Dense,
    GlobalAvgPool1D,
    MaxPool1D,
    ReLU,
    Residual,
    to_json,
)

NET = [
    Conv1D(8, 5, padding="same", activation="relu"),
    MaxPool1D(2),
    Residual([Conv1D(8, 3, padding="same")], activation="relu", name="block"),
    GlobalAvgPool1D(),
]


@pytest.fixture(scope="module")
def waves():
    """Slow and fast sines of random phase, in two channels, with noise."""
    rng = np.random.default_rng(0)
    y = np.arange(120) % 2
    t = np.arange(40) + rng.uniform(0, 40, (120, 1))
    wave = np.sin(t * np.where(y, 0.4, 0.9)[:, None])
    X = np.stack([wave, rng.normal(size=wave.shape)], axis=2)
    return X.astype(np.float32), np.array(["fast", "slow"])[y]


def test_signals_are_learnt(waves):
    X, y = waves
    clf = ConvNetClassifier(NET, max_iter=30, learning_rate_init=0.01, random_state=0).fit(X, y)
    assert clf.input_shape_ == (40, 2) and clf.n_features_in_ == 80
    assert clf.score(X, y) > 0.95
    assert clf.weights_["conv1/weights"].shape == (5, 2, 8)
    assert clf.weights_["block/conv1/weights"].shape == (3, 8, 8)
    expected = clf.predict_proba(X)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(clf)).predict_proba(X), expected)
    np.testing.assert_array_equal(clf.predict_proba(X.reshape(120, 80)), expected)
    text = str(clf.summary())
    assert (
        "40×2" in text and "  block/conv1" in text and "include those of its nested layers" in text
    )


def test_all_ways_to_give_them_are_one_net(waves):
    X, y = waves
    options = dict(max_iter=1, random_state=0)
    want = ConvNetClassifier(NET, **options).fit(X, y).predict_proba(X)
    first = dict(data_format="channels_first")
    ways = [
        (ConvNetClassifier(NET, input_shape=(40, 2), **options), X),
        (ConvNetClassifier(NET, input_shape=(40, 2), **options), X.reshape(120, 80)),
        (ConvNetClassifier(NET, **first, **options), X.transpose(0, 2, 1)),
        (
            ConvNetClassifier(NET, input_shape=(2, 40), **first, **options),
            X.transpose(0, 2, 1).reshape(120, 80),
        ),
        (ConvNetClassifier(NET, **options), np.asfortranarray(X)),
        (ConvNetClassifier(to_json(NET), **options), X),
    ]
    for clf, given in ways:
        np.testing.assert_array_equal(clf.fit(given, y).predict_proba(given), want)
        assert clf.input_shape_ == (40, 2)
        assert clone(clf).summary(given, y).input_shape == (40, 2)


def test_the_first_layer_that_cares_decides(waves):
    """Maps of one channel stay what they are, also behind layers that take anything."""
    X, y = waves
    for layers, shape in [
        ([BatchNorm(), Residual([ReLU(), Conv1D(2, 3, padding="same")])], (40, 2)),
        ([BatchNorm(), Conv2D(2, (3, 1))], (40, 2, 1)),
        ([BatchNorm(), Dense(3)], (40, 2, 1)),
        ([BatchNorm()], (40, 2, 1)),
        ("auto", (40, 2, 1)),
    ]:
        assert ConvNetClassifier(layers, max_iter=1).fit(X, y).input_shape_ == shape


@pytest.mark.parametrize(
    ("clf", "shape", "text"),
    [
        (
            ConvNetClassifier(NET),
            (4, 80),
            "X is 2-D with 80 features but layers[0] is Conv1D. Pass the shape of one sample to "
            "the estimator, such as input_shape=(80, 1)",
        ),
        (
            ConvNetClassifier(NET, data_format="channels_first"),
            (4, 80),
            "layers[0] is Conv1D. Pass the shape of one sample to the estimator, such as input_shape=(1, 80)",
        ),
        (
            ConvNetClassifier(NET, input_shape=(40, 3)),
            (4, 40, 2),
            "X has shape (n, 40, 2); expected (n, 40, 3). The samples have 2 channels instead of 3: convert",
        ),
        (
            ConvNetClassifier(NET, input_shape=(40, 3)),
            (4, 80),
            "input_shape (40, 3) needs 120 features; X has 80.",
        ),
        (
            ConvNetClassifier(NET),
            (4, 8, 8, 3),
            "layers[0] 'conv1': it needs a (length, channels) signal but its input is a map, 8×8×3",
        ),
        (
            ConvNetClassifier([Conv1D(4, 3), Conv2D(4, 3)]),
            (4, 40, 2),
            "layers[1] 'conv2': it needs a (height, width, channels) map but its input is a signal",
        ),
        (
            ConvNetClassifier([Conv1D(4, 50)]),
            (4, 40, 2),
            "layers[0] 'conv1': kernel 50 does not fit its input of length 40. Shapes: 40.",
        ),
        (
            ConvNetClassifier(NET, augment=[RandomFlip()]),
            (4, 40, 2),
            "but X holds signals. Set augment=None.",
        ),
    ],
)
def test_what_does_not_fit_is_refused(clf, shape, text):
    with pytest.raises(ValueError) as caught:
        clf.fit(np.zeros(shape), np.arange(4) % 2)
    assert text in str(caught.value)


def test_other_signals_at_predict(waves):
    clf = ConvNetClassifier(NET, max_iter=1).fit(*waves)
    with pytest.raises(ValueError, match=r"X has shape \(n, 41, 2\); expected \(n, 40, 2\)"):
        clf.predict(np.zeros((2, 41, 2)))
    with pytest.raises(ValueError, match=r"\(40, 2\): looks like one signal. Pass X\[None\]"):
        clf.predict(waves[0][0])
    with pytest.raises(
        ValueError, match="X has 41 features, but ConvNetClassifier is expecting 80"
    ):
        clf.predict(np.zeros((2, 41)))


def test_search_inside_a_block(waves):
    """By place and by name, in a grid; the net that was given never changes."""
    X, y = waves
    clf = ConvNetClassifier(NET, max_iter=1, random_state=0)
    params = clf.get_params()
    assert params["layers__block__layers__0__kernel_size"] == 3
    assert clone(clf).set_params(**params).get_params() == params
    changed = clone(clf).set_params(
        layers__2__layers__0__kernel_size=5, layers__block__activation="elu"
    )
    assert changed.layers[2] == Residual(
        [Conv1D(8, 5, padding="same")], activation="elu", name="block"
    )
    assert NET[2].layers[0].kernel_size == 3
    grid = {"layers__block__layers__conv1__kernel_size": [1, 3, -1]}
    with (
        pytest.warns(FitFailedWarning, match="kernel_size must be"),
        pytest.warns(UserWarning, match="non-finite"),
    ):
        search = GridSearchCV(clf, grid, cv=2, error_score=np.nan).fit(X, y)
    assert np.isnan(search.cv_results_["mean_test_score"]).tolist() == [False, False, True]
    bad = clone(clf).set_params(layers__block__layers__0__filters=0)
    with pytest.raises(
        ValueError, match=r"layers\[2\]: Residual: layers\[0\]: Conv1D: filters must"
    ):
        bad.fit(X, y)
    assert bad.set_params(layers__block__layers__0__filters=8).layers == NET
    with pytest.raises(ValueError, match=r"no layer has this name\. Did you mean 'conv1'"):
        clf.set_params(layers__block__layers__conf1__filters=3)
    with pytest.raises(ValueError, match="Conv1D has no parameter 'layers'"):
        clf.set_params(layers__0__layers__0__filters=3)
