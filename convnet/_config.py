"""show_config: print the version, instruction set, OpenMP runtime and threads that are in use."""

from __future__ import annotations

import platform

from convnet._version import __version__
from convnet.engine import _engine
from convnet.engine.threads import cpu_counts, resolve_n_threads


def show_config() -> None:
    """Print versions, the instruction set in use, the OpenMP runtime and the number of threads.

    The versions are those of convnet, Python, NumPy and scikit-learn.
    """
    import numpy
    import sklearn

    physical, logical = cpu_counts()
    rows = {
        "convnet": __version__,
        "python": f"{platform.python_version()}, numpy {numpy.__version__}, scikit-learn {sklearn.__version__}",
        "instruction set": f"{_engine.default_isa()} (available: {', '.join(_engine.available_isas())})",
        "OpenMP": _openmp(),
        "threads": f"{resolve_n_threads()} with n_jobs=None ({physical} cores, {logical} CPUs, "
        f"OpenMP allows {_engine.omp_max_threads()})",
    }
    for name, value in rows.items():
        print(f"{name + ':':<17}{value}")


def _openmp() -> str:
    version = _engine.openmp_version()
    if not version:
        return "not built in; everything runs on one thread"
    from threadpoolctl import threadpool_info

    paths = [info["filepath"] for info in threadpool_info() if info["user_api"] == "openmp"]
    return ", ".join([str(version), *paths])
