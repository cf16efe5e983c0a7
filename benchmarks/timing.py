"""Timing of one call, of a block of calls, and of contestants that take turns."""

import time

import numpy as np

SETTLE = 0.005  # seconds after which OpenMP threads of the other contestants have stopped spinning


def seconds(function, *args):
    start = time.perf_counter()
    function(*args)
    return time.perf_counter() - start


def block(function, at_least):
    """Return the median seconds of a call, over calls that take `at_least` seconds in total, after a warm-up call."""
    time.sleep(SETTLE)
    function()
    times, until = [], time.perf_counter() + at_least
    while not times or time.perf_counter() < until:
        times.append(seconds(function))
    return float(np.median(times))


def turns(clocks, repeats, *, warm_up=1):
    """Return {contestant: seconds of each of the `repeats` turns}. Before them, `warm_up` turns are dropped.

    `clocks` maps the name of a contestant to a function that runs it once and returns the seconds.
    """
    times = {name: [] for name in clocks}
    for _ in range(warm_up + repeats):
        for name, clock in clocks.items():
            times[name].append(clock())
    return {name: np.array(noted[warm_up:]) for name, noted in times.items()}
