"""Hostile input, tried one after the other in a process of its own, which must neither die nor hang nor grow.

A test makes a list of trials and calls `run_isolated`, which runs the test's own file as a program on them. The program
calls `main`: before each trial its name is written to a file, so that a crash or a hang is told with it; each, and
what precedes the first, has a limit of time, after which the stacks are printed and the process ends.
"""

import faulthandler
import json
import os
import subprocess
import sys
import traceback
import warnings
from itertools import chain
from pathlib import Path

SANITIZED = bool(os.environ.get("CONVNET_SANITIZER"))  # slower, and memory is counted otherwise
SECONDS = 600 if SANITIZED else 120  # of a trial that hangs; others take milliseconds
PREPARING = 5 * SECONDS  # of what precedes the first
ALL = 2 * 3600  # of the program, should these fail
MEGABYTE = 2**20


def run_isolated(program, folder, *arguments):
    """Run a program that calls `main`; return what that reports, or fail naming the trial that ended it."""
    import pytest

    folder = Path(folder)
    command = [sys.executable, program, str(folder), *map(str, arguments)]
    environment = os.environ | {"OMP_NUM_THREADS": "2", "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=ALL)
    if done.returncode:
        trial = (
            (folder / "trial").read_text() if (folder / "trial").exists() else "before the first"
        )
        pytest.fail(f"the process ended with {done.returncode} in: {trial}\n{done.stderr[-6000:]}")
    report = json.loads((folder / "report.json").read_text())
    assert not report["wrong"], "\n\n".join(report["wrong"][:5])
    return report


def main(trials, folder, largest):
    """Try each of (name, call) and write a report.

    A call returns a word for what came of it; any exception that it lets through is wrong, and told with the name.

    Parameters
    ----------
    trials : iterable of (str, callable)
        A generator's imports and nets, made before its first trial, are not counted as memory that grows.
    folder : path
        For the report and the name of the trial under way.
    largest : int
        Bytes of the largest input, by which memory may grow tenfold.
    """
    warnings.simplefilter("ignore")
    faulthandler.dump_traceback_later(PREPARING, exit=True)
    trials = iter(trials)
    first = next(trials)
    counts, wrong, start = {}, [], peak()
    with open(Path(folder) / "trial", "wb", buffering=0) as file:
        for name, call in chain([first], trials):
            file.seek(0)
            file.truncate()
            file.write(name.encode("utf-8", "replace"))
            faulthandler.dump_traceback_later(SECONDS, exit=True)
            try:
                outcome = call()
            except Exception:
                outcome = "wrong"
                wrong.append(f"{name}\n{traceback.format_exc(limit=-6)}")
            counts[outcome] = counts.get(outcome, 0) + 1
        faulthandler.cancel_dump_traceback_later()
    report = {"counts": counts, "tried": sum(counts.values()), "wrong": wrong}
    report |= {"grown": peak() - start, "allowed": 10 * largest + 200 * MEGABYTE}
    (Path(folder) / "report.json").write_text(json.dumps(report))


def assert_small(report, what, figure):
    """Memory is bounded by the input, which is noted; not asked of a sanitizer, which keeps what is freed."""
    if SANITIZED:
        return
    grown, allowed = (report[key] // MEGABYTE for key in ("grown", "allowed"))
    figure(f"{what}: growth of memory", seen=f"{grown} MB", asked=f"{allowed} MB at most")
    assert grown <= allowed


def peak():
    """Most bytes that this process has held in memory so far."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        import resource

        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most if sys.platform == "darwin" else 1024 * most  # KiB elsewhere
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
