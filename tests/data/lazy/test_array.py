"""Rows of anything, in any order, as arrays of one dtype and shape."""

import numpy as np
import pytest
from row_sources import Orthogonal, Reading, Rising

from convnet.data.lazy import chunks as chunking
from convnet.data.lazy.array import LazyArray
from convnet.data.lazy.chunks import chunks

ARRAY = np.random.default_rng(0).integers(0, 256, (40, 3, 4, 2), dtype=np.uint8)
ORDERS = {
    "one": [7],
    "contiguous": [5, 6, 7, 8],
    "rising": [0, 3, 4, 39],
    "any": [9, 2, 39, 0],
    "repeated": [4, 4, 1, 4, 1],
    "in order, repeated": [2, 2, 3, 9],
    "falling": [8, 7, 6],
    "none": [],
}


def stored(kind, folder):
    if kind == "h5py":
        file = pytest.importorskip("h5py").File(folder / "X.h5", "w")
        return file.create_dataset("X", data=ARRAY, chunks=(7, 3, 4, 2), compression="gzip")
    zarr = pytest.importorskip("zarr")
    store = zarr.open(
        folder / "X.zarr", mode="w", shape=ARRAY.shape, dtype="u1", chunks=(7, 3, 4, 1)
    )
    store[:] = ARRAY
    return store


@pytest.mark.parametrize("kind", ["h5py", "zarr", Reading, Rising, Orthogonal])
@pytest.mark.parametrize("order", ORDERS)
def test_any_order(kind, order, tmp_path):
    source = stored(kind, tmp_path) if isinstance(kind, str) else kind(ARRAY)
    rows = np.array(ORDERS[order], dtype=np.int64)
    read = LazyArray(source, "u1").read_rows(rows)
    assert read.dtype == np.uint8 and type(read) is np.ndarray
    np.testing.assert_array_equal(read, ARRAY[rows])


def test_contiguous_rows_are_a_slice():
    """Stores read those in one go; an index array takes them row by row."""
    source = Rising(ARRAY)
    LazyArray(source, "u1").read_rows(np.arange(5, 9))
    LazyArray(source, "u1").read_rows(np.array([39]))
    assert source.keys == [slice(5, 9), slice(39, 40)]


def test_h5py_is_read_by_slices(tmp_path, monkeypatch):
    """An index array would take it far longer than a slice for each run of rows."""
    source, keys = stored("h5py", tmp_path), []
    real = type(source).__getitem__
    monkeypatch.setattr(
        type(source), "__getitem__", lambda self, key: keys.append(key) or real(self, key)
    )
    read = LazyArray(source, "u1").read_rows(np.array([9, 5, 4, 5, 20, 6]))
    np.testing.assert_array_equal(read, ARRAY[[9, 5, 4, 5, 20, 6]])
    assert keys == [slice(4, 7), slice(9, 10), slice(20, 21)]


@pytest.mark.parametrize("stored, dtype", [(">f4", "f4"), ("longdouble", "f8"), (">u2", "u2")])
def test_conversion(stored, dtype):
    source = Reading(ARRAY.astype(stored))
    rows = LazyArray(source, dtype)
    read = rows.read_rows(np.arange(3))
    assert read.dtype == rows.dtype == np.dtype(dtype) and read.dtype.isnative
    assert rows.itemsize == read.itemsize
    np.testing.assert_array_equal(read, ARRAY[:3])


def test_seen_as_another_shape():
    rows = LazyArray(Reading(ARRAY), "u1").seen_as((4, 2, 3), lambda a: np.moveaxis(a, 1, -1))
    wanted = np.moveaxis(ARRAY, 1, -1)
    assert rows.shape == wanted.shape and rows.ndim == 4 and len(rows) == 40
    for part, of in ((rows, wanted), (rows.part(np.array([9, 3])), wanted[[9, 3]])):
        assert part.shape == of.shape
        np.testing.assert_array_equal(np.asarray(part), of)
        np.testing.assert_array_equal(part[:1], of[:1])
        np.testing.assert_array_equal(part[[1, 0]], of[[1, 0]])
        np.testing.assert_array_equal(part[-1], of[-1])
    part = rows.part(np.array([9, 3, 5])).part(np.array([2, 0]))
    np.testing.assert_array_equal(part[:], wanted[[5, 9]])
    assert np.asarray(rows, dtype=np.float32).dtype == np.float32


@pytest.mark.parametrize("lost", [np.s_[:-1], np.s_[:, :2], np.s_[..., 0]])
def test_a_source_that_returns_another_shape(lost):
    class Wrong(Reading):
        def read_rows(self, rows):
            return super().read_rows(rows)[lost]

    with pytest.raises(
        ValueError, match=r"X, a Wrong, returned an array of shape .*; expected \(5, 3, 4, 2\)"
    ):
        LazyArray(Wrong(ARRAY), "u1").read_rows(np.arange(5))


@pytest.mark.parametrize("rows", [None, np.array([3, 30, 4, 4])])
@pytest.mark.parametrize("size", [1, 3, 40, 100])
def test_chunks(size, rows):
    wanted = ARRAY if rows is None else ARRAY[rows]
    for X in (ARRAY, LazyArray(Rising(ARRAY), "u1")):
        parts = list(chunks(X, size, rows))
        assert max(map(len, parts)) == min(size, len(wanted))
        np.testing.assert_array_equal(np.concatenate(parts), wanted)
    if rows is None:
        assert all(np.shares_memory(part, ARRAY) for part in chunks(ARRAY, size))


def test_chunks_of_rows_that_follow_each_other_are_views():
    rows = np.array([4, 5, 6, 7, 9, 8, 9, 9])
    parts = list(chunks(ARRAY, 2, rows))
    assert [np.shares_memory(part, ARRAY) for part in parts] == [True, True, False, False]
    np.testing.assert_array_equal(np.concatenate(parts), ARRAY[rows])


def test_few_rows_of_an_array_are_copied_at_a_time(monkeypatch):
    """What takes little work is predicted many rows at a time, whatever memory they take."""
    monkeypatch.setattr(chunking, "MAX_CHUNK_BYTES", 3 * ARRAY[0].nbytes)
    rows = np.arange(0, 40, 2)
    parts = list(chunks(ARRAY, 40, rows))
    assert max(map(len, parts)) == 3
    np.testing.assert_array_equal(np.concatenate(parts), ARRAY[rows])
