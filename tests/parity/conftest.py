"""PyTorch is not a dependency: `.ci/run` installs it, and these tests are skipped where it is missing."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
REASON = "PyTorch is not installed: pip install torch==2.13.0, as .ci/run does"


@pytest.fixture
def torch():
    """Import PyTorch and run it on one thread: the nets are small, and results must be the same everywhere."""
    module = pytest.importorskip("torch", reason=REASON)
    before = module.get_num_threads()
    module.set_num_threads(1)
    yield module
    module.set_num_threads(before)
