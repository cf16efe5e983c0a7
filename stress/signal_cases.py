"""Cases of a process that receives signals: ``python stress/signal_cases.py CASE [argument ...]``.

A case prints how many seconds each Ctrl-C took, as a JSON list.
"""

import gc
import json
import os
import random
import signal
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
SIGNALS = sorted(signal.valid_signals())


def handlers():
    return {number: signal.getsignal(number) for number in SIGNALS}


BEFORE = handlers()

# ruff: noqa: E402
import numpy as np
from forked import HANG
from sklearn.base import clone

from convnet import ConvNetClassifier
from convnet.callbacks import Callback
from convnet.graph import Network
from convnet.layers import BatchNorm, Conv2D, Dense, Dropout, MaxPool2D

RNG = np.random.default_rng(0)
X = RNG.integers(0, 256, (200, 14, 14, 3), dtype=np.uint8)
Y = np.arange(200) % 3
LAYERS = [Conv2D(8, 3, activation="relu"), BatchNorm(), MaxPool2D(2), Dropout(0.2), Dense(16)]
FOR_EVER = dict(max_iter=10**6, n_iter_no_change=10**6)


class Rows:
    """Images that are read slowly, on demand."""

    def __init__(self, images):
        self.images, self.shape, self.dtype = images, images.shape, images.dtype

    def __len__(self):
        return len(self.images)

    def read_rows(self, rows):
        time.sleep(1e-4 * len(rows))
        return self.images[rows]


def new(**params):
    params = {
        "learning_rate": "constant"
    } | params  # so that the epochs of a shorter fit are the same
    return ConvNetClassifier(LAYERS, batch_size=50, random_state=0, n_jobs=2, **params)


def moment():
    """Return a random delay in seconds, from 1 ms to 0.3 s."""
    return 10 ** random.uniform(-3, -0.5)


class Begun(Callback):
    """Sets an event when the first epoch begins."""

    def __init__(self):
        self.event = threading.Event()

    def on_epoch_begin(self, run):
        self.event.set()


def interrupted(delay, call, *args, begun=None, **passed):
    """Send Ctrl-C during a call; return how long the call went on, in seconds of wall-clock time and of processor time.

    The delay starts with the call, or with the event `begun`.
    """
    sent, start = [], begun or threading.Event()

    def send():
        start.wait()
        time.sleep(delay)
        sent.extend((time.monotonic(), time.process_time()))
        os.kill(os.getpid(), signal.SIGINT)

    sender = threading.Thread(target=send)
    sender.start()
    try:
        if begun is None:
            start.set()
        call(*args, **passed)
    except KeyboardInterrupt:
        return time.monotonic() - sent[0], time.process_time() - sent[1]
    finally:
        start.set()
        sender.join()
    raise AssertionError("no KeyboardInterrupt")


def assert_no_readers(name):
    """Wait until the threads that read ahead have ended: Ctrl-C may interrupt the wait for them."""
    deadline = time.monotonic() + HANG
    while readers := [t for t in threading.enumerate() if "convnet" in t.name]:
        assert time.monotonic() < deadline, (name, readers)
        time.sleep(0.001)


def same_state(net, before):
    assert vars(net).keys() == before.keys()
    assert all(value is before[name] for name, value in vars(net).items())


def same_weights(net, other):
    assert net.weights_.keys() == other.weights_.keys()
    assert all(np.array_equal(array, other.weights_[name]) for name, array in net.weights_.items())


def fits(times, seed):
    """Interrupt fits at random moments: of new and of fitted nets, with validation, callbacks and lazy rows."""
    random.seed(int(seed))
    want, seconds = new(max_iter=3).fit(X, Y), []
    forms = [
        ("plain", {}, X, {}),
        ("validated", dict(early_stopping=True), X, {}),
        ("with callbacks", dict(callbacks=[Callback()]), X, dict(X_val=X, y_val=Y)),
        ("lazy", {}, Rows(X), {}),
    ]
    for i in range(int(times)):
        name, params, data, passed = forms[i % 4]
        fitted = i // 4 % 2 == 1
        net = clone(want)
        if fitted:
            net.fit(X, Y)
        net.set_params(**FOR_EVER, **params)
        before = dict(vars(net))
        seconds.append(interrupted(moment(), net.fit, data, Y, **passed)[0])
        same_state(net, before)
        if fitted:
            same_weights(net, want)
        assert_no_readers(name)
        defaults = {key: getattr(want, key) for key in (*FOR_EVER, *params)}
        same_weights(net.set_params(**defaults).fit(X, Y), want)
    return seconds


