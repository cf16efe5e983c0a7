"""Several callers of one net at once, and forked children."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from forked import assert_ends_well
from netcheck import normals

from convnet.fitted.network_cache import NetworkCache
from convnet.graph import Network
from convnet.layers import BatchNorm, Conv2D, Dense, MaxPool2D

LAYERS = [Conv2D(9, 3), BatchNorm(), MaxPool2D(2), Dense(30, activation="relu")]


def test_callers_at_once():
    """Eight Python threads predict on one net, each with several threads of its own."""
    net = Network(LAYERS, (12, 11, 3), 4)
    rng = np.random.default_rng(0)
    batches = [normals(rng, (n, 12, 11, 3)) for n in (1, 3, 17, 40, 5, 64, 2, 33)]
    wants = [net.forward(x) for x in batches]
    with ThreadPoolExecutor(8) as pool:
        for _ in range(5):
            gots = pool.map(lambda x: net.forward(x, n_threads=2), batches)
            for got, want in zip(gots, wants, strict=True):
                np.testing.assert_array_equal(got, want)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_child_can_predict():
    """After a parallel region in the parent, where libgomp by itself would hang the child."""
    net = Network(LAYERS, (12, 11, 3), 4)
    x = normals(np.random.default_rng(0), (40, 12, 11, 3))
    want = net.forward(x, n_threads=2)
    child = os.fork()
    if child == 0:
        status = 1
        try:
            status = int(not np.array_equal(net.forward(x, n_threads=2), want))
        finally:
            os._exit(status)
    assert_ends_well(child)
    np.testing.assert_array_equal(net.forward(x, n_threads=2), want)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_fork_while_another_thread_holds_the_locks():
    """It builds what predicts; the child, where it is not, builds its own."""
    holder = NetworkCache(LAYERS, (12, 11, 3), 4)
    net = holder.network(None)
    x = normals(np.random.default_rng(0), (40, 12, 11, 3))
    want = net.forward(x)
    held, done = threading.Event(), threading.Event()

    def hold():
        with net._lock, holder._lock:
            held.set()
            done.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            net.changed()
            status = int(not np.array_equal(holder.network(None).forward(x), want))
        finally:
            os._exit(status)
    done.set()
    thread.join()
    assert_ends_well(child)
    np.testing.assert_array_equal(net.forward(x), want)
