"""Runs many trials of hostile input in a process of its own, which must not die, hang or grow.

A test makes a list of trials and calls `run_isolated`, which runs the test's own file as a program. That program
calls `main`, which writes the name of each trial to a file before it runs, so that a crash or a hang is reported with
its name. A trial that exceeds its time limit ends the process, after the stacks have been printed.
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

SANITIZED = bool(os.environ.get("CONVNET_SANITIZER"))  # slower, and it changes the memory
SECONDS = 600 if SANITIZED else 120  # after which a trial hangs; most take milliseconds
PREPARING = 5 * SECONDS  # the same for what precedes the first trial
ALL = 2 * 3600  # the same for the whole program
MEGABYTE = 2**20


def run_isolated(program, folder, *arguments):
    """Run a program that calls `main` and return its report. If the process dies, fail with the name of the trial."""
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
    """Run each trial, a pair (name, call), and write a report.

    A call returns a word for its outcome. An exception that leaves a call is reported as wrong, with the name.

    Parameters
    ----------
    trials : iterable of (str, callable)
        The memory that a generator takes before its first trial does not count as growth.
    folder : path
        Holds the report and the name of the current trial.
    largest : int
        Bytes of the largest input. Memory may grow by ten times as much, plus 200 MB.
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
    """Assert that memory grew within its bound, and record it. Skipped under a sanitizer, which keeps freed memory."""
    if SANITIZED:
        return
    grown, allowed = (report[key] // MEGABYTE for key in ("grown", "allowed"))
    figure(f"{what}: growth of memory", seen=f"{grown} MB", asked=f"{allowed} MB at most")
    assert grown <= allowed


def peak():
    """Return the peak resident memory of this process, in bytes."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        import resource

        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most if sys.platform == "darwin" else 1024 * most  # KiB elsewhere
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
