"""What is kept of decoded rows in memory: never a bit of the result depends on it."""

import os
import subprocess
import sys
import threading
from collections import Counter

import numpy as np
import pytest

from convnet.data import ImageFolder
from convnet.data.folder.memory_cache import MemoryCache

SIZE = (20, 24)
ROW = 20 * 24 * 3
N = 12
TABLE = 4 * N  # bytes of the memory cache's table of rows


def test_rows_are_decoded_once(photographs, array, opened):
    folder = ImageFolder(photographs, SIZE)
    assert set(opened.values()) == {1}  # for their headers
    opened.clear()
    for _ in range(3):
        assert np.array_equal(folder.read_rows([5, 5, 1]), array[[5, 5, 1]])
        assert np.array_equal(folder[5], array[5])
    assert opened == {"cat/5.png": 1, "cat/1.png": 1}
    part = folder[1:6]  # shares the memory, both ways
    assert np.array_equal(np.asarray(part), array[1:6])
    assert opened == {f"cat/{i}.{'png' if i % 2 else 'jpg'}": 1 for i in range(1, 6)}
    assert np.array_equal(folder.read_rows(np.arange(1, 6)), array[1:6])
    assert sum(opened.values()) == 5


@pytest.mark.parametrize("kept", [0, 1, 5, 11, 12, 100])
def test_memory_stays_within_its_bytes(photographs, array, opened, kept):
    most = kept * ROW + TABLE
    folder = ImageFolder(photographs, SIZE, cache_bytes=most)
    opened.clear()
    orders = [np.random.default_rng(i).permutation(N) for i in range(4)]
    for order in orders:
        assert np.array_equal(folder.read_rows(order), array[order])
        held = folder._source.cache
        buffers = [held._slots] + ([] if held._data is None else [held._data])
        assert sum(buffer.nbytes for buffer in buffers) <= most
        assert folder.cached_bytes == (min(kept, N) * ROW + TABLE if kept else 0)
    # the rows that came first stay: each of the others is decoded in every round
    wanted = Counter(dict.fromkeys(orders[0][:kept], 1))
    wanted.update(dict.fromkeys(orders[0][kept:], 4))
    names = [f"{kind}/{i}.{'png' if i % 2 else 'jpg'}" for kind, i in PHOTOGRAPHS]
    assert opened == {names[row]: count for row, count in wanted.items()}


PHOTOGRAPHS = [("cat", i) for i in range(7)] + [("dog", i) for i in range(5)]


@pytest.mark.parametrize("cache_bytes", [0, 1, ROW - 1, TABLE, TABLE + ROW - 1])
def test_no_room_for_a_row(photographs, array, cache_bytes):
    folder = ImageFolder(photographs, SIZE, cache_bytes=cache_bytes)
    for _ in range(2):
        assert np.array_equal(np.asarray(folder), array)
    assert folder.cached_bytes == 0


@pytest.mark.parametrize("cache_bytes", [-1, 1.5, "1 GB", None, True])
def test_bytes_that_are_refused(photographs, cache_bytes):
    with pytest.raises(
        ValueError, match=f"cache_bytes must be an integer, 0 or more; got {cache_bytes!r}"
    ):
        ImageFolder(photographs, cache_bytes=cache_bytes)


@pytest.mark.parametrize("kept", [0, 5, N])
def test_threads_read_at_once(photographs, array, kept):
    """Several threads on one folder and its parts, the cache filling up meanwhile."""
    folder, wrong = ImageFolder(photographs, SIZE, cache_bytes=kept * ROW + TABLE, n_jobs=2), []
    together = threading.Barrier(4)

    def read(seed):
        rng = np.random.default_rng(seed)
        together.wait()
        for _ in range(25):
            rows = rng.integers(0, N, 6)
            read = folder.read_rows(rows) if seed % 2 else np.asarray(folder[rows])
            if not np.array_equal(read, array[rows]):
                wrong.append(rows)

    threads = [threading.Thread(target=read, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert folder.cached_bytes <= kept * ROW + TABLE
    assert np.array_equal(np.asarray(folder), array)


FORK = """
import os, signal, sys, threading, numpy as np
from convnet.data.folder.memory_cache import MemoryCache
cache = MemoryCache(2, (1,), 100)
cache.add([1], np.array([[7]], np.uint8), [0])
held, forked = threading.Event(), threading.Event()
def hold():
    with cache._lock:
        held.set()
        forked.wait()
threading.Thread(target=hold).start()
held.wait()
child = os.fork()
if not child:
    signal.alarm(120)
    out = np.zeros((2, 1), np.uint8)
    here = cache.read([0, 1], out).tolist()
    os._exit(0 if here == [False, True] and out[1, 0] == 7 else 3)
forked.set()
assert os.waitpid(child, 0)[1] == 0
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks")
def test_a_fork_while_another_thread_reads():
    subprocess.run([sys.executable, "-c", FORK], check=True, timeout=300)


class Ending(np.ndarray):
    """An array of which setting a value is the last that is done."""

    def __setitem__(self, key, value):
        super().__setitem__(key, value)
        raise KeyboardInterrupt


@pytest.mark.parametrize("name", ["_slots", "_data"])
def test_ctrl_c_while_a_row_is_kept(name):
    """No other row takes its place."""
    cache = MemoryCache(3, (1,), 3 + 3 * 4)
    pixels = np.array([[7], [8], [9]], np.uint8)
    cache.add([0], pixels, [0])
    setattr(cache, name, getattr(cache, name).view(Ending))
    with pytest.raises(KeyboardInterrupt):
        cache.add([0, 1], pixels, [1])
    setattr(cache, name, getattr(cache, name).view(np.ndarray))
    cache.add([0, 1, 2], pixels, [2])
    out = np.zeros((3, 1), np.uint8)
    here = cache.read(np.arange(3), out)
    assert here[0] and here[2] and np.array_equal(out[here], pixels[here])


def test_a_row_has_one_place():
    """Two threads that decode the same row keep it once."""
    cache = MemoryCache(10, (2, 2, 1), 40 + 3 * 4)
    rows = np.array([7, 7, 3, 7])
    pixels = np.arange(16, dtype=np.uint8).reshape(4, 2, 2, 1)
    cache.add(rows, pixels, [0, 1, 2, 3])
    out = np.zeros((3, 2, 2, 1), np.uint8)
    assert cache.read(np.array([3, 5, 7]), out).tolist() == [True, False, True]
    assert np.array_equal(out[[0, 2]], pixels[[2, 0]]) and not out[1].any()
    assert cache.nbytes == 40 + 2 * 4
