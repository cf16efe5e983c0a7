"""Rows that ranks hold: each reads all of them, and a fit has the bits of one on the whole array."""

import threading

import numpy as np
import pytest
from tcp_ranks import run_tcp_ranks
from thread_ranks import run_ranks

from convnet.data.shared_rows import Blocks, SharedRows, distribute_rows

RUNNERS = {"threads": run_ranks, "tcp": run_tcp_ranks}
X = np.random.default_rng(0).integers(0, 256, (40, 5, 4, 3), np.uint8)
y = np.arange(40) % 3


def part(array, rank, size):
    """Return the rows of a rank: some have many, some few."""
    bounds = np.linspace(0, 1, size + 1) ** 2 * len(array)
    return array[int(bounds[rank]) : int(bounds[rank + 1])]


@pytest.fixture(params=RUNNERS)
def run(request):
    return RUNNERS[request.param]


@pytest.mark.parametrize("size", [1, 2, 4])
def test_rows_in_the_order_of_the_ranks(run, size):
    orders = [
        np.arange(40),
        np.array([], np.int64),
        np.array([39, 0, 39, 7, 7]),
        np.random.default_rng(1).permutation(40),
    ]

    def read(communicator):
        rows = SharedRows(communicator, part(X, communicator.rank, size))
        assert (rows.shape, rows.dtype) == (X.shape, X.dtype)
        found = [rows.read_rows(order) for order in orders]
        found += [rows[3:30:2], rows[5]]
        rows.close()
        return found

    expected = [X[order] for order in orders] + [X[3:30:2], X[5]]
    for found in run(size, read):
        for one, other in zip(found, expected, strict=True):
            assert np.array_equal(one, other)


def test_numbered_blocks_of_sources_of_any_kind(run, tmp_path):
    np.save(tmp_path / "some.npy", X[10:20])
    held = [
        Blocks([X[30:], np.load(tmp_path / "some.npy", mmap_mode="r")], [3, 1]),
        Blocks([X[20:30], X[:10]], [2, 0]),
    ]
    targets = [np.r_[y[30:], y[10:20]], np.r_[y[20:30], y[:10]]]
    weights = [np.r_[30:40, 10:20] / 7, np.r_[20:30, 0:10] / 7]

    def read(communicator):
        rank = communicator.rank
        rows, all_y, all_weights = distribute_rows(
            communicator, held[rank], targets[rank], weights[rank]
        )
        found = rows[:], all_y, all_weights
        rows.close()
        return found

    for images, labels, factors in run(2, read):
        assert np.array_equal(images, X)
        assert np.array_equal(labels, y)
        assert np.array_equal(factors, np.arange(40) / 7)


def test_no_row_travels_twice_in_a_read_or_to_the_rank_that_holds_it(run):
    def read(communicator):
        rows = SharedRows(communicator, part(X, communicator.rank, 2))
        own = len(part(X, communicator.rank, 2))
        rows.read_rows(np.arange(40))
        received = rows.rows_received
        rows.close()
        return received == 40 - own

    assert run(2, read) == [True, True]


def test_large_reads_come_in_parts(run, monkeypatch):
    monkeypatch.setattr("convnet.data.shared_rows.ANSWER", 100)  # less than two rows

    def read(communicator):
        rows = SharedRows(communicator, part(X, communicator.rank, 3))
        found = rows.read_rows(np.arange(40)[::-1])
        rows.close()
        return found

    for found in run(3, read):
        assert np.array_equal(found, X[::-1])


@pytest.mark.parametrize(
    ("held", "text"),
    [
        (lambda rank: (X.astype([np.uint8, np.float32][rank]), y, None), "same dtype and shape"),
        (lambda rank: (X[:, : 5 - rank], y, None), "same dtype and shape"),
        (lambda rank: (X, y[rank:], None), "Rank 1 has 40 samples in X, but 39 in y"),
        (lambda rank: (X, y, [None, y][rank]), "sample_weight on all ranks, or on none"),
        (lambda rank: (X, y, y[rank:]), "Rank 1 has 40 samples in X, but 39 in sample_weight"),
        (lambda rank: (X, [y, np.c_[y, y]][rank], None), "number of columns"),
        (lambda rank: (Blocks([X], [0]), y, None), "same number"),
    ],
)  # fmt: skip
def test_parts_that_do_not_fit_together(run, held, text):
    def read(communicator):
        with pytest.raises(ValueError, match=text):
            distribute_rows(communicator, *held(communicator.rank))
        return True

    assert run(2, read) == [True, True]


def test_two_threads_may_read(run):
    def read(communicator):
        rows = SharedRows(communicator, part(X, communicator.rank, 2))
        right = []

        def some(seed):
            for order in np.random.default_rng(seed).integers(0, 40, (20, 9)):
                right.append(np.array_equal(rows.read_rows(order), X[order]))

        threads = [threading.Thread(target=some, args=(seed,)) for seed in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        rows.close()
        return right

    assert run(2, read) == [[True] * 40] * 2
