"""Threads: how many a call may use, how many are fastest, and locks for what they share.

::

    resolve_n_threads    how many a call may use, read in the calling thread at each fit and each prediction
    ThreadCountTuner     with how many a long run of similar steps is fastest
    lock_of              locks that are free in a forked child, even if a thread of the parent held them
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import weakref
from collections import deque
from collections.abc import Generator
from contextlib import contextmanager
from functools import lru_cache
from itertools import count
from numbers import Integral
from statistics import median
from threading import Lock
from typing import Protocol

import joblib
from joblib.parallel import get_active_backend

from convnet.engine import _engine
from convnet.values.messages import show

_sharers = 1  # processes that use the cores together

MAX_PER_CPU = 4  # libgomp ends the process when it cannot start a thread

# of ThreadCountTuner
FIRST_TRIAL = 32  # steps before another number of threads may be tried
STEADY_TRIAL = 512  # the same for fewer threads while all steps take about the same time
MAX_INTERVAL = 4096  # steps between trials
TRIAL = 4  # steps of a trial; the first does not count, as threads wake or fall asleep in it
WINDOW = 16  # last steps whose times are compared
ERRATIC = 1.4  # median over minimum of the times of steps: above it, steps wait for something
GAIN = 0.9  # another number of threads is taken if a step takes less than this share of the time


def resolve_n_threads(n_jobs: int | None = None) -> int:
    """Return the number of threads for `n_jobs`, in this process and at this moment.

    Parameters
    ----------
    n_jobs : int, default=None
        None is the number of physical cores, divided by that of `share_cores`, or less if OpenMP
        (``OMP_NUM_THREADS``, threadpoolctl, joblib's inner limit), the affinity mask or a cgroup allows less. In a
        task of Dask, the threads of the process that run tasks divide the cores. It is 1 in a worker of joblib's
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
            most = 1 if _in_pool() else max(1, physical // max(_sharers, _dask_threads()))
    else:
        n_threads = int(n_jobs) if n_jobs > 0 else logical + 1 + int(n_jobs)
    return max(1, min(n_threads, most))


@contextmanager
def share_cores(n: int) -> Generator[None, None, None]:
    """Let ``n_jobs=None`` mean an n-th of the cores, because n processes use them together.

    Parameters
    ----------
    n : int
        1 or more.
    """
    global _sharers
    before, _sharers = _sharers, n
    try:
        yield
    finally:
        _sharers = before


def _is_integer(value: object) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)


def _in_pool() -> bool:
    """Whether this process is one of joblib's workers that do not know of each other.

    If each of them ran a thread on each core, the threads of one would wait at barriers for the threads of another.
    """
    if not multiprocessing.current_process().daemon:
        return False
    return bool(getattr(get_active_backend()[0], "nesting_level", 0))


def _dask_threads() -> int:
    """Return how many tasks of Dask this process runs at a time, or 1 outside of its tasks.

    Workers that Dask starts with a nanny have ``OMP_NUM_THREADS=1``; others do not.
    """
    module = sys.modules.get("distributed.worker")
    if module is None:
        return 1
    try:
        worker = module.get_worker()
    except ValueError:  # not in a task
        return 1
    here = {worker, *getattr(type(worker), "_instances", ())}
    return sum(w.state.nthreads for w in here if w is worker or w.status.name == "running")


def cpu_counts() -> tuple[int, int]:
    """Return the numbers of physical cores and of CPUs that this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    mask = frozenset(affinity(0)) if affinity else os.cpu_count()
    return _cpu_counts(mask, os.environ.get("LOKY_MAX_CPU_COUNT"))


@lru_cache(maxsize=16)  # joblib's count takes longer than a small prediction
def _cpu_counts(mask: frozenset[int] | int | None, loky_limit: str | None) -> tuple[int, int]:
    return joblib.cpu_count(only_physical_cores=True), joblib.cpu_count()


class ThreadCountTuner:
    """Finds the number of threads with the fastest steps, up to a given one.

    Threads meet at barriers several times a step. When other processes are busy, each barrier waits for the scheduler,
    and two threads may be ten times slower than one. Results do not depend on the number of threads, so the number can
    follow the measured time: a few steps run on half as many threads when the times are erratic, and now and then
    in any case, and on twice as many now and then.

    Parameters
    ----------
    most : int
        Maximum number of threads.
    start : int, default=None
        Number of threads to start with: the first trial of more comes after a few steps. None is `most`.
    """

    def __init__(self, most: int, start: int | None = None) -> None:
        self.most = most
        self.level = self._candidate = most if start is None else start
        self._early = start is not None
        self._interval, self._since_trial = FIRST_TRIAL, 0
        self._times: deque[float] = deque(maxlen=WINDOW)
        self._trial: list[float] = []
        self._up = False

    def threads(self) -> int:
        """Return the number of threads for the next step."""
        return self._candidate

    def record(self, seconds: float) -> None:
        """Record the seconds of a step on `threads()` threads."""
        if self._candidate != self.level:
            self._trial.append(seconds)
            if len(self._trial) == TRIAL:
                self._decide()
            return
        self._times.append(seconds)
        self._since_trial += 1
        early = self._early and self._since_trial == TRIAL
        full = self._since_trial % WINDOW == 0
        if early and self.most > self.level:
            self._early = False
            self._candidate = self._other()
        elif full and self.most > 1 and self._since_trial >= self._interval and self._due():
            self._candidate = self._other()

    def _due(self) -> bool:
        """Whether it is time to try another number of threads."""
        fewer_only = self.level == self.most
        steady = median(self._times) <= ERRATIC * min(self._times)
        return not (fewer_only and steady) or self._since_trial >= max(STEADY_TRIAL, self._interval)

    def _other(self) -> int:
        """Half or twice the level, alternately where both are possible."""
        self._up = self.level == 1 or (not self._up and self.level < self.most)
        return min(self.most, 2 * self.level) if self._up else max(1, self.level // 2)

    def _decide(self) -> None:
        better = median(self._trial[1:]) < GAIN * median(self._times)
        self._interval = FIRST_TRIAL if better else min(2 * self._interval, MAX_INTERVAL)
        if better:
            self.level = self._candidate
            self._times.clear()
            self._times.extend(self._trial[1:])
        self._candidate, self._trial, self._since_trial = self.level, [], 0


class Owner(Protocol):
    """An object with such a lock."""

    _lock: Lock


# Plain weak references. A WeakSet would run Python code whenever an owner is freed, and a Ctrl-C that arrives there
# would be lost: Python ignores exceptions in callbacks of weak references.
_owners: dict[int, weakref.ref[Owner]] = {}
_keys = count()


def lock_of(owner: Owner) -> Lock:
    """Return a lock for ``owner._lock``; a forked child replaces it by a new one.

    A fork may happen at any moment, so what a lock guards must always be consistent: build the new value first, then
    assign it in one step.

    Hold it only by ``with owner._lock``, which releases the lock that it acquired.
    """
    for key, reference in list(_owners.items()):
        if reference() is None:
            _owners.pop(key, None)
    _owners[next(_keys)] = weakref.ref(owner)
    return Lock()


def _in_child() -> None:
    for reference in list(_owners.values()):
        owner = reference()
        if owner is not None:
            owner._lock = Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)
