"""Reading ahead: in order, in a thread, no further than said; its errors and its end."""

import threading
from contextlib import closing

import numpy as np
import pytest
from forked import HANG
from row_sources import Reading, readers, stop_event

from convnet.data.lazy import prefetch as module
from convnet.data.lazy.array import LazyArray
from convnet.data.lazy.prefetch import DEPTH, prefetch

ARRAY = np.arange(600).reshape(300, 2)
PARTS = [np.random.default_rng(i).integers(0, 300, 40) for i in range(12)]


def test_all_parts_in_order():
    source = Reading(ARRAY)
    for part, array in zip(PARTS, prefetch(LazyArray(source, "i8"), PARTS), strict=True):
        np.testing.assert_array_equal(array, ARRAY[part])
    assert len(source.threads) == 1 and threading.current_thread() not in source.threads
    assert not readers()
    assert list(prefetch(LazyArray(source, "i8"), [])) == []


@pytest.mark.parametrize("long", [-1.0, 1e9])
def test_rows_at_a_time(monkeypatch, long):
    """Fewer where reading takes long, more where not; the arrays are the same."""
    monkeypatch.setattr(module, "SLOW_READ", long)
    source = Reading(ARRAY)
    arrays = list(prefetch(LazyArray(source, "i8"), PARTS))
    for part, array in zip(PARTS, arrays, strict=True):
        np.testing.assert_array_equal(array, ARRAY[part])
    sizes = [len(call) for call in source.calls]
    np.testing.assert_array_equal(np.concatenate(source.calls), np.concatenate(PARTS))
    assert sizes[:2] == ([16, 8] if long < 0 else [16, 24])
    assert sizes[-1] == (1 if long < 0 else 40)


def test_no_further_ahead_than_said():
    submitted = 0

    def parts():
        nonlocal submitted
        for submitted in range(1, 51):
            yield np.array([submitted])

    for taken, _ in enumerate(prefetch(LazyArray(Reading(ARRAY), "i8"), parts()), 1):
        assert submitted == min(50, taken + DEPTH)
    assert taken == 50


@pytest.mark.parametrize("error", [OSError("the disk is gone"), KeyboardInterrupt(), MemoryError()])
def test_an_error_comes_out_as_it_is_where_its_part_would_come(error):
    parts = [np.array([i]) for i in range(9)]
    arrays = prefetch(LazyArray(Reading(ARRAY, bad=4, error=error), "i8"), parts)
    for i in range(4):
        np.testing.assert_array_equal(next(arrays), ARRAY[[i]])
    with pytest.raises(type(error)) as caught:
        next(arrays)
    assert caught.value is error
    assert not readers()


def test_closed_in_the_middle_of_a_part(monkeypatch):
    """What is being read is not read to its end."""
    monkeypatch.setattr(module, "FIRST_READ", 1)
    monkeypatch.setattr(module, "SLOW_READ", -1.0)
    begun, stopped = threading.Event(), stop_event(monkeypatch)

    class Slow(Reading):
        def read_rows(self, rows):
            if len(self.calls) == 2:
                begun.set()
                assert stopped.wait(HANG)
            return super().read_rows(rows)

    source = Slow(ARRAY)
    arrays = prefetch(LazyArray(source, "i8"), [np.array([0]), np.arange(300), np.array([7])])
    with closing(arrays):
        next(arrays)
        assert begun.wait(HANG)
    assert len(source.calls) == 3 and source.calls[-1] != [7]
    assert not readers()
