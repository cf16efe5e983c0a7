"""ArrayFile: a .npy file as an array-like, whose pickle is a path."""

import pickle

import numpy as np
import pytest

from convnet import ConvNetClassifier
from convnet.data import ArrayFile
from convnet.layers import Conv2D

X = np.random.default_rng(0).integers(0, 256, (30, 6, 6, 1), np.uint8)


@pytest.fixture
def images(tmp_path):
    np.save(tmp_path / "X.npy", X)
    return ArrayFile(tmp_path / "X.npy")


@pytest.mark.parametrize(
    "key",
    [
        slice(3, 20, 2),
        np.array([5, 0, 5]),
        np.arange(30) % 2 == 0,
        [],
        [1, 2],
        (slice(4), Ellipsis),
    ],
)
def test_parts(images, key):
    rows = key[0] if isinstance(key, tuple) else key
    rows = np.zeros(0, int) if isinstance(rows, list) and not rows else rows
    part = images[key]
    assert isinstance(part, ArrayFile)
    assert (part.shape, part.dtype, part.ndim, len(part)) == (
        X[rows].shape,
        X.dtype,
        4,
        len(X[rows]),
    )
    again = pickle.loads(pickle.dumps(part))
    for found in (np.asarray(part), np.asarray(again), again.read_rows(np.arange(len(part)))):
        np.testing.assert_array_equal(found, X[rows])


def test_one_row_and_a_part_of_a_part(images):
    np.testing.assert_array_equal(images[-1], X[-1])
    np.testing.assert_array_equal(np.asarray(images[10:][::3][[1, 0]]), X[[13, 10]])
    with pytest.raises(IndexError, match="read the rows first"):
        images[:, 0]


def test_a_fit_has_the_bits_of_one_on_the_array(images):
    y = np.arange(30) % 2
    nets = [
        ConvNetClassifier([Conv2D(2, 3)], max_iter=2, random_state=0).fit(data, y)
        for data in (images, X)
    ]
    for name, weights in nets[1].weights_.items():
        np.testing.assert_array_equal(nets[0].weights_[name], weights)
    np.testing.assert_array_equal(nets[0].predict_proba(images), nets[0].predict_proba(X))


def test_other_files(tmp_path):
    (tmp_path / "text.npy").write_text("text")
    (tmp_path / "empty.npy").write_text("")
    np.save(tmp_path / "number.npy", np.float64(3))
    np.save(tmp_path / "objects.npy", np.array([{}], object), allow_pickle=True)
    np.savez(tmp_path / "several.npz", X=X)
    for name in ("text.npy", "empty.npy", "number.npy", "objects.npy", "several.npz"):
        with pytest.raises(ValueError, match=name):
            ArrayFile(tmp_path / name)
    with pytest.raises(OSError, match=r"missing\.npy"):
        ArrayFile(tmp_path / "missing.npy")
