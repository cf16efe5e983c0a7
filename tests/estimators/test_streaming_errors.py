"""Rows that are read when they are wanted: what is refused, and what goes wrong on the way."""

import os
import signal
from unittest import mock

import numpy as np
import pytest
from fits import assert_same_fit
from forked import HANG, assert_ends_well
from row_sources import Reading, readers, stop_event
from sklearn.exceptions import ConvergenceWarning
from streaming_nets import X, Y, net

from convnet import find_learning_rate
from convnet.callbacks import Callback
from convnet.data.arraylikes import is_lazy
from convnet.data.lazy import chunks as chunking
from convnet.data.lazy.array import LazyArray
from convnet.data.lazy.prefetch import prefetch
from convnet.graph import Network, Trainer
from convnet.layers import Conv2D, Dense


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
        (
            np.zeros((4, 784)),
            {},
            "Pass the shape of one sample to the estimator, such as input_shape=(28, 28, 1)",
        ),
        (np.zeros((4, 784)), {"input_shape": (28, 28, 3)}, "needs 2352 features; X has 784"),
        (
            np.zeros((4, 8, 8, 3)),
            {"input_shape": (8, 8, 1)},
            "The samples have 3 channels instead of 1: convert them",
        ),
        (np.zeros((4, 8, 0, 3)), {}, "Found array with 0 feature(s)"),
        (np.zeros((0, 8, 8, 3)), {}, "Found array with 0 sample(s)"),
        (np.zeros((4, 2, 2, 2, 2)), {}, "expected (n, height, width, channels)"),
        (np.zeros((4, 8, 8, 1), complex), {}, "Complex data not supported"),
        (np.zeros((4, 8, 8, 1), "M8[s]"), {}, "X has dtype datetime64[s]"),
        (np.zeros((4, 8, 8, 1), "S3"), {}, "dtype"),
        (np.zeros((4, 8, 8, 1)), {"y": [0, 1, 1]}, "X has 4 samples, but y has 3"),
        (
            np.full((4, 8, 8, 1), np.nan),
            {},
            "ConvNetClassifier does not accept missing values: remove",
        ),
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

    with pytest.raises(TypeError, match="X, a Shapeless, has read_rows but lacks a shape"):
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
    assert_same_fit(net().fit(X, Y), net().fit(Only(), Y))


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
            real = run._session.loop.trainer.step

            def step(*args, **kwargs):
                raise self.error

            run._session.loop.trainer.step = step if self.error else real

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
        monkeypatch.setattr(chunking, "MAX_CHUNK_BYTES", 1)
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


def test_ctrl_c_while_rows_are_slow(monkeypatch):
    """Ctrl-C ends a fit within a batch: the rest of the batch is not read."""
    stopped = stop_event(monkeypatch)

    class Slow(Reading):
        def read_rows(self, rows):
            if len(self.calls) == 1:
                os.kill(os.getpid(), signal.SIGINT)
                assert stopped.wait(HANG)
            return super().read_rows(rows)

    lazy = Slow(np.zeros((2000, 4, 4, 1), np.uint8))
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may have it ignored
    try:
        with pytest.raises(KeyboardInterrupt):
            net([Dense(3)], batch_size=2000).fit(lazy, np.arange(2000) % 2)
    finally:
        signal.signal(signal.SIGINT, before)
    for thread in readers():  # a fit does not wait for a thread that Ctrl-C caught starting
        thread.join(HANG)
    assert len(lazy.calls) == 2 and not readers()


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
                    assert_same_fit(want, net(n_jobs=2).fit(Reading(X), Y))
                    status = 0
                finally:
                    os._exit(status)
            results.append(child)

    arrays = LazyArray(Reading(X), "u1")
    reading = prefetch(arrays, [np.arange(9)] * 9)
    next(reading)
    assert_same_fit(want, net(n_jobs=2, callbacks=[Fork()]).fit(Reading(X), Y))
    reading.close()
    for child in results:
        assert_ends_well(child)
