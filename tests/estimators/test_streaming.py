"""X that is read row by row: the same bits as of the array, the same errors, no thread left."""

import numpy as np
import pytest
from fits import assert_same_fit
from row_sources import Folder, Reading, Rising, readers
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV, cross_val_predict, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from streaming_nets import NET, X_VAL, W, X, Y, net

from convnet import (
    ConvNetRegressor,
    ConvNetTransformer,
    find_learning_rate,
)
from convnet.augment import CutMix, MixUp, RandomFlip, RandomRotation
from convnet.callbacks import Checkpoint
from convnet.data.lazy import chunks as chunking
from convnet.data.lazy.array import LazyArray
from convnet.fitting import likely_mistakes
from convnet.graph import Trainer
from convnet.inputs import images as inputs
from convnet.layers import BatchNorm, Conv1D, Conv2D, Dense, Dropout, MaxPool2D
from convnet.training import frozen_prefix


@pytest.fixture(params=["h5py", "zarr", "memmap", Reading, Rising])
def source(request, tmp_path):
    """Makes something of an array that holds the same rows."""
    files = []

    def make(array):
        path = tmp_path / f"{len(files)}"
        files.append(path)
        chunks = (min(7, len(array)), *array.shape[1:])
        if request.param == "h5py":
            file = pytest.importorskip("h5py").File(path, "w")
            return file.create_dataset("X", data=array, chunks=chunks)
        if request.param == "zarr":
            store = pytest.importorskip("zarr").open(
                path, mode="w", shape=array.shape, dtype=array.dtype, chunks=chunks
            )
            store[:] = array
            return store
        if request.param == "memmap":
            array.tofile(path)
            return np.memmap(path, dtype=array.dtype, mode="r", shape=array.shape)
        return request.param(array)

    return make


@pytest.mark.parametrize("n_jobs", [1, 2])
@pytest.mark.parametrize(
    "params",
    [
        {},
        {"augment": [RandomFlip(), RandomRotation(10)], "shuffle": False},
        {"augment": [MixUp(), CutMix()]},
        {"early_stopping": True, "scoring": "neg_log_loss"},
        {"batch_size": 200, "solver": "sgd"},
    ],
    ids=["plain", "augment", "mixed", "validation", "one batch"],
)
def test_the_bits_are_those_of_the_array(source, params, n_jobs):
    want = net(**params).fit(X, Y, W)
    lazy, val = source(X), source(X_VAL)
    clf = net(n_jobs=n_jobs, **params).fit(lazy, Y, W)
    assert_same_fit(want, clf)
    np.testing.assert_array_equal(clf.predict_proba(val), want.predict_proba(X_VAL))
    np.testing.assert_array_equal(clf.predict(val), want.predict(X_VAL))
    assert clf.score(lazy, Y) == want.score(X, Y)
    np.testing.assert_array_equal(clf.feature_maps(val, "conv1"), want.feature_maps(X_VAL, "conv1"))
    assert not readers()


def test_rows_to_validate_on(source):
    y = np.arange(40) % 3
    want = net(early_stopping=True).fit(X, Y, X_val=X_VAL, y_val=y)
    assert_same_fit(want, net(early_stopping=True).fit(source(X), Y, X_val=source(X_VAL), y_val=y))
    assert_same_fit(want, net(early_stopping=True).fit(X, Y, X_val=source(X_VAL), y_val=y))


def test_partial_fit_and_warm_start(source):
    lazy = source(X)
    fits = []
    for rows in (X, lazy):
        clf = net(warm_start=True, max_iter=1).fit(rows, Y).fit(rows, Y)
        fits.append(clf.partial_fit(rows, Y))
    assert_same_fit(*fits)


SHAPES = {
    "grey": (X[..., 0], {}),
    "flat": (X.reshape(130, -1), {"input_shape": (10, 8, 3)}),
    "channels first": (np.moveaxis(X, -1, 1).copy(), {"data_format": "channels_first"}),
    "flat, channels first": (
        np.moveaxis(X, -1, 1).reshape(130, -1),
        {"input_shape": (3, 10, 8), "data_format": "channels_first"},
    ),
    "table": (X.reshape(130, -1)[:, :20], {"layers": "auto"}),
    "signals": (X[..., 0], {"layers": [Conv1D(4, 3), Dense(4)]}),
    "signals, channels first": (
        X[..., 0],
        {"layers": [Conv1D(4, 3), Dense(4)], "data_format": "channels_first"},
    ),
    "float16": ((X / 255).astype(np.float16), {}),
    "float64": (X / 255, {}),
    "big-endian": (X.astype(">u2"), {}),
    "longdouble": (X.astype(np.longdouble), {"rescale": 1 / 255}),
    "bool": (X > 100, {}),
}


