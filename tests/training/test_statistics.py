"""Normalize: what it learns, and what keeps it."""

import numpy as np
import oracle
import pytest
from fits import assert_same_weights
from netcheck import EPS
from preprocessing_nets import (
    BODY,
    FIELDS,
    RAW,
    assert_statistics,
    images,
    learnt,
    net,
)
from sklearn.frozen import FrozenEstimator
from sklearn.preprocessing import StandardScaler

import convnet
from convnet.callbacks import Checkpoint
from convnet.fitting import session as fitting
from convnet.layers import (
    Conv2D,
    Dense,
    Normalize,
    Residual,
    Resize,
)
from convnet.training import statistics


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
    assert "normalize1" in clf.init_report_["missing"]


def test_frozen_means_frozen():
    X, y = images()
    clf = net([Normalize(), *BODY], freeze="normalize1").fit(X, y)
    np.testing.assert_array_equal(learnt(clf), [[0] * 3, [1] * 3])
    source = net().fit(X, y)
    kept = source.layers_up_to("conv1")
    clf = net([*kept, Dense(4)], init_weights=FrozenEstimator(source), freeze="until:conv1")
    clf.fit(X // 2, y)
    assert clf._network_cache.network(clf.weights_) is not None
    for name in (*FIELDS, "conv1/weights", "conv1/bias"):
        assert clf.weights_[name].tobytes() == source.weights_[name].tobytes()


def test_it_is_no_frozen_front(monkeypatch):
    """Nothing is kept of X where nothing was frozen."""
    X, y = images()
    monkeypatch.setattr(fitting.CachedFeatures, "of", None)
    net([Normalize(), *BODY]).fit(X, y)
    net().fit(X, y)


def test_resumed(tmp_path):
    X, y = images()
    path = tmp_path / "run.npz"
    whole = net(max_iter=4).fit(X, y)
    net(max_iter=2, callbacks=[Checkpoint(path)]).fit(X, y)
    resumed = net(max_iter=4, callbacks=[Checkpoint(path, resume=True)]).fit(X, y)
    assert_same_weights(resumed, whole)
