"""Cases of a process that forks: ``python stress/fork_cases.py CASE [argument ...]``.

Each case fits, forks, and lets the child predict and fit too, to the bits of the parent. A child that hangs is
killed (`tests/forked.py`), and the process fails.
"""

import ctypes
import multiprocessing
import os
import sys
import threading
import time
import traceback
import warnings
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import joblib
import numpy as np
from sklearn.base import clone

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from forked import assert_ends_well

from convnet import ConvNetClassifier
from convnet.layers import BatchNorm, Conv2D, Dense, MaxPool2D

warnings.filterwarnings("ignore", ".*no better than a constant prediction")  # two epochs

LAYERS = [Conv2D(16, 3, activation="relu"), BatchNorm(), MaxPool2D(2), Dense(32)]
X = np.random.default_rng(0).integers(0, 256, (128, 16, 16, 3), dtype=np.uint8)
Y = np.arange(128) % 3


def new():
    return ConvNetClassifier(LAYERS, max_iter=2, batch_size=64, random_state=0, n_jobs=2)


def fitted_bits(_=None):
    """Return the outputs of a net fitted in this process."""
    return new().fit(X, Y).predict_proba(X)


class Parent:
    """A process that has fitted a net."""

    def __init__(self):
        self.net = new().fit(X, Y)
        self.want = self.net.predict_proba(X)

    def check(self):
        """Assert that predictions and a new fit have the bits of the first fit."""
        assert np.array_equal(self.net.predict_proba(X), self.want)
        assert np.array_equal(clone(self.net).fit(X, Y).predict_proba(X), self.want)

    def fork(self, *works):
        """Fork; the child checks, then calls `works`, and the parent waits for it."""
        child = os.fork()
        if child == 0:
            status = 1
            try:
                self.check()
                for work in works:
                    work()
                status = 0
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(status)
        assert_ends_well(child)


def plain():
    parent = Parent()
    for _ in range(3):
        parent.fork()
        parent.check()


def grandchild():
    parent = Parent()
    parent.fork(lambda: parent.fork(lambda: parent.fork(parent.check), parent.check))
    parent.check()


def boosting():
    """Fork after scikit-learn's gradient boosting, which uses its own OpenMP runtime or the same one."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    flat = X.reshape(len(X), -1)[:, :50]
    HistGradientBoostingClassifier(max_iter=3).fit(flat, Y)
    parent = Parent()
    parent.fork(parent.fork)
    HistGradientBoostingClassifier(max_iter=3).fit(flat, Y)
    parent.fork()
    parent.check()


def library(path):
    """Fork after another library used the same runtime: its regions run in the child too, whichever ran first."""
    parallel = ctypes.CDLL(path).threads_of_a_region
    assert parallel(2) == 2
    parent = Parent()
    mapped = {line.split()[-1] for line in Path("/proc/self/maps").read_text().splitlines()}
    assert len([p for p in mapped if "libgomp" in p and "scikit_learn.libs" not in p]) == 1

    def both():
        assert parallel(2) == parallel(3) - 1 == 2
        parent.check()

    parent.fork(both, lambda: parent.fork(both))
    both()
    parent.fork(both)


def inside(path):
    """Fork inside a region of another library, where the runtime's threads cannot be released."""
    call = ctypes.CDLL(path).call_in_a_region
    parent = Parent()
    seen = []

    def in_a_thread():
        """Check in another thread of the child, which may use several threads."""
        thread = threading.Thread(target=lambda: (parent.check(), seen.append(tasks())))
        thread.start()
        thread.join()
        assert seen == [3]  # the main thread, this one and its helper

    def fork():
        parent.fork(parent.check, in_a_thread, parent.fork)

    call(ctypes.CFUNCTYPE(None)(fork), 2)
    parent.check()
    parent.fork(parent.check)


def tasks():
    """Return the number of threads of this process."""
    return len(os.listdir("/proc/self/task"))


def other_thread():
    """Fork from a thread that is not the main one, which has fitted or not."""
    parent, errors = Parent(), []

    def work(first):
        try:
            if first:
                parent.check()
            parent.fork(parent.check)
            parent.check()
        except BaseException:
            errors.append(traceback.format_exc())

    for first in (True, False):
        thread = threading.Thread(target=work, args=(first,))
        thread.start()
        thread.join()
    assert not errors, errors
    parent.check()


def busy(times):
    """Fork many times while other threads are inside regions of a fit and of a prediction."""
    parent, errors, over = Parent(), [], threading.Event()
    alone, rounds = new().set_params(max_iter=4).fit(X, Y).predict_proba(X), [0, 0]

    def fit():
        while not over.is_set():
            net = new().set_params(max_iter=4).fit(X, Y)
            if not np.array_equal(net.predict_proba(X), alone):
                errors.append("fit")
            rounds[0] += 1

    def predict():
        while not over.is_set():
            if not np.array_equal(parent.net.predict_proba(X), parent.want):
                errors.append("predict")
            rounds[1] += 1

    threads = [threading.Thread(target=work) for work in (fit, predict)]
    for thread in threads:
        thread.start()
    longest = 0.0
    try:
        for _ in range(int(times)):
            begin = time.monotonic()
            parent.fork()
            longest = max(longest, time.monotonic() - begin)
        while not min(rounds) and not errors:
            time.sleep(0.01)
    finally:
        over.set()
        for thread in threads:
            thread.join()
    parent.check()
    assert not errors, errors
    print(f"{longest:.2f}")


def backend(name):
    """Fit in joblib's workers, after a fit in the parent."""
    parent = Parent()
    for _ in range(2):
        bits = joblib.Parallel(n_jobs=2, backend=name)(
            joblib.delayed(fitted_bits)(i) for i in range(4)
        )
        assert all(np.array_equal(b, parent.want) for b in bits)
        parent.check()


def pool():
    """Fit in pools of the standard library that fork."""
    parent, context = Parent(), multiprocessing.get_context("fork")
    with context.Pool(2) as workers:
        bits = workers.map(fitted_bits, range(4))
        bits += workers.map(parent.net.predict_proba, [X, X])
    with ProcessPoolExecutor(2, mp_context=context) as workers:
        bits += workers.map(fitted_bits, range(4))
    assert len(bits) == 10 and all(np.array_equal(b, parent.want) for b in bits)
    parent.check()


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