@pytest.mark.parametrize("key", SHAPES)
@pytest.mark.parametrize("kind", [Reading, Rising])
def test_shapes_and_dtypes(key, kind):
    array, params = SHAPES[key]
    want = net(**params).fit(array, Y)
    clf = net(**params).fit(kind(array), Y)
    assert_same_fit(want, clf)
    np.testing.assert_array_equal(clf.predict_proba(kind(array)), want.predict_proba(array))
    assert clf.n_features_in_ == want.n_features_in_
    assert clf.input_shape_ == want.input_shape_


def test_regression_and_embeddings(source):
    y = np.stack([X.mean((1, 2, 3)), X.std((1, 2, 3))], axis=1) / 100
    fits = [
        ConvNetRegressor(NET, max_iter=2, random_state=0, early_stopping=True).fit(rows, y)
        for rows in (X, source(X))
    ]
    assert_same_fit(*fits)
    features = [
        ConvNetTransformer(net(max_iter=1), layer=2).fit_transform(rows, Y)
        for rows in (X, source(X))
    ]
    np.testing.assert_array_equal(*features)


@pytest.mark.parametrize("most", [2**30, 0])
def test_a_frozen_front(source, most, monkeypatch):
    """Its outputs are cached, or computed again in each epoch, from rows that are prefetched."""
    layers = [Conv2D(6, 3), BatchNorm(), MaxPool2D(2), Dense(8, activation="relu"), Dropout(0.3)]
    base = net(layers).fit(X, Y)
    monkeypatch.setattr(frozen_prefix, "MAX_CACHED_BYTES", most)
    params = dict(init_weights=FrozenEstimator(base), freeze="until:pool1")
    assert_same_fit(net(layers, **params).fit(X, Y, W), net(layers, **params).fit(source(X), Y, W))


def test_outputs_that_are_kept_are_not_read_for_again(monkeypatch):
    layers = [Conv2D(6, 3), MaxPool2D(2), Dense(8)]
    params = dict(init_weights=dict(net(layers).fit(X, Y).weights_), freeze="until:pool1")
    lazy = Reading(X)
    net(layers, **params, max_iter=4).fit(lazy, Y)
    np.testing.assert_array_equal(np.sort(np.concatenate(lazy.calls)), np.arange(130))


def test_find_learning_rate(source, monkeypatch):
    epochs, real = [], Trainer.step
    monkeypatch.setattr(
        Trainer, "step", lambda self, *a, **kw: epochs.append(kw["epoch"]) or real(self, *a, **kw)
    )
    found = [find_learning_rate(net(), rows, Y, steps=12) for rows in (X, source(X))]
    np.testing.assert_array_equal(found[0].losses, found[1].losses)
    assert found[0].suggestion == found[1].suggestion
    assert epochs == [0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 2] * 2
    assert not readers()


def test_what_looks_at_x(source):
    clf = net(augment=[RandomFlip(), RandomRotation(10)])
    np.testing.assert_array_equal(
        clf.preview_augment(source(X[:9]), 2), clf.preview_augment(X[:9], 2)
    )
    assert str(clf.summary(source(X), Y)) == str(clf.summary(X, Y))
    plain = net()
    np.testing.assert_array_equal(
        plain.preview_augment(source(X[:9])), plain.preview_augment(X[:9])
    )
    fitted = plain.fit(X, Y)
    assert str(fitted.trace(source(X[:1]))) == str(fitted.trace(X[:1]))


@pytest.mark.parametrize("method", ["gradcam", "saliency", "integrated_gradients", "occlusion"])
def test_explanations(source, method):
    clf = net([Conv2D(6, 3, activation="relu"), MaxPool2D(2)]).fit(X, Y)
    want, found = (clf.explain(rows, method) for rows in (X_VAL[:9], source(X_VAL[:9])))
    np.testing.assert_array_equal(found, want)
    cells = [clf.explain_confusion(rows, Y[:9], method) for rows in (X[:9], source(X[:9]))]
    np.testing.assert_array_equal(cells[1].maps, cells[0].maps)


@pytest.mark.filterwarnings("ignore:.*Only uint8 and uint16 are divided by their maximum")
def test_small_reads(source, monkeypatch):
    """However many rows are read and run at a time."""
    want = net(early_stopping=True).fit(X.astype(np.float32), Y)
    lazy = source(X.astype(np.float32))
    rows = 3
    monkeypatch.setattr(chunking, "MAX_CHUNK_BYTES", rows * 4 * X[0].size)
    assert_same_fit(want, net(early_stopping=True).fit(lazy, Y))
    getattr(lazy, "calls", []).clear()
    np.testing.assert_array_equal(
        want.predict_proba(lazy), want.predict_proba(X.astype(np.float32))
    )
    assert {len(call) for call in getattr(lazy, "calls", [])} <= {rows, len(X) % rows}


