"""The number of threads."""

import os
import subprocess
import sys

import joblib
import pytest
from threadpoolctl import threadpool_limits

from convnet.engine import _engine, threads
from convnet.engine.threads import resolve_n_threads


@pytest.fixture
def machine(monkeypatch):
    """A machine of 4 cores and 8 CPUs, whose OpenMP would run 8 threads."""
    monkeypatch.setattr(threads, "cpu_counts", lambda: (4, 8))
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)

    class Engine:
        openmp_version = staticmethod(lambda: 201511)
        omp_max_threads = staticmethod(lambda: 8)

    monkeypatch.setattr(threads, "_engine", Engine)
    return Engine


@pytest.mark.parametrize(
    "n_jobs, n_threads", [(None, 4), (1, 1), (3, 3), (30, 30), (99, 32), (-1, 8), (-3, 6), (-99, 1)]
)
def test_n_jobs(machine, n_jobs, n_threads):
    assert resolve_n_threads(n_jobs) == n_threads


@pytest.mark.parametrize("omp, n_threads", [(1, 1), (3, 3), (12, 12), (99, 32)])
def test_omp_num_threads_is_obeyed(machine, monkeypatch, omp, n_threads):
    monkeypatch.setenv("OMP_NUM_THREADS", str(omp))
    machine.omp_max_threads = staticmethod(lambda: omp)
    assert resolve_n_threads() == n_threads
    assert resolve_n_threads(2) == 2


def test_without_openmp(machine):
    machine.openmp_version = staticmethod(lambda: 0)
    assert resolve_n_threads() == resolve_n_threads(4) == 1


@pytest.mark.parametrize(
    "n_jobs, error", [(0, ValueError), (1.5, TypeError), ("2", TypeError), (True, TypeError)]
)
def test_bad_n_jobs(n_jobs, error):
    with pytest.raises(error, match="n_jobs must"):
        resolve_n_threads(n_jobs)


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.parametrize("n_jobs, n_threads", [(None, 1), (2, 2)])
def test_workers_without_an_inner_limit(machine, n_jobs, n_threads):
    """Have a thread each, where none is asked for: together they have all cores."""
    with joblib.Parallel(n_jobs=2, backend="multiprocessing") as parallel:
        found = parallel([joblib.delayed(resolve_n_threads)(n_jobs) for _ in range(2)])
    assert found == [n_threads] * 2


@pytest.mark.skipif(not _engine.openmp_version(), reason="built without OpenMP")
def test_threadpoolctl_counts():
    with threadpool_limits(1, user_api="openmp"):
        assert resolve_n_threads() == 1


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no affinity masks")
def test_affinity_counts():
    code = """
import os
from convnet.engine.threads import resolve_n_threads
resolve_n_threads()
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
print(resolve_n_threads(), resolve_n_threads(-1))
"""
    env = {k: v for k, v in os.environ.items() if k != "OMP_NUM_THREADS"}
    out = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, env=env
    )
    assert out.stdout.split() == ["1", "1"]
