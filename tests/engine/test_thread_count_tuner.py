"""The number of threads follows the measured time of steps."""

from itertools import cycle

import pytest

from convnet.engine.threads import MAX_INTERVAL, ThreadCountTuner


def run(tuner, seconds, steps):
    """Steps that take seconds(n_threads); returns the numbers of threads used."""
    used = []
    for _ in range(steps):
        used.append(tuner.threads())
        tuner.record(seconds(used[-1]))
    return used


@pytest.mark.parametrize("most", [1, 2, 3, 7, 16])
def test_where_threads_help_almost_all_steps_use_them_all(most):
    used = run(ThreadCountTuner(most), lambda n: 1.0 / n, 5000)
    assert used[:512] == [most] * 512
    assert used.count(most) > 0.99 * len(used)
    assert max(used) == most and min(used) >= 1


@pytest.mark.parametrize("most", [2, 4, 16])
def test_beside_busy_processes_one_thread_is_found(most):
    tuner, waits = ThreadCountTuner(most), cycle([0.0, 3.0, 9.0])
    used = run(tuner, lambda n: 1.0 / n + (n - 1) * next(waits), 3000)
    assert tuner.level == 1
    assert used[300:].count(1) > 0.95 * 2700


def test_steadily_slower_threads_are_found_out_too():
    tuner = ThreadCountTuner(2)
    run(tuner, lambda n: 1.0 * n, 1000)
    assert tuner.level == 1


def test_the_best_number_between_is_found():
    tuner = ThreadCountTuner(16)
    run(tuner, lambda n: abs(n - 4) + 1.0, 8000)
    assert tuner.level == 4


def test_threads_come_back_when_the_machine_is_free_again():
    tuner = ThreadCountTuner(4)
    run(tuner, lambda n: 1.0 * n, 2000)
    assert tuner.level == 1
    run(tuner, lambda n: 1.0 / n, 4 * MAX_INTERVAL)
    assert tuner.level == 4


def test_small_differences_change_nothing():
    tuner = ThreadCountTuner(2)
    run(tuner, lambda n: 0.95 if n == 1 else 1.0, 3000)
    assert tuner.level == 2


def test_from_one_thread_on():
    """More are tried early; where they are slower, hardly any step runs on them."""
    used = run(ThreadCountTuner(2, 1), lambda n: 1.0 / n, 1000)
    assert used[:9] == [1, 1, 1, 1, 2, 2, 2, 2, 2] and used.count(2) > 900
    used = run(ThreadCountTuner(4, 1), lambda n: 1.0 * n, 1000)
    assert used.count(1) > 950
    assert run(ThreadCountTuner(1, 1), lambda n: 1.0, 100) == [1] * 100