def test_uint8_is_read_for_training_alone(monkeypatch):
    monkeypatch.setattr(
        likely_mistakes, "WORSE", np.inf
    )  # the loss of the final weights takes another pass
    lazy = Reading(X)
    clf = net(max_iter=1).fit(lazy, Y)
    np.testing.assert_array_equal(np.sort(np.concatenate(lazy.calls)), np.arange(130))
    lazy.calls.clear()
    clf.predict(lazy)
    np.testing.assert_array_equal(np.concatenate(lazy.calls), np.arange(130))
    assert all(thread is not None for thread in lazy.threads) and len(lazy.threads) == 2


def test_rows_without_weight_and_rows_held_out_are_not_read_to_train():
    lazy = Reading(X)
    net(max_iter=2).fit(lazy, Y, np.where(np.arange(130) < 30, 1.0, 0.0))
    assert set(np.concatenate(lazy.calls)) == set(range(30))


def test_a_scorer_is_given_rows_unread():
    seen = []

    def scorer(estimator, X, y):
        seen.append((type(X), X.shape, len(y)))
        return float((estimator.predict(X) == y).mean())

    lazy = Reading(X)
    fits = [net(max_iter=1, early_stopping=True, scoring=scorer).fit(rows, Y) for rows in (X, lazy)]
    assert_same_fit(*fits)
    assert seen[-1] == (LazyArray, (13, 10, 8, 3), 13)


@pytest.mark.slow
def test_search(tmp_path):
    """Folds of a folder are lazy, and pickled for other processes; those of h5py are arrays."""
    grid = {"alpha": [1e-4, 1e-2]}
    want = GridSearchCV(net(max_iter=1), grid, cv=2).fit(X, Y)
    with pytest.importorskip("h5py").File(tmp_path / "X.h5", "w") as file:
        for lazy in (Folder(X, Y), file.create_dataset("X", data=X)):
            found = GridSearchCV(net(max_iter=1), grid, cv=2).fit(lazy, Y)
            for key in ("mean_test_score", "split1_test_score"):
                np.testing.assert_array_equal(found.cv_results_[key], want.cv_results_[key])
            assert_same_fit(want.best_estimator_, found.best_estimator_)
    found = GridSearchCV(net(max_iter=1), grid, cv=2, n_jobs=2).fit(Folder(X, Y), Y)
    assert_same_fit(want.best_estimator_, found.best_estimator_)
    got = cross_val_predict(net(max_iter=1), Folder(X, Y), Y, cv=3)
    np.testing.assert_array_equal(got, cross_val_predict(net(max_iter=1), X, Y, cv=3))


def test_train_test_split():
    parts = train_test_split(X, Y, random_state=0)
    lazy = train_test_split(Folder(X, Y), Y, random_state=0)
    assert all(isinstance(part, Folder) for part in lazy[:2])
    clf, want = net().fit(lazy[0], lazy[2]), net().fit(parts[0], parts[2])
    assert_same_fit(want, clf)
    assert clf.score(lazy[1], lazy[3]) == want.score(parts[1], parts[3])
    pipe = make_pipeline(FunctionTransformer(), net()).fit(lazy[0], lazy[2])
    assert_same_fit(want, pipe[-1])


def test_a_checkpoint_of_the_array_goes_on_with_the_rows(tmp_path, source):
    """The fingerprint of the data depends on its values only."""
    path = tmp_path / "fit.npz"
    want = net(max_iter=4).fit(X, Y)
    net(max_iter=2, callbacks=[Checkpoint(path)]).fit(X, Y)
    clf = net(max_iter=4, callbacks=[Checkpoint(path)]).fit(source(X), Y)
    assert_same_fit(want, clf)
    other = X.copy()
    other[-1] ^= 1
    with pytest.raises(ValueError, match="data"):
        net(max_iter=4, callbacks=[Checkpoint(path)]).fit(source(other), Y)


def test_arrays_take_their_direct_path(monkeypatch):
    """No thread, no copy of a batch: the engine gathers the rows from X itself."""
    seen, real = [], Trainer.step
    monkeypatch.setattr(
        Trainer, "step", lambda self, X, *a, **kw: seen.append(X) or real(self, X, *a, **kw)
    )
    mapped = X.view(np.memmap)
    for rows in (X, mapped):
        net(max_iter=1).fit(rows, Y)
    assert seen and all(np.shares_memory(one, X) for one in seen)
    assert type(inputs.check_rows(mapped, "net")) is np.ndarray
