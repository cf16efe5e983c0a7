"""ImageFolder: rows of it as of an array, and what others do with it."""

import pickle

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV, KFold, train_test_split
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import _safe_indexing

from convnet.data import ImageFolder, load_images


@pytest.fixture
def folder(photographs):
    return ImageFolder(photographs, size=(20, 24))


@pytest.fixture
def array(photographs):
    return load_images(photographs, size=(20, 24)).data


def test_is_like_the_array(folder, array):
    assert folder.shape == array.shape == (12, 20, 24, 3)
    assert folder.dtype == array.dtype and folder.ndim == 4 and len(folder) == 12
    assert np.array_equal(np.asarray(folder), array)
    assert np.asarray(folder, dtype=np.float32).dtype == np.float32
    assert np.array_equal(np.array(list(folder)), array)
    assert folder.target.tolist() == [0] * 7 + [1] * 5 and folder.target.dtype == np.int64
    assert folder.target_names == ["cat", "dog"]
    assert [name[-9:] for name in folder.filenames[[0, -1]]] == ["cat/0.jpg", "dog/4.jpg"]


@pytest.mark.parametrize("row", [0, 5, -1, np.int64(3), np.uint8(11), np.array(2)])
def test_a_row(folder, array, row):
    assert isinstance(folder[row], np.ndarray)
    assert np.array_equal(folder[row], array[row])
    assert np.array_equal(folder[row, ...], array[row])


@pytest.mark.parametrize(
    "key",
    [
        slice(2, 9, 3),
        slice(None, None, -1),
        slice(4, 4),
        [3, 3, 0, -1],
        np.array([11, 2], np.uint8),
        [],
        np.arange(12) % 3 == 0,
        [True, False] * 6,
        np.zeros(12, bool),
    ],
)
def test_rows(folder, array, key):
    for part in (folder[key], folder[key, ...]):
        assert isinstance(part, ImageFolder)
        wanted = array[np.asarray(key, int) if isinstance(key, list) and not key else key]
        assert part.shape == wanted.shape
        assert np.array_equal(np.asarray(part), wanted)
    keys = np.arange(12)[np.asarray(key, int) if isinstance(key, list) and not key else key]
    assert part.target.tolist() == folder.target[keys].tolist()
    assert part.filenames.tolist() == folder.filenames[keys].tolist()


def test_parts_of_parts(folder, array):
    part = folder[[9, 1, 4, 6]][1:][[2, 0]]
    assert np.array_equal(np.asarray(part), array[[6, 1]])
    assert np.array_equal(part.read_rows([1, 1, 0]), array[[1, 1, 6]])
    assert np.array_equal(part[0], array[6]) and np.array_equal(part[-1, ...], array[1])


@pytest.mark.parametrize("key", [12, -13, [12], np.ones(11, bool)])
def test_rows_that_are_not_there(folder, key):
    with pytest.raises(IndexError):
        folder[key]


@pytest.mark.parametrize("key", [1.0, "cat", None, [[0, 1]], True, (0, 1), (0, ..., 1), [0.5]])
def test_keys_that_are_no_rows(folder, key):
    with pytest.raises(
        IndexError, match="ImageFolder takes an index, a slice, an index array or a mask"
    ):
        folder[key]


def test_repeats_are_read_in_any_order(folder, array):
    rows = np.array([5, 5, 0, 11, 5, 0])
    assert np.array_equal(folder.read_rows(rows), array[rows])
    assert np.array_equal(folder.read_rows(rows), array[rows])  # from memory


def test_scikit_learn_takes_parts_of_it(folder, array):
    y = folder.target
    X_train, X_test, y_train, y_test = train_test_split(folder, y, stratify=y, random_state=0)
    expected = train_test_split(array, y, stratify=y, random_state=0)
    assert isinstance(X_train, ImageFolder)
    for part, wanted in zip((X_train, X_test, y_train, y_test), expected, strict=True):
        assert np.array_equal(np.asarray(part), wanted)
    for train, _ in KFold(3).split(folder):
        assert np.array_equal(np.asarray(_safe_indexing(folder, train)), array[train])


@pytest.mark.parametrize("n_jobs", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_grid_search(folder, array, n_jobs):
    means = FunctionTransformer(np.mean, kw_args={"axis": (1, 2)})
    pipe, grid = (
        make_pipeline(means, KNeighborsRegressor()),
        {"kneighborsregressor__n_neighbors": [1, 3]},
    )
    scores = [
        GridSearchCV(pipe, grid, cv=3, n_jobs=n_jobs, error_score="raise")
        .fit(X, folder.target)
        .cv_results_["mean_test_score"]
        for X in (folder, array)
    ]
    assert np.array_equal(*scores)


def test_pickle(folder, array):
    np.asarray(folder)
    part = folder[3:6]
    again = pickle.loads(pickle.dumps(part))
    assert again.cached_bytes < folder.cached_bytes
    assert np.array_equal(np.asarray(again), array[3:6])
    assert again.target.tolist() == part.target.tolist() and again.skipped == part.skipped
    assert len(pickle.dumps(folder)) < 5000


def test_repr(folder, photographs):
    assert repr(folder[:3]) == f"<ImageFolder {str(photographs)!r}: 3 images of 20×24×3, 2 classes>"


def test_copy_false_is_refused(folder):
    with pytest.raises(ValueError, match="is always a copy"):
        folder.__array__(copy=False)  # what np.asarray calls; before NumPy 2 it had no copy=
