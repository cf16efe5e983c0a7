"""The number of threads that a call uses, and calls in several threads at once."""

import copy
import json
import os
import pickle
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from convnet import ConvNetClassifier
from convnet.engine import openmp_version
from convnet.layers import BatchNorm, Conv2D, Dense, Dropout, MaxPool2D

HERE = str(Path(__file__).parent)
LAYERS = [Conv2D(16, 3, activation="relu"), BatchNorm(), MaxPool2D(2), Dropout(0.2), Dense(32)]
X = np.random.default_rng(0).integers(0, 256, (128, 16, 16, 3), dtype=np.uint8)
Y = np.arange(128) % 3


def new(**params):
    return ConvNetClassifier(
        LAYERS, **(dict(max_iter=2, batch_size=64, random_state=0, n_jobs=2) | params)
    )


# The number of threads


def seen(code, **env):
    """Run code that uses `thread_counts` in a new process and return the JSON that it prints."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("OMP_", "GOMP_"))}
    path = os.pathsep.join([HERE, *filter(None, [os.environ.get("PYTHONPATH")])])
    out = subprocess.run(
        [sys.executable, "-c", f"import json, thread_counts\n{code}"],
        env=kept | env | {"PYTHONPATH": path}, check=True, capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    return json.loads(out.stdout)


counted = pytest.mark.skipif(
    not openmp_version() or not os.path.isdir("/proc/self/task"), reason="no OpenMP or no /proc"
)


@counted
def test_the_number_asked_for_is_the_number_seen(amount, figure):
    """The kernels of a fit and of a prediction obey ``OMP_NUM_THREADS``, ``n_jobs`` and threadpoolctl."""

    def look(omp):
        return seen("thread_counts.main()", **({"OMP_NUM_THREADS": str(omp)} if omp else {}))

    settings = amount((None, 1, 3, 7), (None, 1, 2, 3, 4, 5, 6, 7, 8, 9, 99))
    with ThreadPoolExecutor(2) as pool:
        all_found = list(pool.map(look, settings))
    for omp, found in zip(settings, all_found, strict=True):
        cpus, most = found["cpus"], 4 * found["cpus"]
        default = min(omp, most) if omp else joblib.cpu_count(only_physical_cores=True)
        wants = {"None": default, "1": 1, "2": 2, "3": min(3, most), "-1": cpus}
        assert found["n_jobs"] == {n: [want] * 3 for n, want in wants.items()}, omp
        limits = {n: min(n, most if omp else default) for n in (1, 2)}
        assert found["limits"] == {str(n): [want] * 2 for n, want in limits.items()}, omp
        number = found["n_jobs"]["None"][1]
        figure(f"threads in a fit, OMP_NUM_THREADS={omp or 'not set'}", seen=number, asked=default)


@counted
def test_openmp_may_give_fewer():
    """OpenMP may use fewer threads than memory was allocated for."""
    for env, most in [({"OMP_THREAD_LIMIT": "3"}, 3), ({"OMP_DYNAMIC": "true"}, 10**6)]:
        found = seen("thread_counts.main()", OMP_NUM_THREADS="5", **env)
        for resolved, of_fit, of_prediction in found["n_jobs"].values():
            assert 1 <= of_fit <= min(resolved, most), env
            assert 1 <= of_prediction <= min(resolved, most), env


@counted
@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no affinity masks")
def test_affinity():
    found = seen(f"thread_counts.main({min(os.sched_getaffinity(0))})")
    assert found["n_jobs"]["None"] == found["n_jobs"]["-1"] == [1, 1, 1]
    assert found["n_jobs"]["3"] == [3, 3, 3]  # an explicit number overrides the mask


@counted
def test_loky(amount):
    """joblib limits the threads of each of its workers."""
    inner = amount((1, 3), (1, 2, 3))
    found = seen(f"print(json.dumps([thread_counts.under_loky(n) for n in {inner}]))")
    wants = [min(n, 4 * joblib.cpu_count()) for n in inner]
    assert found == [[[want, want]] * 2 for want in wants]


# A search


def search_seconds(backend, n_jobs, images, candidates):
    """Return how many seconds a search takes whose workers are already running."""
    net = ConvNetClassifier(
        [Conv2D(32, 3, activation="relu"), MaxPool2D(2), Conv2D(32, 3), Dense(32)],
        max_iter=30, batch_size=64, random_state=0, n_jobs=1 if n_jobs == 1 else None,
    )  # fmt: skip
    search = GridSearchCV(
        net, {"alpha": list(np.logspace(-5, -2, candidates))}, cv=2, n_jobs=n_jobs, refit=False
    )
    y = np.arange(len(images)) % 2
    with joblib.parallel_config(backend):
        begin = time.perf_counter()
        search.fit(images, y)
        return time.perf_counter() - begin


@pytest.mark.long
@pytest.mark.skipif(joblib.cpu_count(only_physical_cores=True) < 2, reason="one core")
def test_a_search_in_two_workers(figure):
    """A search in two workers takes little more than the ideal: half the time of its fits in sequence with one thread.

    The workers are already running, except those of multiprocessing, which are new in each search; a search takes so
    long that their start hardly counts. The searches alternate, so that other load on the machine affects all of them.
    The figure is the median of the rounds' ratios. It means something only on an idle machine.
    """
    turns, candidates = 3, 4
    images = np.random.default_rng(0).integers(0, 256, (400, 40, 40, 3), dtype=np.uint8)
    ratios = {backend: [] for backend in ("loky", "threading", "multiprocessing")}
    for backend in ratios:
        search_seconds(backend, 2, images[:8], 1)
    for _ in range(turns):
        ideal = search_seconds("sequential", 1, images, candidates) / 2
        for backend, found in ratios.items():
            found.append(search_seconds(backend, 2, images, candidates) / ideal)
    for backend, found in ratios.items():
        figure(
            f"a search in two workers of {backend}, of the ideal",
            seen=f"{median(found):.2f}",
            asked="<= 1.3",
        )
    assert max(map(median, ratios.values())) <= 1.3, ratios


# Several calls at once


def weights(net):
    return b"".join(array.tobytes() for array in net.weights_.values())


def test_two_fits_at_once(amount, figure):
    rounds, nets = amount(5, 100), [new(), new(random_state=1, solver="sgd", max_iter=3)]
    alone = [weights(net.fit(X, Y)) for net in nets]

    def fit(net):
        return [weights(clone(net).fit(X, Y)) for _ in range(rounds)]

    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(fit, nets))
    wrong = sum(bits != want for found, want in zip(together, alone, strict=True) for bits in found)
    assert wrong == 0
    figure("fits beside another one with other bits", seen=f"{wrong} of {2 * rounds}", asked=0)


def test_eight_threads_predict_on_one_estimator(amount, figure):
    """The estimator comes from a pickle, so that the first prediction builds the network."""
    rounds, net = amount(20, 1000), new().fit(X, Y)
    rows = [np.arange(n) for n in (1, 2, 3, 17, 40, 64, 100, 128)]
    alone = [net.predict_proba(X[part]) for part in rows]
    wrong = 0
    with ThreadPoolExecutor(8) as pool:
        for i in range(rounds):
            net = pickle.loads(pickle.dumps(net)) if i % 5 == 0 else net
            found = pool.map(lambda part, net=net: net.predict_proba(X[part]), rows)
            wrong += sum(not np.array_equal(p, want) for p, want in zip(found, alone, strict=True))
    assert wrong == 0
    figure("predictions of 8 threads with other bits", seen=f"{wrong} of {8 * rounds}", asked=0)


def test_predictions_while_the_estimator_changes(amount, figure):
    """A prediction is that of the net before a fit or of the one after it, never a mixture."""
    rounds, kinds = amount(10, 300), (Y, Y + 3 * (np.arange(128) % 2) + 5)
    nets = [new(max_iter=1, random_state=i).fit(X, y) for i, y in enumerate(kinds)]
    wants = [{"proba": net.predict_proba(X), "labels": net.predict(X)} for net in nets]
    net, over, wrong = new(max_iter=1).fit(X, Y), threading.Event(), []

    def known(name, found):
        return any(np.array_equal(found, want[name]) for want in wants)

    def repeat(i, work):
        while not over.is_set():
            try:
                problem = work()
            except Exception as error:
                problem = repr(error)
            if problem:
                wrong.append(problem)
            calls[i] += 1

    def refit():
        for i, y in enumerate(kinds):
            net.set_params(random_state=i).fit(X, y)

    def predict():
        if not known("proba", net.predict_proba(X)) or not known("labels", net.predict(X)):
            return "a prediction of neither net"

    def copies():
        for made in (pickle.loads(pickle.dumps(net)), copy.deepcopy(net)):
            if not known("labels", made.predict(X)):
                return "a copy of neither net"
        if hasattr(clone(net), "weights_"):
            return "a clone that is fitted"

    works = [refit, predict, predict, copies, lambda: net.set_params(verbose=0) and None]
    calls = [0] * len(works)
    threads = [threading.Thread(target=repeat, args=item) for item in enumerate(works)]
    for thread in threads:
        thread.start()
    while min(calls) < rounds and not wrong:
        time.sleep(0.01)
    over.set()
    for thread in threads:
        thread.join()
    assert not wrong, (len(wrong), wrong[:5])
    figure("calls beside a fit of the same net that fail", seen=f"0 of {sum(calls)}", asked=0)
