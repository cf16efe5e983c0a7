"""Memory of one process: `python stress/memory_use.py peak KIND MEGABYTES` or `... slope KIND TIMES`; prints JSON.

"peak" is the largest growth of the process's own memory while it fits or predicts X of so many megabytes; X itself does
not count. "slope" repeats an action and fits a line to the memory after each repetition of the last two thirds; it
also counts the threads and open files before and after these.
"""

import gc
import io
import json
import os
import pickle
import sys
import tempfile
import threading
from pathlib import Path

import numpy as np
from sklearn.base import clone

import convnet
from convnet import ConvNetClassifier
from convnet.augment import RandomFlip
from convnet.layers import BatchNorm, Conv2D, Dense, Dropout, MaxPool2D, Normalize

MEGA = 1e6
SIDE = 64
SHAPE = (SIDE, SIDE, 3)


def own_bytes():
    """Return the bytes in memory that belong to this process alone: no mapped files."""
    lines = Path("/proc/self/smaps_rollup").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Anonymous:"))


class Peak:
    """Measures the largest growth of `own_bytes` inside a with block."""

    def __enter__(self):
        self._before, self._over = own_bytes(), threading.Event()
        self._most, self._thread = self._before, threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *error):
        self._over.set()
        self._thread.join()
        self.growth = max(self._most, own_bytes()) - self._before

    def _watch(self):
        while not self._over.wait(0.002):
            self._most = max(self._most, own_bytes())


# peaks ---------------------------------------------------------------------------------------------------
def net(*first, **params):
    """Return a classifier that is fast on large images."""
    layers = [*first, Conv2D(8, 8, stride=4, activation="relu"), MaxPool2D(4)]
    return ConvNetClassifier(layers, **{"max_iter": 2, "random_state": 0, "n_jobs": 2} | params)


