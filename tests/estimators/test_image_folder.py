"""A folder of photographs that a net is fitted on: the bits of the array, whatever is kept in memory."""

from pathlib import Path

import numpy as np
import pytest
from fits import assert_same_weights
from row_sources import readers
from sklearn.model_selection import GridSearchCV, train_test_split

from convnet import ConvNetClassifier
from convnet.augment import RandomFlip
from convnet.layers import Conv2D, Dropout, MaxPool2D

N, SIDE = 70, 20
NET = [Conv2D(6, 3, activation="relu"), Dropout(0.3), MaxPool2D(2)]


@pytest.fixture(scope="module")
def photographs(tmp_path_factory):
    image = pytest.importorskip("PIL.Image")
    root, rng = tmp_path_factory.mktemp("photographs"), np.random.default_rng(0)
    for i in range(N):
        path = root / ("cat", "dog", "owl")[i % 3]
        path.mkdir(exist_ok=True)
        sides = rng.integers(15, 50, 2)
        pixels = rng.integers(0, 256, (*sides, 3), dtype=np.uint8)
        image.fromarray(pixels).save(path / f"{i}.{'jpg' if i % 2 else 'png'}")
    return root


def opened(root, **options):
    from convnet.data import ImageFolder

    return ImageFolder(root, size=SIDE, **options)


def net(**params):
    params = dict(max_iter=3, batch_size=16, random_state=0) | params
    return ConvNetClassifier(NET, augment=[RandomFlip()], **params)


@pytest.mark.parametrize("n_jobs", [1, 2])
@pytest.mark.parametrize("kept", [1, 0.3, 0])
def test_the_bits_do_not_depend_on_what_is_kept(photographs, kept, n_jobs):
    folder = opened(photographs, cache_bytes=int(kept * N * 3 * SIDE**2), n_jobs=n_jobs)
    images, target = np.asarray(opened(photographs)), folder.target
    labels = np.array(folder.target_names)[target]
    want = net(n_jobs=1, early_stopping=True).fit(images, labels)
    clf = net(n_jobs=n_jobs, early_stopping=True).fit(folder, labels)
    assert_same_weights(want, clf)
    assert 0 <= folder.cached_bytes <= kept * N * 3 * SIDE**2
    np.testing.assert_array_equal(clf.predict_proba(folder), want.predict_proba(images))
    assert clf.score(folder[::3], labels[::3]) == want.score(images[::3], labels[::3])
    assert not readers()


def test_parts_are_read_when_they_are_wanted(photographs):
    folder = opened(photographs)
    images, y = np.asarray(folder), folder.target
    parts = train_test_split(folder, y, random_state=0, stratify=y)
    arrays = train_test_split(images, y, random_state=0, stratify=y)
    assert [type(part) for part in parts[:2]] == [type(folder)] * 2
    want = net().fit(arrays[0], arrays[2], X_val=arrays[1], y_val=arrays[3])
    assert_same_weights(want, net().fit(parts[0], parts[2], X_val=parts[1], y_val=parts[3]))


@pytest.mark.parametrize("n_jobs", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_search(photographs, n_jobs):
    folder = opened(photographs)
    grid = {"alpha": [1e-4, 1e-2]}
    found = GridSearchCV(net(), grid, cv=2, n_jobs=n_jobs).fit(folder, folder.target)
    want = GridSearchCV(net(), grid, cv=2).fit(np.asarray(folder), folder.target)
    assert_same_weights(want.best_estimator_, found.best_estimator_)
    scores = [search.cv_results_["mean_test_score"] for search in (want, found)]
    np.testing.assert_array_equal(*scores)


def test_a_file_that_is_gone(photographs, tmp_path):
    import shutil

    from convnet.data import ImageError

    root = shutil.copytree(photographs, tmp_path / "copy")
    folder = opened(root)
    (root / "dog" / "40.png").unlink()
    clf = net()
    with pytest.raises(ImageError, match=r"40\.png"):
        clf.fit(folder, folder.target)
    assert not readers() and not hasattr(clf, "weights_")


@pytest.mark.parametrize("X", ["photos", Path("photos"), ["1.jpg", "2.jpg"], (Path("1.jpg"),)])
def test_paths_are_told_what_reads_them(X):
    pixels = np.zeros((2, 8, 8, 3), np.uint8)
    clf = ConvNetClassifier(max_iter=1, random_state=0).fit(pixels, [0, 1])
    for call in (lambda: clf.fit(X, [0, 1]), lambda: clf.predict(X)):
        with pytest.raises(
            TypeError, match=r"X has paths, not pixels|X is the path .photos., not an array"
        ):
            call()
