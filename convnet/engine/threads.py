"""The number of threads that a call may use. It is read in the calling thread, at each fit and each prediction."""

import multiprocessing
import os
from functools import lru_cache
from numbers import Integral

import joblib
from joblib.parallel import get_active_backend

from convnet.engine import _engine
from convnet.values.messages import show

MAX_PER_CPU = 4  # libgomp ends the process when it cannot start a thread


def resolve_n_threads(n_jobs: int | None = None) -> int:
    """Return the number of threads for `n_jobs`, in this process and at this moment.

    Parameters
    ----------
    n_jobs : int, default=None
        None is the number of physical cores, or less if OpenMP (``OMP_NUM_THREADS``, threadpoolctl,
        joblib's inner limit), the affinity mask or a cgroup allows less. It is 1 in a worker of joblib's
        "multiprocessing" backend, which sets no inner limit. A larger ``OMP_NUM_THREADS`` is used as it is.
        -1 is all CPUs, -2 all but one, as in joblib. A positive number is used as it is. The maximum is 4
        threads per CPU; a build without OpenMP always runs one thread.

    Returns
    -------
    n_threads : int
    """
    if n_jobs is not None and not _is_integer(n_jobs):
        raise TypeError(f"n_jobs must be None or an integer; got {show(n_jobs)}")
    if n_jobs == 0:
        raise ValueError("n_jobs must not be 0: None is one thread a core, -1 all CPUs")
    if not _engine.openmp_version():
        return 1
    physical, logical = cpu_counts()
    most = MAX_PER_CPU * logical
    if n_jobs is None:
        n_threads = _engine.omp_max_threads()
        if "OMP_NUM_THREADS" not in os.environ:
            most = 1 if _in_pool() else physical
    else:
        n_threads = int(n_jobs) if n_jobs > 0 else logical + 1 + int(n_jobs)
    return max(1, min(n_threads, most))


def _is_integer(value: object) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)


def _in_pool() -> bool:
    """Whether this process is one of joblib's workers that do not know of each other.

    If each of them ran a thread on each core, the threads of one would wait at barriers for the threads of another.
    """
    if not multiprocessing.current_process().daemon:
        return False
    return bool(getattr(get_active_backend()[0], "nesting_level", 0))


def cpu_counts() -> tuple[int, int]:
    """Return the numbers of physical cores and of CPUs that this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    mask = frozenset(affinity(0)) if affinity else os.cpu_count()
    return _cpu_counts(mask, os.environ.get("LOKY_MAX_CPU_COUNT"))


@lru_cache(maxsize=16)  # joblib's count takes longer than a small prediction
def _cpu_counts(mask: frozenset[int] | int | None, loky_limit: str | None) -> tuple[int, int]:
    return joblib.cpu_count(only_physical_cores=True), joblib.cpu_count()