def pixels(size, dtype=np.uint8):
    """Return images of `size` bytes: 50 random ones, repeated."""
    some = np.random.default_rng(0).integers(0, 256, (50, *SHAPE)).astype(dtype)
    X = np.empty((int(size) // some[0].nbytes, *SHAPE), dtype)
    for start in range(0, len(X), len(some)):
        X[start : start + len(some)] = some[: len(X) - start]
    return X


def fit(X, *first, **params):
    return net(*first, **params).fit(X, np.arange(len(X)) % 2)


def predict(X):
    clf = fit(X[:100])
    return lambda: (clf.predict(X), clf.predict_proba(X), clf.score(X, np.arange(len(X)) % 2))


def weighted(X):
    return lambda: net().fit(X, np.arange(len(X)) % 2, sample_weight=np.ones(len(X)))


def validated(X):
    n, val = len(X) * 4 // 5, len(X) * 4 // 5
    y = np.arange(len(X)) % 2
    return lambda: net().fit(X[:n], y[:n], X_val=X[val:], y_val=y[val:])


def every_second(size):
    return pixels(2 * size)[::2]


def channels_first(size):
    X = pixels(size)
    return X.reshape(len(X), 3, SIDE, SIDE)


def flat(size):
    X = pixels(size)
    return X.reshape(len(X), -1)


PEAKS = {  # name: (makes X of a size, returns the action on X)
    "uint8": (pixels, lambda X: lambda: fit(X)),
    "a copy": (pixels, lambda X: lambda: fit(X.copy())),  # shows that the test would see a copy
    "early stopping": (
        pixels,
        lambda X: lambda: fit(X, early_stopping=True, validation_fraction=0.2),
    ),
    "X_val": (pixels, validated),
    "sample_weight": (pixels, weighted),
    "augment": (pixels, lambda X: lambda: fit(X, augment=[RandomFlip()])),
    "Normalize": (pixels, lambda X: lambda: fit(X, Normalize())),
    "float32": (lambda size: pixels(size, np.float32), lambda X: lambda: fit(X)),
    "float64": (lambda size: pixels(size, np.float64), lambda X: lambda: fit(X)),
    "int64": (lambda size: pixels(size, np.int64), lambda X: lambda: fit(X)),
    "every second row": (every_second, lambda X: lambda: fit(X)),
    "Fortran order": (lambda size: np.asfortranarray(pixels(size)), lambda X: lambda: fit(X)),
    "channels first": (channels_first, lambda X: lambda: fit(X, data_format="channels_first")),
    "2-D": (flat, lambda X: lambda: fit(X, input_shape=SHAPE)),
    "predict": (pixels, predict),
}


def peak(kind, megabytes):
    """Return the growth in megabytes, after a first fit of a few rows."""
    make, act = PEAKS[kind]
    X = make(float(megabytes) * MEGA)
    fit(pixels(2 * MEGA, X.dtype))
    run = act(X)
    gc.collect()
    with Peak() as seen:
        run()
    return {"growth": seen.growth / MEGA, "bytes": X.nbytes / MEGA}


# slopes --------------------------------------------------------------------------------------------------
X = np.random.default_rng(0).integers(0, 256, (64, 12, 10, 3), dtype=np.uint8)
Y = np.arange(64) % 3
KEPT = []


def small(**params):
    """Return a net with layers of many kinds, whose fit takes milliseconds."""
    layers = [Conv2D(8, 3, activation="relu"), BatchNorm(), MaxPool2D(2), Dropout(0.2), Dense(16)]
    params = {"max_iter": 2, "batch_size": 16, "random_state": 0, "n_jobs": 2} | params
    return ConvNetClassifier(layers, **params)


def again(clf):
    return lambda: clf.fit(X, Y)


def save_and_load(clf):
    folder = tempfile.TemporaryDirectory()  # removed with `run`, when the process ends

    def run():
        path = Path(folder.name, "net.npz")
        clf.save(path)
        convnet.load(path).predict(X)

    return run


def explain(clf):
    def run():
        for method in ("gradcam", "saliency", "occlusion", "integrated_gradients"):
            clf.explain(X[:4], method)

    return run


def fork(clf):
    def run():
        child = os.fork()
        if not child:
            clf.predict(X)
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0

    return run


def failing(clf):
    bad = X.astype(float)
    bad[-1, -1, -1, -1] = np.nan

    def run():
        for wrong, y in ((bad, Y), (X, Y[:-1]), (X[:, :2], Y)):
            try:
                clone(clf).fit(wrong, y)
            except ValueError:
                continue
            raise AssertionError("it fits")

    return run


SLOPES = {
    "fit": again,
    "new nets": lambda clf: lambda: small().fit(X, Y),
    "fit and predict": lambda clf: lambda: (clf.fit(X, Y).predict(X), clf.score(X, Y)),
    "early stopping": lambda clf: again(small(early_stopping=True, validation_fraction=0.2)),
    "partial_fit": lambda clf: lambda: clf.partial_fit(X, Y),
    "augment": lambda clf: again(small(augment=[RandomFlip()])),
    "threads that change": lambda clf: lambda: [clf.set_params(n_jobs=n).fit(X, Y) for n in (1, 3)],
    "pickles": lambda clf: lambda: pickle.loads(pickle.dumps(clf)).predict(X),
    "files": save_and_load,
    "explain": explain,
    "forks": fork,
    "clones": lambda clf: lambda: clone(clf).set_params(layers__0__filters=6).fit(X, Y),
    "streams": lambda clf: lambda: pickle.dump(clf.fit(X, Y), io.BytesIO()),
    "fits that fail": failing,
    "a leak": lambda clf: lambda: (clf.fit(X, Y), KEPT.append(np.ones(2**13))),  # 64 KiB, seen
}


def state():
    """Return the numbers of threads and of open files."""
    return [len(os.listdir(f"/proc/self/{what}")) for what in ("task", "fd")]


def slope(kind, times):
    """Return the growth in megabytes per repetition, over the last two thirds."""
    run, used, first = SLOPES[kind](small().fit(X, Y)), [], None
    for i in range(int(times)):
        run()
        gc.collect()
        used.append(own_bytes() / MEGA)
        if i == int(times) // 3:
            first = state()
    used = used[len(used) // 3 :]
    return {
        "slope": np.polyfit(np.arange(len(used)), used, 1)[0],
        "threads, files": [first, state()],
    }


if __name__ == "__main__":
    print(json.dumps({"peak": peak, "slope": slope}[sys.argv[1]](*sys.argv[2:])))
