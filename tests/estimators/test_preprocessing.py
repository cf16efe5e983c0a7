"""Rescale, Normalize and Resize in estimators: raw images in, statistics of the training rows alone."""

import pickle

import numpy as np
import oracle
import pytest
from fitted_nets import assert_same
from netcheck import EPS
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

import convnet
from convnet import ConvNetClassifier, ConvNetRegressor, ConvNetTransformer
from convnet.augment import Cutout, RandomCrop, RandomFlip
from convnet.callbacks import Checkpoint
from convnet.estimators import fitting
from convnet.layers import (
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    MaxPool2D,
    Normalize,
    Rescale,
    Residual,
    Resize,
)
from convnet.training import statistics

SHAPE = (14, 11, 3)
BODY = [Conv2D(4, 3, activation="relu"), MaxPool2D(2)]
RAW = [Resize(8), Rescale(), Normalize(), *BODY]
FIELDS = ("normalize1/mean", "normalize1/deviation")


def images(n=40, shape=SHAPE, seed=0):
    """Channels of different means and deviations."""
    rng = np.random.default_rng(seed)
    X = rng.normal([60, 120, 180], [10, 20, 40], (n, *shape)).clip(0, 255).astype(np.uint8)
    y = np.arange(n) % 2
    X[y == 1, :5] //= 2
    return X, y


def net(layers=RAW, **params):
    return ConvNetClassifier(layers, **{"max_iter": 2, "random_state": 0} | params)


def assert_same_weights(clf, other):
    assert list(clf.weights_) == list(other.weights_)
    for name, array in other.weights_.items():
        np.testing.assert_array_equal(clf.weights_[name], array)


def learnt(clf):
    return [clf.weights_[name].astype(np.float64) for name in FIELDS]


def assert_statistics(clf, values, tolerance=1e-6):
    """Of the first Normalize: mean and deviation of `values`, float64 (n, h, w, c)."""
    values = values.reshape(-1, values.shape[-1]).astype(np.float64)
    mean, deviation = learnt(clf)
    np.testing.assert_allclose(mean, values.mean(0), rtol=tolerance)
    np.testing.assert_allclose(deviation, values.std(0), rtol=tolerance)


# What Normalize learns ------------------------------------------------------------------------------------
def test_training_rows_have_mean_0_and_deviation_1():
    X, y = images()
    for layers in ([Normalize(), *BODY], RAW):
        clf = net(layers).fit(X, y)
        maps = clf.feature_maps(X, "normalize1").astype(np.float64).reshape(-1, 3)
        np.testing.assert_allclose(maps.mean(0), 0, atol=2e-6)
        np.testing.assert_allclose(maps.std(0), 1, rtol=2e-6)


def test_statistics_are_those_of_what_the_layer_takes():
    X, y = images()
    assert_statistics(net([Normalize(), *BODY]).fit(X, y), X / 255)
    assert_statistics(net([Normalize(), *BODY], rescale=None).fit(X, y), X)
    small = oracle.resize(X, (8, 8), ("area", "area"))
    assert_statistics(net().fit(X, y), small / 255)


def test_one_after_the_other():
    X, y = images()
    clf = net([Normalize(), Resize(7), Normalize(name="second"), *BODY]).fit(X, y)
    first = (X / 255 - learnt(clf)[0]) / learnt(clf)[1]
    values = oracle.resize(first, (7, 7), ("area", "area")).reshape(-1, 3)
    np.testing.assert_allclose(clf.weights_["second/mean"], values.mean(0), atol=1e-6)
    np.testing.assert_allclose(clf.weights_["second/deviation"], values.std(0), rtol=1e-6)


def test_inside_a_block():
    X, y = images()
    clf = net([Residual([Normalize(name="n"), Conv2D(3, 3, padding="same")]), *BODY]).fit(X, y)
    values = (X / 255).reshape(-1, 3)
    np.testing.assert_allclose(clf.weights_["residual1/n/mean"], values.mean(0), rtol=1e-6)


