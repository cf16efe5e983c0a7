"""The memory of a fit beside X does not grow with X, and a fit leaves no memory behind.

A process of its own, `memory_use.py`, measures each figure.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import memory_use
import pytest

SCRIPT = Path(__file__).with_name("memory_use.py")
SIZE = 90  # megabytes
QUICK = {
    *("uint8", "early stopping", "X_val", "float32"),
    *("fit", "fit and predict", "files", "explain", "forks", "fits that fail"),
}

pytestmark = pytest.mark.skipif(not os.path.exists("/proc/self/smaps_rollup"), reason="asks Linux")


def kinds(cases, planted):
    """Return the cases without the planted one, as parameters of a test."""
    return [
        pytest.param(kind, marks=() if kind in QUICK else pytest.mark.long)
        for kind in sorted(cases.keys() - {planted})
    ]


def measured(*arguments):
    """Run the script and return what it prints."""
    command = [sys.executable, str(SCRIPT), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_copy_of_x_would_be_seen():
    assert measured("peak", "a copy", SIZE)["growth"] > 0.9 * SIZE


def test_a_leak_would_be_seen():
    assert measured("slope", "a leak", 50)["slope"] > 0.05


@pytest.mark.parametrize("kind", kinds(memory_use.PEAKS, "a copy"))
def test_peak(kind, amount, figure):
    """The growth is at most 0.1 X + 64 MB, and less than 0.1 bytes for each more byte of X."""
    grown = measured("peak", kind, SIZE)
    assert abs(grown["bytes"] - SIZE) < 1
    limit = 0.1 * SIZE + 64
    what = f"peak growth over {SIZE} MB of X: {kind}"
    figure(what, seen=f"{grown['growth']:.1f} MB", asked=f"≤ {limit:.0f} MB")
    assert grown["growth"] <= limit
    if amount(kind in ("uint8", "early stopping"), True):
        twice = measured("peak", kind, 2 * SIZE)
        more = (twice["growth"] - grown["growth"]) / (twice["bytes"] - grown["bytes"])
        figure(f"of each more byte of X: {kind}", seen=f"{more:.3f}", asked="< 0.1")
        assert more < 0.1


@pytest.mark.parametrize("kind", kinds(memory_use.SLOPES, "a leak"))
def test_slope(kind, amount, figure):
    """Fifty repetitions, of which the last two thirds count, leave no memory, no thread and no open file."""
    times = amount(50, 200)
    seen = measured("slope", kind, times)
    if seen["slope"] >= 0.02:  # a leak stays; what the allocator took once weighs less
        times *= 4
        seen = measured("slope", kind, times)
    what = f"growth each time over {times} times: {kind}"
    figure(what, seen=f"{seen['slope']:.4f} MB", asked="< 0.02 MB")
    assert seen["slope"] < 0.02
    before, after = seen["threads, files"]
    assert before == after
