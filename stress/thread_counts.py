"""Print how many threads the regions of a fit and of a prediction have in this process, for each of some settings.

``main()``: a line of JSON, the threads that values of `n_jobs` stand for and those that were
seen. Those seen are the operating system's: libgomp's wait for the next region after each one. Each setting is tried in
a new thread of Python, whose helpers they are and with which they end.
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
    """Return how many threads work for `work`: a new one and its helpers."""
    seen, errors = [], []

    def run():
        while tasks() > BASE + 1:  # helpers of the thread before are about to end
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
    """Return [what is resolved, what a fit has, what a prediction has]."""
    net = fit(1).set_params(n_jobs=n_jobs)
    seen = [count(lambda: fit(n_jobs)), count(lambda: net.predict(X))]
    return [resolve_n_threads(n_jobs), *seen]


def limited(limit):
    """The same for n_jobs=None under threadpoolctl's limit, which holds in the thread that sets it."""
    net = fit(1).set_params(n_jobs=None)

    def within(work):
        with threadpool_limits(limit, user_api="openmp"):
            work()

    return [
        count(lambda: within(lambda: fit(None))),
        count(lambda: within(lambda: net.predict(X))),
    ]


def in_a_worker():
    """What n_jobs=None stands for in a worker of joblib's, and what a fit there has."""
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
