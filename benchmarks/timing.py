"""Clocks: one call, a block of calls, and contestants that take turns."""

import time

import numpy as np

SETTLE = 0.005  # seconds in which the other side's OpenMP threads stop spinning


def seconds(function, *args):
    start = time.perf_counter()
    function(*args)
    return time.perf_counter() - start


def block(function, at_least):
    """Seconds of a call: the median of as many calls as take `at_least` seconds, after one to warm up."""
    time.sleep(SETTLE)
    function()
    times, until = [], time.perf_counter() + at_least
    while not times or time.perf_counter() < until:
        times.append(seconds(function))
    return float(np.median(times))


def turns(clocks, repeats, *, warm_up=1):
    """Seconds of each turn, by contestant: an array of `repeats`; the first `warm_up` turns are dropped.

    `clocks` maps a contestant to a function that runs it once and returns the seconds to note.
    """
    times = {name: [] for name in clocks}
    for _ in range(warm_up + repeats):
        for name, clock in clocks.items():
            times[name].append(clock())
    return {name: np.array(noted[warm_up:]) for name, noted in times.items()}
