"""Counts the threads that fits and predictions use in this process, for several settings.

`main` prints, as a line of JSON, the number of threads that each `n_jobs` stands for and the number counted. It counts
threads of the operating system: libgomp's helpers stay after a region and wait for the next one. Each setting runs in
a new Python thread, whose helpers end with it.
"""

import json
import os
import threading
import time

import joblib
import numpy as np
from threadpoolctl import threadpool_limits

from convnet import ConvNetClassifier
from convnet.engine.threads import resolve_n_threads
from convnet.layers import Conv2D, Dense, MaxPool2D

X = np.random.default_rng(0).integers(0, 256, (160, 24, 24, 3), dtype=np.uint8)
Y = np.arange(160) % 3
LAYERS = [Conv2D(16, 3, activation="relu"), MaxPool2D(2), Dense(32)]


def tasks():
    return len(os.listdir("/proc/self/task"))


def fit(n_jobs):
    return ConvNetClassifier(LAYERS, max_iter=1, batch_size=80, random_state=0, n_jobs=n_jobs).fit(
        X, Y
    )


def count(work):
    """Return how many threads run `work`: a new one and its helpers."""
    seen, errors = [], []

    def run():
        while tasks() > BASE + 1:  # helpers of the previous thread are about to end
            time.sleep(0.001)
        try:
            work()
            seen.append(tasks() - BASE)
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return seen[0]


def counts(n_jobs=None):
    """Return the number of threads [resolved, of a fit, of a prediction]."""
    net = fit(1).set_params(n_jobs=n_jobs)
    seen = [count(lambda: fit(n_jobs)), count(lambda: net.predict(X))]
    return [resolve_n_threads(n_jobs), *seen]


def limited(limit):
    """Return the number of threads [of a fit, of a prediction] under threadpoolctl's limit, set in the same thread."""
    net = fit(1).set_params(n_jobs=None)

    def within(work):
        with threadpool_limits(limit, user_api="openmp"):
            work()

    return [
        count(lambda: within(lambda: fit(None))),
        count(lambda: within(lambda: net.predict(X))),
    ]


def in_a_worker():
    """Return the number of threads in a joblib worker for n_jobs=None: [resolved, of a fit]."""
    global BASE
    fit(1)
    BASE = tasks()
    return [resolve_n_threads(), count(lambda: fit(None))]


def under_loky(inner):
    with joblib.parallel_config("loky", inner_max_num_threads=inner):
        return joblib.Parallel(n_jobs=2)(joblib.delayed(in_a_worker)() for _ in range(2))


def main(*cpus):
    global BASE
    if cpus:
        os.sched_setaffinity(0, map(int, cpus))
    fit(1)
    BASE = tasks()
    found = {
        "cpus": joblib.cpu_count(),
        "n_jobs": {str(n): counts(n) for n in (None, 1, 2, 3, -1)},
        "limits": {str(n): limited(n) for n in (1, 2)},
    }
    print(json.dumps(found))
