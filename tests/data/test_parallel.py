"""for_each: a function called for each number, in several threads."""

import threading
import time

import pytest

from convnet.data.parallel import for_each


@pytest.mark.parametrize("n_threads", [1, 3, 50])
def test_every_number_once(n_threads):
    seen, ticks = [], []
    for_each(seen.append, range(40), n_threads, ticks.append)
    assert sorted(seen) == list(range(40)) and ticks == list(range(1, 41))
    for_each(seen.append, [], n_threads)
    assert len(seen) == 40


@pytest.mark.parametrize("n_threads", [1, 3])
def test_an_end_before_the_end(n_threads):
    """What was begun is finished: all numbers before the one that ended it are done."""
    done = []

    def work(number):
        time.sleep(0.002 * (number % 3 == 0))
        done.append(number)
        return number >= 10

    for_each(work, range(1000), n_threads)
    assert len(done) < 20 and set(range(11)) <= set(done)


@pytest.mark.parametrize("n_threads", [1, 3])
@pytest.mark.parametrize("error", [KeyError, MemoryError, KeyboardInterrupt])
def test_exceptions_come_out(n_threads, error):
    done, before = [], threading.active_count()

    def work(number):
        if number == 5:
            raise error("five")
        if number > 5:  # all the others would take more than half a minute
            time.sleep(0.001)
        done.append(number)

    with pytest.raises(error, match="five"):
        for_each(work, range(100_000), n_threads)
    assert done == list(range(5)) if n_threads == 1 else len(done) < 99_999
    assert threading.active_count() <= before  # threads of earlier tests may end meanwhile
