"""X that is read row by row: the same bits as of the array, the same errors, no thread left."""

import os
import signal
import time
from unittest import mock

import numpy as np
import pytest
from row_sources import Folder, Reading, Rising, readers
from sklearn.exceptions import ConvergenceWarning
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV, cross_val_predict, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from convnet import (
    ConvNetClassifier,
    ConvNetRegressor,
    ConvNetTransformer,
    find_learning_rate,
)
from convnet.augment import RandomFlip, RandomRotation
from convnet.callbacks import Callback, Checkpoint
from convnet.estimators import inputs
from convnet.estimators.lazy import is_lazy
from convnet.graph.network import Network
from convnet.graph.trainer import Trainer
from convnet.layers import BatchNorm, Conv1D, Conv2D, Dense, Dropout, MaxPool2D
from convnet.training import front, rows as training_rows
from convnet.training.ahead import ahead
from convnet.training.rows import Rows

RNG = np.random.default_rng(0)
X = RNG.integers(0, 256, (130, 10, 8, 3), dtype=np.uint8)
Y = np.arange(130) % 3
W = np.where(np.arange(130) % 7 == 0, 0.0, np.linspace(0.5, 2, 130))
X_VAL = RNG.integers(0, 256, (40, 10, 8, 3), dtype=np.uint8)
NET = [Conv2D(6, 3, activation="relu"), BatchNorm(), Dropout(0.3), MaxPool2D(2), Dense(5)]


def net(layers=NET, **params):
    params = dict(max_iter=3, batch_size=32, random_state=0, n_jobs=1) | params
    return ConvNetClassifier(layers, **params)


def same(one, other):
    assert one.weights_.keys() == other.weights_.keys()
    for name, array in one.weights_.items():
        np.testing.assert_array_equal(other.weights_[name], array, err_msg=name)
    figures = [key for key in one.history_ if key != "seconds"]
    assert {k: one.history_[k] for k in figures} == {k: other.history_[k] for k in figures}


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
        {"early_stopping": True, "scoring": "neg_log_loss"},
        {"batch_size": 200, "solver": "sgd"},
    ],
    ids=["plain", "augment", "validation", "one batch"],
)
def test_the_bits_are_those_of_the_array(source, params, n_jobs):
    want = net(**params).fit(X, Y, W)
    lazy, val = source(X), source(X_VAL)
    clf = net(n_jobs=n_jobs, **params).fit(lazy, Y, W)
    same(want, clf)
    np.testing.assert_array_equal(clf.predict_proba(val), want.predict_proba(X_VAL))
    np.testing.assert_array_equal(clf.predict(val), want.predict(X_VAL))
    assert clf.score(lazy, Y) == want.score(X, Y)
    np.testing.assert_array_equal(clf.feature_maps(val, "conv1"), want.feature_maps(X_VAL, "conv1"))
    assert not readers()


def test_rows_to_validate_on(source):
    y = np.arange(40) % 3
    want = net(early_stopping=True).fit(X, Y, X_val=X_VAL, y_val=y)
    same(want, net(early_stopping=True).fit(source(X), Y, X_val=source(X_VAL), y_val=y))
    same(want, net(early_stopping=True).fit(X, Y, X_val=source(X_VAL), y_val=y))


def test_partial_fit_and_warm_start(source):
    lazy = source(X)
    fits = []
    for rows in (X, lazy):
        clf = net(warm_start=True, max_iter=1).fit(rows, Y).fit(rows, Y)
        fits.append(clf.partial_fit(rows, Y))
    same(*fits)


