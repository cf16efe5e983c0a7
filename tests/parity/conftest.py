"""PyTorch is no dependency: `.ci/run` installs it, elsewhere these tests are skipped."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
REASON = "PyTorch is not installed (pip install torch==2.13.0); .ci/run does it"


@pytest.fixture
def torch():
    """PyTorch on one thread: the nets are small, and the comparison is to be the same everywhere."""
    module = pytest.importorskip("torch", reason=REASON)
    before = module.get_num_threads()
    module.set_num_threads(1)
    yield module
    module.set_num_threads(before)
