"""Fits on several ranks have the bits of one process. Here the ranks are threads; tests/distributed uses MPI."""

import numpy as np
import pytest
from fits import assert_same_fit
from PIL import Image
from sklearn.base import clone
from thread_ranks import run_ranks

from convnet import ConvNetClassifier, ConvNetRegressor
from convnet.augment import MixUp, RandomCrop, RandomFlip, RandomRotation
from convnet.callbacks import Callback, Checkpoint
from convnet.communication.communicator import use
from convnet.data import ImageFolder
from convnet.layers import (
    Activation,
    BatchNorm,
    Conv2D,
    Conv2DTranspose,
    Dense,
    DepthwiseConv2D,
    Dropout,
    GlobalAvgPool2D,
    GroupNorm,
    MaxPool2D,
    Normalize,
    PReLU,
    Residual,
)

N = 70  # the last batch has 70 % 23 = 1 row
RANKS = (2, 3, 8)


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    X = rng.integers(0, 256, (N, 12, 12, 3), dtype=np.uint8)
    y = np.array(["cat", "dog", "eel"])[X[:, :4].mean(axis=(1, 2, 3)).argsort().argsort() % 3]
    return X, y


def classifier(layers, **parameters):
    defaults = dict(max_iter=2, batch_size=23, random_state=0, tol=0, n_jobs=2)
    return ConvNetClassifier(layers, **defaults | parameters)


def fit_on_ranks(size, estimator, fit):
    """Return the estimators of all ranks after ``fit(estimator)``."""

    def run(communicator):
        own = clone(estimator).set_params(n_jobs=1 + communicator.rank % 2)
        with use(communicator):
            fit(own)
        return own

    return run_ranks(size, run)


def check(estimator, fit, sizes=RANKS):
    """Check that each rank's estimator is, to the bit, that of one process."""
    expected = clone(estimator)
    fit(expected)
    for size in sizes:
        for found in fit_on_ranks(size, estimator, fit):
            assert_same_fit(found, expected)


def convolution(filters, kernel_size=3, **parameters):
    return Conv2D(filters, kernel_size, padding="same", **parameters)


NETS = {
    "plain": [convolution(16, activation="relu"), MaxPool2D(2), Dense(32, activation="relu")],
    "batch norm": [
        *(convolution(16), BatchNorm(), Activation("relu6"), MaxPool2D(2), Dropout(0.3)),
        *(convolution(32, stride=2), BatchNorm(), Activation("relu"), GlobalAvgPool2D()),
    ],
    "wide": [convolution(8, stride=2, activation="relu"), Dense(300, activation="relu"), Dense(70)],
    "by rows of the weights": [
        *(convolution(128, stride=4, activation="relu"), convolution(256, activation="relu")),
        *(convolution(256, stride=2), GlobalAvgPool2D()),
    ],
    "by samples": [convolution(80, activation="relu"), convolution(96), GlobalAvgPool2D()],
    "residual": [
        convolution(16),
        Residual(
            [convolution(32, stride=2), BatchNorm(), Activation("relu"), convolution(32)],
            shortcut=[convolution(32, 1, stride=2), BatchNorm()],
            activation="relu",
        ),
        GlobalAvgPool2D(),
    ],
    "other layers": [
        *(Normalize(), convolution(8), GroupNorm(2), PReLU(), DepthwiseConv2D(3)),
        *(Conv2DTranspose(12, 3, stride=2, activation="tanh"), GlobalAvgPool2D()),
    ],
    "transposed by rows": [
        *(convolution(256, stride=4), Conv2DTranspose(256, 2, stride=2), GlobalAvgPool2D()),
    ],
    "dense layers": [Dense(400), Dense(400), Dense(400, activation="relu")],
}


@pytest.mark.parametrize("name", NETS)
def test_nets(data, name):
    check(classifier(NETS[name]), lambda clf: clf.fit(*data))


def test_fewer_rows_than_ranks(data):
    X, y = data[0][:5], ["a", "b", "a", "b", "b"]
    check(classifier(NETS["plain"], batch_size=4), lambda clf: clf.fit(X, y), sizes=(8,))


