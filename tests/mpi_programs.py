"""Programs under mpiexec."""

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

LIMIT = 120  # seconds after which a program counts as hanging
SEARCHED = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
MPIEXEC = shutil.which("mpiexec", path=SEARCHED)

needs_mpi = pytest.mark.skipif(
    MPIEXEC is None or importlib.util.find_spec("mpi4py") is None,
    reason="needs mpi4py and mpiexec",
)


class Program:
    """A Python program on `size` ranks.

    Parameters
    ----------
    size : int
    source : path
    *arguments : str
    threads : int
        Threads of each rank.
    """

    def __init__(self, size, source, *arguments, threads=1):
        environment = os.environ | {"OMP_NUM_THREADS": str(threads), "PYTHONUNBUFFERED": "1"}
        self.process = subprocess.Popen(
            [
                MPIEXEC,
                "-n",
                str(size),
                sys.executable,
                "-W",
                "ignore",
                source,
                *map(str, arguments),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment,
            start_new_session=True,
        )

    def end(self):
        """Return the exit code and the output; fail if the program hangs."""
        try:
            output, _ = self.process.communicate(timeout=LIMIT)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            output, _ = self.process.communicate()
            pytest.fail(f"the program hangs; its output:\n{output}")
        return self.process.returncode, output


def run(size, source, *arguments, threads=1):
    """Return the output of a program that has to succeed."""
    code, output = Program(size, source, *arguments, threads=threads).end()
    assert code == 0, output
    return output


def wait_for(path, seconds=LIMIT):
    """Wait until a file exists, and return its path."""
    end = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < end, f"{path} is missing"
        time.sleep(0.01)
    return path
