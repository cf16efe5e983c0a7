"""A process that has run parallel regions forks: no child hangs, and all compute the same bits."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from forked import HANG

from convnet.engine import openmp_version

CASES = Path(__file__).with_name("fork_cases.py")
LIBRARY = """
#include <omp.h>
int threads_of_a_region(int n) {
    int seen = 0;
    #pragma omp parallel num_threads(n) reduction(+ : seen)
    seen += 1;
    return seen;
}
void call_in_a_region(void (*function)(void), int n) {
    #pragma omp parallel num_threads(n)
    {
        #pragma omp master
        function();
        #pragma omp barrier
    }
}
"""

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")


def run(case, *arguments, seconds=5 * HANG):
    """Run a case in a new process and return what it prints."""
    command = [sys.executable, "-W", "ignore::DeprecationWarning", str(CASES), case, *arguments]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, process_group=0
    )
    try:
        out, _ = process.communicate(timeout=seconds)
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)  # with the children that hang
        process.communicate()
        raise
    assert process.returncode == 0, out
    return out


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """Return the path of another library with OpenMP, on the same runtime."""
    compiler = shutil.which("cc")
    if not compiler or not openmp_version() or not os.path.exists("/proc/self/maps"):
        pytest.skip("no compiler, no OpenMP or no /proc")
    folder = tmp_path_factory.mktemp("library")
    (folder / "region.c").write_text(LIBRARY)
    command = [compiler, "-shared", "-fPIC", "-fopenmp", "region.c", "-o", "region.so"]
    subprocess.run(command, cwd=folder, check=True)
    return str(folder / "region.so")


@pytest.mark.parametrize("case", ["plain", "grandchild", "boosting", "other_thread", "pool"])
def test_a_child(case):
    run(case)


@pytest.mark.parametrize("case", ["library", "inside"])
def test_another_library_on_the_same_runtime(case, library):
    run(case, library)


@pytest.mark.parametrize("name", ["loky", "threading", "multiprocessing"])
def test_joblib(name):
    run("backend", name)


def test_forks_while_other_threads_are_inside_regions(amount, figure):
    times = amount(60, 300)
    longest = float(run("busy", str(times), seconds=HANG * times))
    figure(
        "forks beside busy threads that hang", seen=f"0 of {times}", asked="0 of 300 (long form)"
    )
    figure("the longest of them, seconds", seen=f"{longest:.2f}", asked="< 20 (long form)")
    assert longest < amount(HANG, 20)