def test_flat_rows_are_scaled_as_scikit_learn_does():
    rng = np.random.default_rng(0)
    X = rng.normal(rng.normal(size=7), rng.random(7), (50, 7))
    X[:, 2] = 0.1
    clf = net([Normalize(), Dense(4)]).fit(X, np.arange(50) % 2)
    scaler = StandardScaler().fit(X.astype(np.float32))
    np.testing.assert_allclose(clf.feature_maps(X, "normalize1"), scaler.transform(X), atol=1e-4)
    assert clf.weights_["normalize1/deviation"][2] == 0


def test_a_constant_channel_is_not_divided():
    X, y = images()
    X = X.astype(np.float64)
    X[..., 1] = 1e6 / 3
    clf = net([Normalize(), *BODY]).fit(X, y)
    assert learnt(clf)[1][1] == 0 and learnt(clf)[0][1] == np.float32(1e6 / 3)
    other = X[:1] + np.array([0, 0.5, 0])
    assert (clf.feature_maps(X, "normalize1")[..., 1] == 0).all()
    assert (clf.feature_maps(other, "normalize1")[..., 1] == 0.5).all()


@pytest.mark.parametrize("passed", [False, True])
def test_rows_held_out_have_no_part(monkeypatch, passed):
    X, y = images(60)
    seen = []

    class Spy(fitting.Loop):
        def __init__(self, network, trainer, examples, **options):
            seen.append(examples.rows)
            super().__init__(network, trainer, examples, **options)

    monkeypatch.setattr(fitting, "Loop", Spy)
    if passed:
        X_val, y_val = images(20, seed=1)
        clf = net([Normalize(), *BODY]).fit(X, y, X_val=X_val // 3, y_val=y_val)
    else:
        clf = net([Normalize(), *BODY], early_stopping=True, validation_fraction=0.5).fit(X, y)
    assert len(seen[0]) == (60 if passed else 30)
    assert_statistics(clf, X[seen[0]] / 255)


def test_weights():
    X, y = images()
    w = np.ones(len(X))
    plain = net([Normalize(), *BODY]).fit(X, y)
    assert_same_weights(net([Normalize(), *BODY]).fit(X, y, sample_weight=w), plain)
    w[::4] = 0
    kept = X[w > 0], y[w > 0]
    assert_statistics(net([Normalize(), *BODY]).fit(X, y, sample_weight=w), kept[0] / 255)
    w[1::4] = 2.5
    clf = net([Normalize(), *BODY]).fit(X, y, sample_weight=w)
    twice = np.repeat(X, (2 * w).astype(int), axis=0)
    assert_statistics(clf, twice / 255)


@pytest.mark.parametrize("weighted", [False, True])
def test_chunks(monkeypatch, weighted):
    X, y = images(37)
    w = np.random.default_rng(0).random(37) if weighted else None
    whole = net([Normalize(), *BODY]).fit(X, y, sample_weight=w)
    size = X[0].size
    monkeypatch.setattr(statistics, "CALL", 10 * size)
    monkeypatch.setattr(statistics, "BLOCK", 3 * size + 5)
    parts = net([Normalize(), *BODY]).fit(X, y, sample_weight=w)
    for name in FIELDS:
        np.testing.assert_allclose(parts.weights_[name], whole.weights_[name], rtol=2 * EPS)


def test_far_from_zero():
    """A deviation that is a small share of the mean is found all the same."""
    rng = np.random.default_rng(0)
    X = (1e4 + rng.normal(size=(200, 6, 6, 1))).astype(np.float64)
    clf = net([Normalize(), *BODY]).fit(X, np.arange(200) % 2)
    assert_statistics(clf, X.astype(np.float32), tolerance=1e-6)


def test_bits_for_any_number_of_threads():
    X, y = images()
    one, three = (net(n_jobs=n).fit(X, y) for n in (1, 3))
    assert_same_weights(three, one)


def test_a_memory_map(tmp_path):
    X, y = images()
    mapped = np.memmap(tmp_path / "X", np.uint8, "w+", shape=X.shape)
    mapped[...] = X
    assert_same_weights(net().fit(mapped, y), net().fit(X, y))


class Lazy:
    """Rows that are read when they are wanted."""

    def __init__(self, X):
        self.X, self.shape, self.dtype, self.most = X, X.shape, X.dtype, 0

    def __len__(self):
        return len(self.X)

    def __getitem__(self, key):
        return self.X[key]

    def read_rows(self, rows):
        self.most = max(self.most, len(rows))
        return self.X[rows]


def test_rows_that_are_read_when_they_are_wanted(monkeypatch):
    """The same bits, however many rows are read at a time; never more than the inputs allow."""
    X, y = images()
    monkeypatch.setattr(statistics, "CALL", 5 * X[0].size + 1)
    lazy = Lazy(X)
    clf = net([Resize(3), Normalize(), Dense(3)], batch_size=4).fit(lazy, y)
    assert_same_weights(clf, net([Resize(3), Normalize(), Dense(3)], batch_size=4).fit(X, y))
    assert 0 < lazy.most <= 40
    seen = []
    features = convnet.graph.Network.features
    monkeypatch.setattr(
        convnet.graph.Network,
        "features",
        lambda self, X, *args, **options: (
            seen.append(len(X)),
            features(self, X, *args, **options),
        )[1],
    )
    net([Resize(3), Normalize(), Dense(3)]).fit(X, y)
    assert seen == [5] * 8


# What keeps it --------------------------------------------------------------------------------------------
def test_warm_start_keeps_it():
    X, y = images()
    clf = net(warm_start=True).fit(X, y)
    before = learnt(clf)
    clf.fit(X // 2, y)
    np.testing.assert_array_equal(learnt(clf), before)
    clf.set_params(warm_start=False).fit(X // 2, y)
    assert (np.abs(np.array(learnt(clf)) - before) > 0.01).any()


def test_partial_fit_learns_from_its_first_call():
    X, y = images()
    clf = net([Normalize(), *BODY]).partial_fit(X[:10], y[:10], classes=[0, 1])
    assert_statistics(clf, X[:10] / 255)
    before = learnt(clf)
    clf.partial_fit(X[10:], y[10:])
    np.testing.assert_array_equal(learnt(clf), before)


def test_two_calls_of_partial_fit_are_two_epochs():
    X, y = images()
    clf = net(shuffle=False, batch_size=16)
    for _ in range(2):
        clf.partial_fit(X, y, classes=[0, 1])
    whole = net(shuffle=False, batch_size=16).fit(X, y)
    assert_same_weights(clf, whole)


def test_init_weights_give_it():
    X, y = images()
    source = net().fit(X, y)
    clf = net(init_weights=FrozenEstimator(source)).fit(X // 2, y)
    np.testing.assert_array_equal(learnt(clf), learnt(source))
    assert "normalize1" in clf.init_report_["loaded"]
    others = {k: v for k, v in source.weights_.items() if not k.startswith("normalize1")}
    clf = net([Normalize(), *BODY], init_weights=others).fit(X, y)
    assert_statistics(clf, X / 255)
    assert "normalize1" in clf.init_report_["fresh"]


def test_frozen_means_frozen():
    X, y = images()
    clf = net([Normalize(), *BODY], freeze="normalize1").fit(X, y)
    np.testing.assert_array_equal(learnt(clf), [[0] * 3, [1] * 3])
    source = net().fit(X, y)
    kept = source.layers_up_to("conv1")
    clf = net([*kept, Dense(4)], init_weights=FrozenEstimator(source), freeze="until:conv1")
    clf.fit(X // 2, y)
    assert clf._holder.network(clf.weights_) is not None
    for name in (*FIELDS, "conv1/weights", "conv1/bias"):
        assert clf.weights_[name].tobytes() == source.weights_[name].tobytes()


def test_it_is_no_frozen_front(monkeypatch):
    """Nothing is kept of X where nothing was frozen."""
    X, y = images()
    monkeypatch.setattr(fitting.FrontExamples, "of", None)
    net([Normalize(), *BODY]).fit(X, y)
    net().fit(X, y)


def test_resumed(tmp_path):
    X, y = images()
    path = tmp_path / "run.npz"
    whole = net(max_iter=4).fit(X, y)
    net(max_iter=2, callbacks=[Checkpoint(path)]).fit(X, y)
    resumed = net(max_iter=4, callbacks=[Checkpoint(path, resume=True)]).fit(X, y)
    assert_same_weights(resumed, whole)


# Files, pipelines, searches -------------------------------------------------------------------------------
@pytest.mark.parametrize("ending", ["npz", "safetensors", "pickle"])
def test_files(tmp_path, ending):
    if ending == "safetensors":
        pytest.importorskip("safetensors")
    X, y = images()
    clf = net().fit(X, y)
    if ending == "pickle":
        same = pickle.loads(pickle.dumps(clf))
    else:
        clf.save(tmp_path / f"net.{ending}")
        same = convnet.load(tmp_path / f"net.{ending}")
    assert_same(same, clf, X)
    assert same._input_format.as_is
    np.testing.assert_array_equal(same.predict_proba(X[:3] * 1.0), clf.predict_proba(X[:3]))


def test_pipeline_and_search():
    X, y = images()
    wide = FunctionTransformer(
        lambda X: np.concatenate([X, X[:, ::-1]], axis=1), check_inverse=False
    )
    pipe = make_pipeline(wide, net(max_iter=1))
    grid = {"convnetclassifier__layers__0__size": [6, (9, 7)]}
    grid["convnetclassifier__layers__normalize1__epsilon"] = [1e-7, 1e-3]
    search = GridSearchCV(pipe, grid, cv=2, error_score="raise").fit(X, y)
    assert search.best_estimator_[-1].layers_[0].output_shape[:2] in ((6, 6), (9, 7))
    assert search.predict(X).shape == y.shape


def test_other_estimators():
    X, y = images()
    reg = ConvNetRegressor(RAW, max_iter=2, random_state=0).fit(X, y * 1.0)
    assert_statistics(reg, oracle.resize(X, (8, 8), ("area", "area")) / 255)
    features = ConvNetTransformer(net(), "pool1").fit_transform(X, y)
    assert features.shape == (len(X), 3 * 3 * 4)


def test_learning_rates_are_looked_for_behind_it():
    X, y = images(64)
    search = convnet.find_learning_rate(net([Normalize(), *BODY]), X, y, steps=20)
    assert np.isfinite(search.losses).all()


def test_explanations_have_the_size_of_the_image():
    X, y = images()
    clf = net().fit(X, y)
    for method in ("gradcam", "saliency"):
        maps = clf.explain(X[:2], method=method)
        assert maps.shape == (2, *SHAPE[:2]) and np.isfinite(maps).all() and maps.any()


def test_summary():
    clf = net()
    table = str(clf.summary(images()[0]))
    assert "normalize1" in table and "resize1" in table and "8×8×3" in table


# Units of X -----------------------------------------------------------------------------------------------
def test_auto_leaves_x_to_the_layer():
    """Divided once: uint8, the same as floats, and floats of 0 to 1 without the layer are one net."""
    X, y = images()
    by_layer = net([Rescale(), *BODY]).fit(X, y)
    assert by_layer._input_format.scale == 1 and by_layer._input_format.as_is
    as_floats = net([Rescale(), *BODY]).fit(X.astype(np.float64), y)
    by_auto = net(BODY).fit(X, y)
    for clf in (as_floats, by_auto):
        assert_same_weights(clf, by_layer)
    p = by_layer.predict_proba(X)
    np.testing.assert_array_equal(by_layer.predict_proba(X.astype(np.float32)), p)
    np.testing.assert_array_equal(by_layer.predict_proba(X.astype(np.uint16)), p)
    np.testing.assert_array_equal(as_floats.predict_proba(X), p)
    nested = net([Residual([Rescale(), Conv2D(3, 3, padding="same")]), *BODY]).fit(X, y)
    assert nested._input_format.scale == 1


def test_a_number_multiplies_all_the_same():
    X, y = images()
    clf = net([Rescale(2.0), *BODY], rescale=0.5).fit(X, y)
    np.testing.assert_array_equal(clf.feature_maps(X, "rescale1"), X)


@pytest.mark.parametrize(
    ("fitted", "other", "message"),
    [
        (
            np.uint8,
            lambda X: X * 257.0,
            "uint8 with max 255, which a Rescale layer takes as it is,",
        ),
        (np.uint8, lambda X: X.astype(np.uint16) * 257, "but got uint16 with max 65535"),
        (np.float32, lambda X: (X * 255).astype(np.uint8), "float32 with max 1, which a Rescale"),
        (np.uint8, lambda X: X * 1.2, None),
        (np.float64, lambda X: X.astype(np.uint8), None),
        (np.uint16, lambda X: X * 1.0, None),
    ],
)
def test_values_too_large_for_the_units_are_refused(fitted, other, message):
    X, y = images()
    X[0, 0, 0] = 255
    X = X / np.float32(255) if fitted is np.float32 else X.astype(fitted)
    clf = net([Rescale(), *BODY]).fit(X, y)
    if message is None:
        assert clf.predict(other(X)).shape == y.shape
        return
    with pytest.raises(ValueError) as caught:
        clf.predict(other(X))
    assert message in str(caught.value)


def test_pickles_from_before_take_x_as_they_did():
    X, y = images()
    clf = net(BODY).fit(X, y)
    state = dict(vars(clf._input_format))
    del state["as_is"]
    old = object.__new__(type(clf._input_format))
    vars(old).update(state)
    clf._input_format = old
    assert clf.predict(X / 255).shape == y.shape
    with pytest.raises(ValueError, match="Fitted on uint8 images"):
        clf.predict(X * 1.0)


# Augmentation ---------------------------------------------------------------------------------------------
def test_augmentation_comes_first():
    X, y = images()
    clf = net(augment=[RandomFlip(), RandomCrop(2), Cutout(9)]).fit(X, y)
    assert clf.preview_augment(X[:2], n=3).shape == (2, 3, *SHAPE)  # 9 pixels of X, not of 8
    assert_statistics(clf, oracle.resize(X, (8, 8), ("area", "area")) / 255)
    still = net().fit(X, y)
    assert clf.loss_ != still.loss_


def test_augmentation_that_changes_nothing_trains_alike():
    """The same layers behind another entry of X: bits that do not depend on which."""
    X, y = images()
    for layers in (RAW, [Rescale(), *BODY], [Normalize(), *BODY]):
        plain, moved = net(layers).fit(X, y), net(layers, augment=[RandomCrop(0)]).fit(X, y)
        assert_same_weights(moved, plain)


# What is refused ------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("layers", "message"),
    [
        (
            [Conv2D(4, 3), Normalize()],
            "'conv1' before it is trained. Use BatchNorm, or put it before",
        ),
        ([BatchNorm(), Normalize()], "'batchnorm1' before it is trained"),
        ([Residual([Conv2D(3, 1)]), Normalize()], "'residual1/conv1' before it is trained"),
        ([Dropout(0.5), Normalize()], "'dropout1' before it drops values at random"),
    ],
)
def test_layers_that_stand_before_normalize(layers, message):
    X, y = images()
    clf = net(layers)
    for call in (lambda: clf.fit(X, y), lambda: clf.summary(X)):
        with pytest.raises(ValueError) as caught:
            call()
        assert message in str(caught.value) and "'normalize1'" in str(caught.value)


def test_shapes_that_are_refused():
    X, y = images()
    text = (
        r"layers\[1\] 'resize1': it needs a \(height, width, channels\) map but its input is flat"
    )
    with pytest.raises(ValueError, match=text):
        net([Dense(4), Resize(3)]).fit(X, y)
    with pytest.raises(ValueError, match=r"462 features but layers\[0\] is Resize"):
        net().fit(X.reshape(len(X), -1), y)
    with pytest.raises(ValueError, match="scale must not be 0"):
        Rescale(0)
    huge = net([Resize(2**15), *BODY])
    with pytest.raises(ValueError, match=r"'resize1': its output .* more than"):
        huge.fit(X, y)
    assert clone(huge).layers == huge.layers