def warm_start(times, seed):
    """Interrupt warm starts, which keep the best weights so far: without validation those of the last epoch."""
    random.seed(int(seed))
    seconds = []
    for i in range(int(times)):
        net = new(**FOR_EVER, warm_start=True)
        done = 0
        if i % 2:
            done = net.set_params(max_iter=2).fit(X, Y).n_iter_
            net.set_params(**FOR_EVER)
        before = dict(vars(net))
        seconds.append(interrupted(moment(), net.fit, X, Y)[0])
        epochs = getattr(net, "n_iter_", 0) - done
        if epochs == 0:
            same_state(net, before)
            continue
        want = new(**FOR_EVER, warm_start=True).set_params(max_iter=done or epochs).fit(X, Y)
        if done:
            want.set_params(max_iter=epochs).fit(X, Y)
        same_weights(net, want)
        assert net.loss_curve_ == want.loss_curve_
        net.set_params(max_iter=1).fit(X, Y)
        same_weights(net, want.set_params(max_iter=1).fit(X, Y))
    return seconds


def long_steps(batch):
    """Interrupt long steps: of convolutions, of batch norm, of wide layers, and of large images.

    A step never waits, so processor time counts if it is shorter: time that other processes take does not.
    """
    big = np.zeros((int(batch), 40, 40, 3), np.uint8)
    large = np.zeros((8, 224, 224, 3), np.uint8)
    conv = [Conv2D(n, 3, padding="same", activation="relu") for n in (32, 64)]
    deep = [Conv2D(n, 3, padding="same", activation="relu") for n in (64, 128, 256, 512)]
    nets = [
        (big, [*conv, MaxPool2D(2), Conv2D(64, 3)]),
        (big, [conv[0], BatchNorm(), conv[1], BatchNorm(), MaxPool2D(2)]),
        (big, [Dense(4096, activation="relu"), Dense(4096)]),
        (large, [layer for conv in deep for layer in (conv, conv, MaxPool2D(2))]),
    ]
    seconds = []
    for images, layers in nets:
        begun = Begun()
        net = ConvNetClassifier(
            layers, batch_size=len(images), random_state=0, n_jobs=2, callbacks=[begun], **FOR_EVER
        )
        y = np.arange(len(images)) % 2
        if layers[0].__class__ is Dense:
            images = images.reshape(len(images), -1)
        seconds.append(min(interrupted(0.3, net.fit, images, y, begun=begun.event)))
        assert not hasattr(net, "weights_")
        gc.collect()  # free the arrays of this fit before the next one
    return seconds


def predictions(times):
    """Interrupt predictions of many rows, of rows read on demand, and of a few large images."""
    net = new(max_iter=1).fit(X, Y)
    many = np.broadcast_to(X[:1], (10**7, *X.shape[1:]))
    slow = Rows(np.broadcast_to(X[:1], (10**5, *X.shape[1:])))
    large = np.zeros((2, 256, 256, 3), np.uint8)
    wide = [Conv2D(96, 3, padding="same", activation="relu")] * 60 + [MaxPool2D(8)]
    want, seconds = net.predict_proba(X), []
    for i in range(int(times)):
        X_long = slow if i % 2 else many
        seconds.append(interrupted(random.uniform(0.01, 0.5), net.predict, X_long)[0])
        assert np.array_equal(net.predict_proba(X), want)
    network = Network(wide, large.shape[1:], 2)
    seconds.append(min(interrupted(0.5, network.forward, large, n_threads=2)))
    return seconds


def unchanged():
    """Assert that no handler changes in an import, a fit, an interrupted fit or a prediction."""
    found = [handlers()]
    net = new(max_iter=2).fit(X, Y)
    net.predict(Rows(X))
    found.append(handlers())
    interrupted(0.1, new(**FOR_EVER).fit, X, Y)
    found.append(handlers())
    assert all(after == BEFORE for after in found)
    return []


def for_ever():
    """Fit until a signal arrives."""
    print("begun", flush=True)
    new(**FOR_EVER).fit(X, Y)


def search(backend):
    """Fit in two workers until a signal arrives."""
    import joblib

    with joblib.Parallel(n_jobs=2, backend=backend) as parallel:
        parallel([joblib.delayed(time.sleep)(0.3) for _ in range(2)])
        print("begun", flush=True)
        nets = [new(**FOR_EVER) for _ in range(2)]
        parallel([joblib.delayed(net.fit)(X, Y) for net in nets])


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may have it ignored
    BEFORE[signal.SIGINT] = signal.default_int_handler
    print(json.dumps(globals()[sys.argv[1]](*sys.argv[2:])))