SHAPES = {
    "grey": (X[..., 0], {}),
    "flat": (X.reshape(130, -1), {"input_shape": (10, 8, 3)}),
    "channels first": (np.moveaxis(X, -1, 1).copy(), {"data_format": "channels_first"}),
    "flat, channels first": (
        np.moveaxis(X, -1, 1).reshape(130, -1),
        {"input_shape": (3, 10, 8), "data_format": "channels_first"},
    ),
    "table": (X.reshape(130, -1)[:, :20], {"layers": "auto"}),
    "signals": (X[..., 0], {"layers": [Conv1D(4, 3), Dense(3)]}),
    "signals, channels first": (
        X[..., 0],
        {"layers": [Conv1D(4, 3), Dense(3)], "data_format": "channels_first"},
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
    same(want, clf)
    np.testing.assert_array_equal(clf.predict_proba(kind(array)), want.predict_proba(array))
    assert clf.n_features_in_ == want.n_features_in_
    assert clf.input_shape_ == want.input_shape_


def test_regression_and_embeddings(source):
    y = np.stack([X.mean((1, 2, 3)), X.std((1, 2, 3))], axis=1) / 100
    fits = [
        ConvNetRegressor(NET, max_iter=2, random_state=0, early_stopping=True).fit(rows, y)
        for rows in (X, source(X))
    ]
    same(*fits)
    features = [
        ConvNetTransformer(net(max_iter=1), layer=2).fit_transform(rows, Y)
        for rows in (X, source(X))
    ]
    np.testing.assert_array_equal(*features)


@pytest.mark.parametrize("most", [2**30, 0])
def test_a_frozen_front(source, most, monkeypatch):
    """Its outputs are kept, or made anew in each epoch, from rows that are read ahead."""
    layers = [Conv2D(6, 3), BatchNorm(), MaxPool2D(2), Dense(8, activation="relu"), Dropout(0.3)]
    base = net(layers).fit(X, Y)
    monkeypatch.setattr(front, "FRONT_BYTES", most)
    params = dict(init_weights=FrozenEstimator(base), freeze="until:pool1")
    same(net(layers, **params).fit(X, Y, W), net(layers, **params).fit(source(X), Y, W))


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


def test_small_reads(source, monkeypatch):
    """However many rows are read and run at a time."""
    want = net(early_stopping=True).fit(X.astype(np.float32), Y)
    lazy = source(X.astype(np.float32))
    rows = 3
    monkeypatch.setattr(training_rows, "READ", rows * 4 * X[0].size)
    same(want, net(early_stopping=True).fit(lazy, Y))
    getattr(lazy, "calls", []).clear()
    np.testing.assert_array_equal(
        want.predict_proba(lazy), want.predict_proba(X.astype(np.float32))
    )
    assert {len(call) for call in getattr(lazy, "calls", [])} <= {rows, len(X) % rows}


def test_uint8_is_read_for_training_alone():
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
    same(*fits)
    assert seen[-1] == (Rows, (13, 10, 8, 3), 13)


def refused_as_the_array(array, y=None, error=None, **params):
    y = np.arange(len(array)) % 2 if y is None else y
    texts = []
    for rows in (array, Reading(array)):
        with pytest.raises((TypeError, ValueError)) as caught:
            net([Conv2D(4, 3)], **params).fit(rows, y)
        texts.append((type(caught.value), str(caught.value)))
    assert texts[0] == texts[1]
    assert error is None or error in texts[0][1]


@pytest.mark.parametrize(
    "array, params, text",
    [
        (np.zeros((4, 3, 50, 50)), {}, "looks channels-first"),
        (np.zeros((4, 50, 50, 3)), {"data_format": "channels_first"}, "looks channels-last"),
        (np.zeros((150, 150, 3)), {"y": [1]}, "looks like one image"),
        (np.zeros((4, 784)), {}, "Set input_shape, e.g. (28, 28, 1)"),
        (np.zeros((4, 784)), {"input_shape": (28, 28, 3)}, "needs 2352 features; X has 784"),
        (np.zeros((4, 8, 8, 3)), {"input_shape": (8, 8, 1)}, "expected (n, 8, 8, 1)"),
        (np.zeros((4, 8, 0, 3)), {}, "Found array with 0 feature(s)"),
        (np.zeros((0, 8, 8, 3)), {}, "Found array with 0 sample(s)"),
        (np.zeros((4, 2, 2, 2, 2)), {}, "expected (n, height, width, channels)"),
        (np.zeros((4, 8, 8, 1), complex), {}, "Complex data not supported"),
        (np.zeros((4, 8, 8, 1), "M8[s]"), {}, "X has dtype datetime64[s]"),
        (np.zeros((4, 8, 8, 1), "S3"), {}, "dtype"),
        (np.zeros((4, 8, 8, 1)), {"y": [0, 1, 1]}, "inconsistent numbers of samples: [4, 3]"),
        (np.full((4, 8, 8, 1), np.nan), {}, "Input X contains NaN"),
        (np.full((4, 8, 8, 1), 1e300), {}, "Input X contains infinity"),
    ],
)
def test_errors_are_those_of_the_array(array, params, text):
    refused_as_the_array(array, error=text, **params)
    assert not readers()


def test_errors_are_found_before_anything_is_read():
    lazy = Reading(np.zeros((4, 3, 50, 50)))
    with pytest.raises(ValueError, match="looks channels-first"):
        net([Conv2D(4, 3)]).fit(lazy, [0, 1, 0, 1])
    clf = net().fit(X, Y)
    for wrong in (np.zeros((2, 7, 8, 3)), np.zeros((2, 241)), np.zeros((10, 8, 3))):
        lazy = Reading(wrong)
        with pytest.raises(ValueError) as caught:
            clf.predict(lazy)
        with pytest.raises(ValueError) as want:
            clf.predict(wrong)
        assert str(caught.value) == str(want.value)
        assert not lazy.calls
    with pytest.raises(ValueError, match="X_val: X has shape"):
        clf.fit(X, Y, X_val=Reading(np.zeros((2, 7, 8, 3))), y_val=[0, 1])
    with pytest.raises(ValueError, match="trace takes one image"):
        clf.trace(Reading(X))


def test_values_that_are_not_finite_far_on():
    rows = np.zeros((300, 8, 8, 1))
    clf = net([Conv2D(4, 3)]).fit(rows, np.arange(300) % 2)
    rows[250, 3, 3] = np.inf
    with pytest.raises(ValueError, match="Input X contains infinity"):
        clf.predict(Reading(rows))
    with pytest.raises(ValueError, match="Fitted on uint8 images"):
        net().fit(X, Y).predict(Reading(X.astype(np.float32)))


def test_objects_are_refused_in_one_line(tmp_path):
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "X.h5", "w") as file:
        ragged = file.create_dataset("X", (4, 2), dtype=h5py.vlen_dtype(np.uint8))
        with pytest.raises(TypeError, match="X has dtype object; ConvNetClassifier takes"):
            net().fit(ragged, [0, 1, 0, 1])

    class Huge(Reading):
        def __init__(self):
            self.shape, self.dtype = (10**9, 100, 100), np.dtype(object)

    with pytest.raises(TypeError, match="X has dtype object; ConvNetClassifier takes"):
        net().fit(Huge(), [0, 1])

    class Shapeless:
        dtype = np.dtype(np.uint8)

        def read_rows(self, rows):
            raise AssertionError

    with pytest.raises(TypeError, match="X, a Shapeless, has read_rows but no shape"):
        net().fit(Shapeless(), [0, 1])


def test_what_is_in_memory_is_not_read_row_by_row():
    pd = pytest.importorskip("pandas")

    class Foreign:
        shape, dtype = (2, 3), "torch.float33"

        def __getitem__(self, key): ...

    class Only:
        def __array__(self, dtype=None, copy=None):
            return X

    import scipy.sparse as sp

    frame = pd.DataFrame({"dtype": [1.0, 2], "shape": [1, 2]})
    in_memory = [X, X.tolist(), frame, frame.to_numpy(), sp.csr_array(np.eye(3)), sp.eye(3).tocsr()]
    for one in [
        *in_memory,
        np.ma.masked_array(X),
        Only(),
        Foreign(),
        None,
        "x",
    ]:
        assert not is_lazy(one)
    about = {"shape": (2, 3), "dtype": np.dtype(float), "__getitem__": None}
    assert is_lazy(type("Plain", (), about)())
    for name in ("iloc", "__dataframe__", "__array_namespace__", "__cuda_array_interface__"):
        assert not is_lazy(type("Other", (), about | {name: None})())
    assert is_lazy(Reading(X)) and not is_lazy(Reading(X[:, 0, 0, 0]))
    same(net().fit(X, Y), net().fit(Only(), Y))


@pytest.mark.parametrize("error", [OSError("the disk is gone"), KeyboardInterrupt()])
@pytest.mark.parametrize("params", [{}, {"early_stopping": True}])
def test_an_error_of_the_source_comes_out_as_it_is(error, params):
    clf = net(**params).fit(X, Y)
    before = dict(vars(clf))
    for call in (
        lambda: clf.fit(Reading(X, bad=100, error=error), Y),
        lambda: clf.predict(Reading(X, bad=100, error=error)),
        lambda: find_learning_rate(clf, Reading(X, bad=100, error=error), Y),
    ):
        with pytest.raises(type(error)) as caught:
            call()
        assert caught.value is error
        assert not readers()
    assert vars(clf) == before


def test_no_thread_is_left_when_a_fit_ends_early(monkeypatch):
    class Stop(Callback):
        def on_epoch_begin(self, run):
            real = run._fit.loop.trainer.step

            def step(*args, **kwargs):
                raise self.error

            run._fit.loop.trainer.step = step if self.error else real

    stop = Stop()
    for stop.error in (KeyboardInterrupt(), RuntimeError("no")):
        with pytest.raises(type(stop.error)) as caught:
            net(callbacks=[stop], batch_size=8).fit(Reading(X), Y)
        assert caught.value is stop.error and not readers()
        monkeypatch.setattr(Trainer, "step", mock.Mock(side_effect=stop.error))
        with pytest.raises(type(stop.error)):
            find_learning_rate(net(batch_size=8), Reading(X), Y)
        assert not readers()
        monkeypatch.undo()
        clf = net(max_iter=1).fit(X, Y)
        monkeypatch.setattr(training_rows, "READ", 1)
        monkeypatch.setattr(Network, "forward", mock.Mock(side_effect=stop.error))
        with pytest.raises(type(stop.error)):
            clf.predict(Reading(X))
        assert not readers()
        monkeypatch.undo()
    with pytest.warns(ConvergenceWarning, match="max_time"):
        net(max_time=1e-9, batch_size=8).fit(Reading(X), Y)
    assert not readers()
    found = find_learning_rate(net(batch_size=8), Reading(X), Y, steps=5)
    assert len(found.rates) == 5 and not readers()


def test_ctrl_c_while_rows_are_slow():
    """Heard though a batch would take 40 seconds: it is not read to its end."""

    class Slow(Reading):
        def read_rows(self, rows):
            time.sleep(0.02 * len(rows))
            if len(self.calls) == 1:
                os.kill(os.getpid(), signal.SIGINT)
            return super().read_rows(rows)

    lazy = Slow(np.zeros((2000, 4, 4, 1), np.uint8))
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may have it ignored
    try:
        with pytest.raises(KeyboardInterrupt):
            net([Dense(3)], batch_size=2000).fit(lazy, np.arange(2000) % 2)
    finally:
        signal.signal(signal.SIGINT, before)
    assert sum(map(len, lazy.calls)) < 2000 and not readers()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_child_can_fit():
    """Also one that is forked while its parent reads ahead."""
    want = net(n_jobs=2).fit(X, Y)
    results = []

    class Fork(Callback):
        def on_epoch_begin(self, run):
            child = os.fork()
            if child == 0:
                status = 1
                try:
                    same(want, net(n_jobs=2).fit(Reading(X), Y))
                    status = 0
                finally:
                    os._exit(status)
            results.append(child)

    arrays = Rows(Reading(X), "u1")
    reading = ahead(arrays, [np.arange(9)] * 9)
    next(reading)
    same(want, net(n_jobs=2, callbacks=[Fork()]).fit(Reading(X), Y))
    reading.close()
    for child in results:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            done, status = os.waitpid(child, os.WNOHANG)
            if done:
                assert os.waitstatus_to_exitcode(status) == 0
                break
            time.sleep(0.01)
        else:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            pytest.fail("the forked child hangs")


def test_search(tmp_path):
    """Folds of a folder are lazy, and pickled for other processes; those of h5py are arrays."""
    grid = {"alpha": [1e-4, 1e-2]}
    want = GridSearchCV(net(max_iter=1), grid, cv=2).fit(X, Y)
    with pytest.importorskip("h5py").File(tmp_path / "X.h5", "w") as file:
        for lazy in (Folder(X, Y), file.create_dataset("X", data=X)):
            found = GridSearchCV(net(max_iter=1), grid, cv=2).fit(lazy, Y)
            for key in ("mean_test_score", "split1_test_score"):
                np.testing.assert_array_equal(found.cv_results_[key], want.cv_results_[key])
            same(want.best_estimator_, found.best_estimator_)
    found = GridSearchCV(net(max_iter=1), grid, cv=2, n_jobs=2).fit(Folder(X, Y), Y)
    same(want.best_estimator_, found.best_estimator_)
    got = cross_val_predict(net(max_iter=1), Folder(X, Y), Y, cv=3)
    np.testing.assert_array_equal(got, cross_val_predict(net(max_iter=1), X, Y, cv=3))


def test_train_test_split():
    parts = train_test_split(X, Y, random_state=0)
    lazy = train_test_split(Folder(X, Y), Y, random_state=0)
    assert all(isinstance(part, Folder) for part in lazy[:2])
    clf, want = net().fit(lazy[0], lazy[2]), net().fit(parts[0], parts[2])
    same(want, clf)
    assert clf.score(lazy[1], lazy[3]) == want.score(parts[1], parts[3])
    pipe = make_pipeline(FunctionTransformer(), net()).fit(lazy[0], lazy[2])
    same(want, pipe[-1])


def test_a_checkpoint_of_the_array_goes_on_with_the_rows(tmp_path, source):
    """The identity of the data is that of its values."""
    path = tmp_path / "fit.npz"
    want = net(max_iter=4).fit(X, Y)
    net(max_iter=2, callbacks=[Checkpoint(path)]).fit(X, Y)
    clf = net(max_iter=4, callbacks=[Checkpoint(path)]).fit(source(X), Y)
    same(want, clf)
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
