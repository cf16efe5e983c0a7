"""Hypothesis profile, threads per test process, digits, and PyTorch. Puts this folder on the path."""

import os
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# The tests import `oracle` and the like.
sys.path.insert(0, str(Path(__file__).parent))
# Read when SciPy is imported; without it a check of scikit-learn's is skipped.
os.environ.setdefault("SCIPY_ARRAY_API", "1")
os.environ.setdefault("MPLBACKEND", "Agg")  # figures are drawn into memory

# The processes of pytest-xdist share the cores: each gets its part, and threads that wait do not spin. OpenMP reads
# these variables when convnet is imported, after this file.
if "PYTEST_XDIST_WORKER_COUNT" in os.environ:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    threads = max(1, cores // int(os.environ["PYTEST_XDIST_WORKER_COUNT"]))
    os.environ.setdefault("OMP_NUM_THREADS", str(threads))
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")

settings.register_profile(
    "convnet",
    deadline=None,
    max_examples=int(os.environ.get("CONVNET_TEST_EXAMPLES", "20" if "CI" in os.environ else "8")),
    derandomize="CI" in os.environ,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile("convnet")


LONG = os.environ.get("CONVNET_TESTS") == "long"


def pytest_collection_modifyitems(config, items):
    """Leave tests that are marked "long" to the long form."""
    left = [] if LONG else [item for item in items if item.get_closest_marker("long")]
    if left:
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if not item.get_closest_marker("long")]


@pytest.fixture(scope="session")
def digits():
    """Return the first 600 digits: uint8 images of shape (600, 8, 8, 1) and labels."""
    import numpy as np  # not before the variables above are set
    from sklearn.datasets import load_digits

    data = load_digits()
    images = (data.images[:600] * (255 / 16)).astype(np.uint8)[..., None]
    images.flags.writeable = False
    return images, data.target[:600]


@pytest.fixture(scope="session")
def two(digits):
    """Return the digits 3 and 8, with strings as labels."""
    import numpy as np

    X, y = digits
    keep = np.isin(y, (3, 8))
    return X[keep], np.where(y[keep] == 3, "three", "eight")


@pytest.fixture
def torch():
    """Import PyTorch and run it on one thread: the nets are small, and results must be the same everywhere.

    PyTorch is not a dependency. `.ci/run` installs it, and tests with this fixture are skipped where it is missing.
    """
    reason = "PyTorch is not installed: pip install torch==2.13.0, as .ci/run does"
    module = pytest.importorskip("torch", reason=reason)
    before = module.get_num_threads()
    module.set_num_threads(1)
    yield module
    module.set_num_threads(before)
