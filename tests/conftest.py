"""Hypothesis profiles, and this folder on the path: the tests import `oracle` and its neighbours."""

import os
import sys
from pathlib import Path

from hypothesis import HealthCheck, settings

sys.path.insert(0, str(Path(__file__).parent))
# Read when SciPy is imported; without it a check of scikit-learn's is skipped.
os.environ.setdefault("SCIPY_ARRAY_API", "1")
os.environ.setdefault("MPLBACKEND", "Agg")  # figures are drawn into memory

settings.register_profile(
    "convnet",
    deadline=None,
    max_examples=int(os.environ.get("CONVNET_TEST_EXAMPLES", "20")),
    derandomize="CI" in os.environ,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile("convnet")
