"""Ctrl-C: when it is heard, and what it leaves behind."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

CASES = Path(__file__).with_name("signal_cases.py")
LIMIT = 1.0  # seconds

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")


def command(case, *arguments):
    return [sys.executable, str(CASES), case, *map(str, arguments)]


def run(case, *arguments):
    """Run a case in a process of its own; return the seconds that each Ctrl-C took."""
    done = subprocess.run(
        command(case, *arguments), capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def note(figure, what, seconds):
    in_time = sum(s <= LIMIT for s in seconds)
    asked = f"{len(seconds)} of {len(seconds)}"
    figure(f"{what}: heard within a second", seen=f"{in_time} of {len(seconds)}", asked=asked)
    figure(f"{what}: the longest, seconds", seen=f"{max(seconds):.2f}", asked=f"<= {LIMIT:g}")
    assert in_time == len(seconds), seconds


def test_ctrl_c_at_a_random_moment_of_a_fit(amount, figure):
    """The estimator is as it was; a new fit has the bits of any other."""
    note(figure, "Ctrl-C in a fit", run("fits", amount(20, 200), 0))


def test_ctrl_c_at_a_random_moment_of_a_warm_start(amount, figure):
    """The estimator is at the weights reached, or as it was before an epoch was done; a new fit goes on from there."""
    note(figure, "Ctrl-C in a warm start", run("warm_start", amount(10, 200), 0))


def test_ctrl_c_in_a_long_step(figure):
    """A step of seconds is left in its midst."""
    note(figure, "Ctrl-C in a step of seconds", run("long_steps"))


def test_ctrl_c_in_a_prediction(amount, figure):
    note(figure, "Ctrl-C in a prediction", run("predictions", amount(6, 40)))


def test_no_handler_is_installed():
    run("unchanged")


def begin(*case):
    """Start a case, as the leader of a group of processes, and wait until it is under way."""
    process = subprocess.Popen(
        command(*case), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, process_group=0
    )
    assert process.stdout.readline() == b"begun\n"
    time.sleep(0.3)
    return process


def end(process, seconds):
    """Wait for the end of a process and of all that it began; return its status."""
    try:
        status = process.wait(seconds)
        deadline = time.monotonic() + 10
        while group(process.pid) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert not group(process.pid)
    finally:
        process.stdout.close()
        if group(process.pid):
            os.killpg(process.pid, signal.SIGKILL)
    return status


def group(leader):
    """Return whether processes of the group are there: zombies count."""
    try:
        os.killpg(leader, 0)
    except ProcessLookupError:
        return False
    return True


def test_sigterm_ends_a_fit():
    process = begin("for_ever")
    process.terminate()
    assert end(process, 5) == -signal.SIGTERM


def test_ctrl_c_ends_a_script():
    process = begin("for_ever")
    process.send_signal(signal.SIGINT)
    assert end(process, 5) == -signal.SIGINT


@pytest.mark.parametrize("backend", ["loky", "multiprocessing", "threading"])
def test_ctrl_c_while_workers_fit(backend):
    """As a terminal sends it, to the whole group: no worker is left, and no zombie."""
    process = begin("search", backend)
    os.killpg(process.pid, signal.SIGINT)
    assert end(process, 30) not in (0, None)
