"""dask_fit: the bits of a fit in one process, on any number of workers and whatever lies where; errors that end."""

import os
import signal
import threading
import time

import numpy as np
import pytest
from dask_clusters import Failing, dask_cluster, fails, kill, left_running, pids
from fits import assert_same_fit

from convnet import ConvNetClassifier, ConvNetRegressor
from convnet.augment import RandomFlip
from convnet.distributed import dask_fit
from convnet.layers import BatchNorm, Conv2D, Dense, Dropout, MaxPool2D

da = pytest.importorskip("dask.array", reason="needs Dask")
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")

RANDOM = np.random.default_rng(0)
X = RANDOM.integers(0, 256, (150, 10, 10, 3), np.uint8)
y = RANDOM.integers(0, 3, 150)
NET = [Conv2D(8, 3), BatchNorm(), MaxPool2D(2), Dropout(0.2), Dense(16)]
CHUNKS = (40, 10, 70, 30)


def classifier(**params):
    return ConvNetClassifier(NET, **{"max_iter": 3, "batch_size": 32, "random_state": 0} | params)


@pytest.fixture(scope="module")
def client():
    with dask_cluster(3) as client:
        yield client


@pytest.fixture
def workers(client):
    return sorted(client.nthreads())


def on_workers(client, array, chunks, owners):
    """Return a Dask array whose i-th chunk lies on worker ``owners[i]``."""
    bounds = np.cumsum([0, *chunks])
    parts = [
        client.submit(np.array, array[a:b], workers=[owner], pure=False)
        for a, b, owner in zip(bounds, bounds[1:], owners, strict=False)
    ]
    return da.concatenate(
        [
            da.from_delayed(part, (length, *array.shape[1:]), array.dtype)
            for part, length in zip(parts, chunks, strict=True)
        ]
    )


@pytest.mark.parametrize("places", [(0, 0, 0, 0), (0, 1, 1, 0), (2, 1, 0, 1), (0, 1, 2, 2)])
def test_the_same_bits_wherever_the_chunks_lie(client, workers, places):
    dX = on_workers(client, X, CHUNKS, [workers[place] for place in places])
    net = classifier()
    assert dask_fit(net, dX, da.from_array(y, chunks=60), client=client) is net
    assert_same_fit(net, classifier().fit(X, y))
    assert not any(any(found) for found in client.run(left_running).values())


def test_options_of_a_fit(client):
    weights = RANDOM.random(150).astype(np.float32)
    options = dict(early_stopping=True, augment=[RandomFlip("horizontal")], clip_norm=1.0, n_jobs=2)
    dX = da.from_array(X, chunks=(50, 5, 10, 3))
    net = dask_fit(classifier(**options), dX, y, weights, client=client)
    assert_same_fit(net, classifier(**options).fit(X, y, weights))
    assert net.n_jobs == 2


def test_a_regressor_and_warm_start(client):
    targets, images = RANDOM.random((150, 2)), RANDOM.random(X.shape, np.float32)

    def make():
        return ConvNetRegressor(NET, max_iter=2, batch_size=32, random_state=0, warm_start=True)

    dX, dy = da.from_array(images, chunks=(50, -1, -1, -1)), da.from_array(targets)
    net, alone = make(), make()
    for _ in range(2):
        dask_fit(net, dX, dy, client=client)
        alone.fit(images, targets)
        assert_same_fit(net, alone)


def test_chunks_of_unknown_length(client):
    keep = y < 2
    dX, dy = da.from_array(X, chunks=(50, -1, -1, -1)), da.from_array(y, chunks=50)
    mask = dy < 2
    net = dask_fit(classifier(), dX[mask], dy[mask], client=client)
    assert_same_fit(net, classifier().fit(X[keep], y[keep]))


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda d, t: (classifier(), X, y), TypeError, "takes X as a dask.array.Array; got ndarray"),
        (lambda d, t: (classifier(), d, y[1:]), ValueError, "y has shape .149,.; X has 150 samples"),
        (lambda d, t: (classifier(), d, t, y[1:]), ValueError, "sample_weight has shape .149,."),
        (lambda d, t: (classifier(solver="nix"), d, t), ValueError, "solver must be one of"),
        (lambda d, t: (classifier(), d[:, 0, 0, 0], t), ValueError, "X has 1 axis"),
        (lambda d, t: (classifier(), d[d[:, 0, 0, 0] > 9], y), TypeError, "compute_chunk_sizes"),
        (lambda d, t: (classifier(), d.map_blocks(fails, dtype=d.dtype), t), RuntimeError, "no disk"),
    ],
)  # fmt: skip
def test_misuse(client, call, error, text):
    arguments = call(da.from_array(X, chunks=(50, -1, -1, -1)), da.from_array(y, chunks=50))
    with pytest.raises(error, match=text):
        dask_fit(*arguments, client=client)
    assert not hasattr(arguments[0], "weights_")
    assert not any(any(found) for found in client.run(left_running).values())


def test_an_error_names_its_worker(client, workers):
    dX = on_workers(client, X, CHUNKS, [workers[1], workers[2], workers[2], workers[1]])
    with pytest.raises(RuntimeError, match=f"worker {workers[1]}.*the disk is full"):
        dask_fit(classifier(callbacks=[Failing()]), dX, y, client=client)
    assert not any(any(found) for found in client.run(left_running).values())


def test_workers_in_one_process():
    with (
        dask_cluster(2, processes=False) as client,
        pytest.raises(RuntimeError, match="processes=True"),
    ):
        dX = on_workers(client, X, (75, 75), sorted(client.nthreads()))
        dask_fit(classifier(), dX, y, client=client)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
def test_a_worker_that_ends_or_stops(how):
    with dask_cluster(2) as client:
        processes = pids(client)
        workers = sorted(processes)
        dX = on_workers(client, X, (75, 75), workers)
        outcome = []

        def fit():
            try:
                dask_fit(classifier(max_iter=10**6), dX, y, client=client, timeout=4.0)
            except BaseException as error:
                outcome.append(error)

        thread = threading.Thread(target=fit)
        thread.start()
        while not any(client.run(left_running, workers=[workers[0]])[workers[0]][2:]):
            time.sleep(0.05)
        time.sleep(np.random.default_rng().uniform(0, 1))
        kill(processes[workers[1]], how)
        try:
            thread.join(120)
            assert not thread.is_alive()
        finally:
            if how == signal.SIGSTOP:
                kill(processes[workers[1]], signal.SIGCONT)
        assert isinstance(outcome[0], RuntimeError), repr(outcome[0])
        assert workers[1] in str(outcome[0])
        left = client.run(left_running, workers=[workers[0]])[workers[0]]
        assert not any(left)


def memory():
    """Return the resident memory of this process, in bytes."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.slow
@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="reads /proc")
def test_images_do_not_pass_through_the_scheduler():
    """The scheduler and the client are this process; its memory does not grow with a gigabyte of images."""
    n = 2**30 // (64 * 64 * 3)
    with dask_cluster(2) as client:
        dX = da.random.default_rng(0).integers(
            0, 256, (n, 64, 64, 3), np.uint8, chunks=(n // 16, -1, -1, -1)
        )
        dX = client.persist(dX)
        distributed = pytest.importorskip("distributed")
        distributed.wait(dX)
        dy = np.arange(n) % 2
        before = memory()
        net = ConvNetClassifier([MaxPool2D(16), Dense(2)], max_iter=1, random_state=0)
        dask_fit(net, dX, dy, client=client)
        assert memory() - before < 2**27