@pytest.mark.parametrize("solver", ["sgd", "adamw", "rmsprop"])
def test_solvers_and_clipping(data, solver):
    layers = [convolution(16, max_norm=0.5), MaxPool2D(2), Dense(40, activation="relu", l2=0.1)]
    clf = classifier(layers, solver=solver, clip_norm=0.05, alpha=0.01, label_smoothing=0.1)
    check(clf, lambda clf: clf.fit(*data), sizes=(3,))


def test_class_and_sample_weights(data):
    weights = np.random.default_rng(1).random(N)
    clf = classifier(NETS["batch norm"], class_weight="balanced")
    check(clf, lambda clf: clf.fit(*data, sample_weight=weights), sizes=(3,))


def test_augmented_folder(tmp_path):
    rng = np.random.default_rng(2)
    for i in range(20):
        folder = tmp_path / "ab"[i % 2]
        folder.mkdir(exist_ok=True)
        image = rng.integers(0, 256, (15, 17, 3), dtype=np.uint8)
        Image.fromarray(image).save(folder / f"{i}.png")
    augment = [RandomFlip(), RandomRotation(20), RandomCrop(2)]
    clf = classifier(NETS["plain"], augment=augment, batch_size=8)

    def fit(clf):
        photographs = ImageFolder(tmp_path, (12, 12))
        clf.fit(photographs, photographs.target)

    check(clf, fit, sizes=(2, 3))
    check(clone(clf).set_params(augment=[MixUp(0.4)]), fit, sizes=(3,))


class _Rows:
    """An array that is read in parts and notes which rows are read."""

    def __init__(self, X):
        self._X, self.shape, self.dtype, self.read = X, X.shape, X.dtype, []

    def read_rows(self, rows):
        self.read.append(rows)
        return self._X[rows]


def test_a_rank_reads_its_own_samples_only(data):
    X, y = data

    def run(communicator):
        rows = _Rows(X[:64])
        with use(communicator):
            classifier(NETS["plain"], batch_size=32, max_iter=1).fit(rows, y[:64])
        return sum(map(len, rows.read))

    checks = classifier(NETS["plain"], batch_size=32, max_iter=1)
    alone = _Rows(X[:64])
    checks.fit(alone, y[:64])
    before_training = sum(map(len, alone.read)) - 64
    for read in run_ranks(4, run):
        assert read - before_training <= 16 + 16  # and the rows that ranks compare


def test_frozen_prefix_and_early_stopping(data):
    start = classifier(NETS["batch norm"], max_iter=1).fit(*data)
    clf = classifier(
        NETS["batch norm"], init_weights=start.weights_, freeze=["conv1"], early_stopping=True
    )
    check(clf, lambda clf: clf.fit(*data), sizes=(3,))


def test_warm_start_and_partial_fit(data):
    X, y = data

    def fit_twice(clf):
        clf.fit(X[:40], y[:40])
        clf.fit(X, y)

    def fit_in_parts(clf):
        for part in np.array_split(np.arange(N), 3):
            clf.partial_fit(X[part], y[part], classes=["cat", "dog", "eel"])

    check(classifier(NETS["plain"], warm_start=True), fit_twice, sizes=(3,))
    check(classifier(NETS["batch norm"]), fit_in_parts, sizes=(3,))


def test_partial_fit_with_larger_batches_and_other_ranks(data):
    """The moments of each rank's parameters are not lost when other ranks update them."""
    X, y = data
    clf = classifier([convolution(96, stride=2), convolution(128), Dense(300)], batch_size=64)

    def fit_part(clf, part):
        clf.partial_fit(X[part], y[part], classes=["cat", "dog", "eel"])

    parts = slice(8), slice(None), slice(30)
    expected = clone(clf)
    for part in parts:
        fit_part(expected, part)

    def run(communicator):
        own = clone(clf)
        with use(communicator):
            fit_part(own, parts[0])
            fit_part(own, parts[1])
        communicator.serves_process = False
        communicator.barrier()
        fit_part(own, parts[2])  # alone
        return own

    for size in (2, 5):
        for found in run_ranks(size, run):
            assert_same_fit(found, expected)


