"""Searches and cross-validation on Dask and Ray, through joblib, with the scores of a serial run."""

import importlib.util
import pickle
from contextlib import contextmanager

import cloudpickle
import joblib
import numpy as np
import pytest
from PIL import Image
from sklearn.base import clone
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV, cross_val_score

from convnet import ConvNetClassifier
from convnet.data import ArrayFile, ImageFolder
from convnet.layers import Conv2D, Dense, MaxPool2D

N = 60
X = np.random.default_rng(0).integers(0, 256, (N, 8, 8, 1), np.uint8)
X[::2, :4] //= 4
y = np.arange(N) % 2
NET = ConvNetClassifier([Conv2D(2, 3), MaxPool2D(2), Dense(4)], max_iter=2, random_state=0)
GRID = {"learning_rate_init": [0.001, 0.01, 0.03]}


@contextmanager
def dask():
    from dask_clusters import dask_cluster

    with dask_cluster(2), joblib.parallel_config("dask"):
        yield


@contextmanager
def ray():
    import ray
    from ray.util.joblib import register_ray

    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, configure_logging=False)
    try:
        register_ray()
        with joblib.parallel_config("ray", n_jobs=2):
            yield
    finally:
        ray.shutdown()


BACKENDS = {"dask": (dask, "distributed"), "ray": (ray, "ray")}
pytestmark = pytest.mark.filterwarnings("ignore")  # those of Dask and Ray about their own sockets


@pytest.fixture(scope="module", params=BACKENDS)
def backend(request):
    context, library = BACKENDS[request.param]
    if importlib.util.find_spec(library) is None:
        pytest.skip(f"needs {library}")
    with context():
        yield request.param


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    folder = tmp_path_factory.mktemp("images")
    np.save(folder / "X.npy", X)
    for i in range(N):
        path = folder / "photos" / str(y[i]) / f"{i:02}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(X[i, :, :, 0]).save(path)
    return {
        "array": X,
        "file": ArrayFile(folder / "X.npy"),
        "folder": ImageFolder(folder / "photos", size=8, channels=1),
    }


def scores(search):
    return {k: v for k, v in search.cv_results_.items() if "score" in k and "time" not in k}


@pytest.mark.parametrize("source", ["array", "file"])
@pytest.mark.parametrize(
    "search",
    [
        GridSearchCV(NET, GRID, cv=3),
        HalvingGridSearchCV(NET, GRID, cv=3, min_resources=20, random_state=0),
    ],
    ids=["grid", "halving"],
)
def test_searches_have_the_scores_of_a_serial_run(backend, sources, search, source):
    found = clone(search).fit(sources[source], y)
    with joblib.parallel_config("sequential"):
        alone = clone(search).fit(X, y)
    for name, values in scores(alone).items():
        np.testing.assert_array_equal(scores(found)[name], values, err_msg=name)
    assert found.best_params_ == alone.best_params_
    for name, weights in alone.best_estimator_.weights_.items():
        np.testing.assert_array_equal(found.best_estimator_.weights_[name], weights)


def test_a_search_on_a_folder(backend, sources):
    folder = sources["folder"]
    found = GridSearchCV(NET, GRID, cv=3).fit(folder, folder.target)
    with joblib.parallel_config("sequential"):
        alone = GridSearchCV(NET, GRID, cv=3).fit(np.asarray(folder), folder.target)
    for name, values in scores(alone).items():
        np.testing.assert_array_equal(scores(found)[name], values, err_msg=name)


def test_cross_validation(backend, sources):
    found = cross_val_score(NET, sources["file"], y, cv=4)
    with joblib.parallel_config("sequential"):
        np.testing.assert_array_equal(found, cross_val_score(NET, X, y, cv=4))


def test_threads_are_divided_among_the_workers(backend):
    def threads(_):
        from convnet.engine.threads import resolve_n_threads

        return resolve_n_threads()

    found = joblib.Parallel()(joblib.delayed(threads)(i) for i in range(8))
    assert set(found) == {1}  # each worker runs a task at a time, on one thread


def test_threads_are_divided_among_the_tasks_of_a_process(monkeypatch):
    """A cluster in this process, whose workers have no nanny that limits the threads."""
    pytest.importorskip("distributed", reason="needs Dask")
    from dask_clusters import dask_cluster

    from convnet.engine import threads

    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(threads, "cpu_counts", lambda: (8, 8))
    monkeypatch.setattr(threads._engine, "omp_max_threads", lambda: 8)
    with dask_cluster(2, threads=2, processes=False) as client:
        assert client.submit(threads.resolve_n_threads).result() == 2
        assert threads.resolve_n_threads() == 8


@pytest.mark.parametrize("dumps", [pickle.dumps, cloudpickle.dumps])
def test_images_travel_as_a_path(sources, dumps):
    array_file = sources["file"]
    assert len(dumps(array_file)) < 300
    some = array_file[np.arange(0, N, 2)]
    assert len(dumps(some)) < 300 + 8 * N
    np.testing.assert_array_equal(np.asarray(pickle.loads(dumps(some))), X[::2])
    folder = sources["folder"]
    np.asarray(folder)  # fills the cache, which stays here
    assert len(dumps(folder)) < 2000 + sum(len(name) + 20 for name in folder.filenames)
