"""Ctrl-C: how soon it ends a call, and what state it leaves behind."""

import json
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

import pytest
from forked import HANG

CASES = Path(__file__).with_name("signal_cases.py")
LIMIT = 1.0  # seconds, on an idle machine

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")


def command(case, *arguments):
    return [sys.executable, str(CASES), case, *map(str, arguments)]


def run(case, *arguments):
    """Run a case in a new process and return how many seconds each Ctrl-C took."""
    done = subprocess.run(
        command(case, *arguments), capture_output=True, text=True, timeout=5 * HANG, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def note(amount, figure):
    """Note how long each Ctrl-C took.

    The long form, which is for an idle machine, asks for LIMIT. On a busy machine any call may wait for the processor,
    so the quick form asks only that no Ctrl-C is lost.
    """

    def noted(what, seconds):
        what, asked = f"{what}, {len(seconds)} times", f"<= {LIMIT:g} (long form)"
        figure(f"{what}: the median, seconds", seen=f"{median(seconds):.2f}", asked=asked)
        figure(f"{what}: the longest, seconds", seen=f"{max(seconds):.2f}", asked=asked)
        assert max(seconds) <= amount(HANG, LIMIT), seconds

    return noted


def test_ctrl_c_at_a_random_moment_of_a_fit(amount, note):
    """The estimator is unchanged, and a new fit has the same bits as any other."""
    note("Ctrl-C in a fit", run("fits", amount(20, 200), 0))


def test_ctrl_c_at_a_random_moment_of_a_warm_start(amount, note):
    """The estimator has the weights of the last whole epoch, if any; a new fit continues from there."""
    note("Ctrl-C in a warm start", run("warm_start", amount(10, 200), 0))


def test_ctrl_c_in_a_long_step(amount, note):
    """Ctrl-C ends a long step midway."""
    note("Ctrl-C in a long step", run("long_steps", amount(1000, 4000)))


def test_ctrl_c_in_a_prediction(amount, note):
    note("Ctrl-C in a prediction", run("predictions", amount(6, 40)))


def test_no_handler_is_installed():
    run("unchanged")


def begin(*case):
    """Start a case as the leader of a process group, and wait until it is running.

    Its standard error appears in pytest's report if the test fails.
    """
    process = subprocess.Popen(command(*case), stdout=subprocess.PIPE, process_group=0)
    readable = select.select([process.stdout], [], [], HANG)[0]
    if not readable or process.stdout.readline() != b"begun\n":
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        pytest.fail(f"{case} did not start; its exit status is {process.returncode}")
    time.sleep(0.3)
    return process


def end(process):
    """Wait until a process and all of its group have ended; return its status."""
    try:
        status = process.wait(HANG)
        deadline = time.monotonic() + HANG
        while group(process.pid) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert not group(process.pid)
    finally:
        process.stdout.close()
        if group(process.pid):
            os.killpg(process.pid, signal.SIGKILL)
    return status


def group(leader):
    """Return whether the process group has members.

    Zombies do not count where /proc identifies them: the first process of a container may never reap them.
    """
    try:
        os.killpg(leader, 0)
    except ProcessLookupError:
        return False
    if not os.path.exists("/proc/self/stat"):
        return True
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, of_group = path.read_text(errors="replace").rpartition(")")[2].split()[:3]
        except OSError:  # it has ended
            continue
        if int(of_group) == leader and state not in "ZX":
            return True
    return False


def test_sigterm_ends_a_fit():
    process = begin("for_ever")
    process.terminate()
    assert end(process) == -signal.SIGTERM


def test_ctrl_c_ends_a_script():
    process = begin("for_ever")
    process.send_signal(signal.SIGINT)
    assert end(process) == -signal.SIGINT


@pytest.mark.parametrize("backend", ["loky", "multiprocessing", "threading"])
def test_ctrl_c_while_workers_fit(backend):
    """A terminal sends Ctrl-C to the whole group; no worker remains."""
    process = begin("search", backend)
    os.killpg(process.pid, signal.SIGINT)
    assert end(process) not in (0, None)