def test_callbacks_on_one_rank_only(data):
    def run(communicator):
        clf = classifier(NETS["plain"], verbose=communicator.rank == 1, max_iter=1)
        stop = [_Stop()] if communicator.rank == 0 else None
        with use(communicator):
            return clf.set_params(callbacks=stop).fit(*data).n_iter_

    assert run_ranks(2, run) == [1, 1]


def test_regressor(data):
    X, y = data[0], data[0].mean(axis=(1, 2, 3)) / 100
    reg = ConvNetRegressor(
        NETS["plain"], max_iter=2, batch_size=23, random_state=0, early_stopping=True
    )
    check(reg, lambda reg: reg.fit(X, y), sizes=(3,))


class _Stop(Callback):
    """Stops after the second epoch, and notes where it was called."""

    def __init__(self):
        self.epochs = []

    def on_epoch_end(self, fit):
        self.epochs.append(fit.epoch)
        return fit.epoch == 2


def test_callbacks_run_on_rank_0(data):
    def run(communicator):
        stop = _Stop()
        with use(communicator):
            clf = classifier(NETS["plain"], callbacks=[stop], max_iter=5).fit(*data)
        return stop.epochs, clf.n_iter_

    assert run_ranks(3, run) == [([1, 2], 2), ([], 2), ([], 2)]


@pytest.mark.parametrize(("before", "after"), [(1, 3), (3, 1), (2, 8)])
def test_checkpoint_resumes_on_another_number_of_ranks(data, tmp_path, before, after):
    clf = classifier(NETS["batch norm"], max_iter=4, early_stopping=True, n_iter_no_change=9)
    expected = clone(clf).fit(*data)
    path = tmp_path / "fit.npz"
    for size, epochs in ((before, 2), (after, 4)):
        part = clone(clf).set_params(max_iter=epochs, callbacks=[Checkpoint(path)])
        found = (
            part.fit(*data) if size == 1 else fit_on_ranks(size, part, lambda c: c.fit(*data))[-1]
        )
    assert_same_fit(found, expected)


def test_ranks_with_other_parameters_or_data(data):
    X, y = data

    def run(communicator):
        other = communicator.rank == 1
        targets = np.roll(y, 1) if other else y
        clf = classifier(NETS["plain"], alpha=0.5 if other else 0.1)
        with (
            use(communicator),
            pytest.raises(ValueError, match="Rank 1 differs from rank 0 in alpha, y"),
        ):
            clf.fit(X, targets)
        return True

    assert all(run_ranks(3, run))


def test_each_rank_passes_its_own_part(data):
    X, y = data
    weights = np.random.default_rng(3).random(N)
    clf = classifier(NETS["batch norm"], early_stopping=True)
    expected = clone(clf).fit(X, y, sample_weight=weights)
    bounds = [0, 9, 50, N]

    def run(communicator):
        communicator.holds_parts = True
        own = slice(*bounds[communicator.rank : communicator.rank + 2])
        with use(communicator):
            return clone(clf).fit(X[own], y[own], sample_weight=weights[own])

    for found in run_ranks(3, run):
        assert_same_fit(found, expected)


def test_an_unknown_seed_is_that_of_rank_0(data):
    first, *others = fit_on_ranks(
        3, classifier(NETS["plain"], random_state=None), lambda c: c.fit(*data)
    )
    for other in others:
        assert_same_fit(other, first)


def test_a_fit_in_another_thread(data):
    def run(communicator):
        return communicator

    from concurrent.futures import ThreadPoolExecutor

    (communicator,) = run_ranks(1, run)
    clf = classifier(NETS["plain"])
    with (
        use(communicator),
        ThreadPoolExecutor(1) as pool,
        pytest.raises(RuntimeError, match="n_jobs=1"),
    ):
        pool.submit(clf.fit, *data).result()
