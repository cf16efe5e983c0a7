"""Predictions to compare with: convnet with the scalar kernels, and nets to export."""

import sys
from pathlib import Path

import numpy as np
import pytest

from convnet import ConvNetClassifier

sys.path.insert(0, str(Path(__file__).parents[3] / "benchmarks"))


@pytest.fixture(autouse=True)
def scalar(monkeypatch):
    """Have nets that are built in the test predict with the scalar kernels."""
    monkeypatch.setenv("CONVNET_ISA", "scalar")


@pytest.fixture
def benchmark_net():
    """Return a function that returns a net of benchmarks/nets.py with random weights, and n random images."""
    nets = pytest.importorskip("nets", reason="the nets are those of benchmarks/, in the sources")

    def build(name, n, side=None):
        net = nets.NETS[name]
        shape = (side or net.input_shape[0],) * 2 + net.input_shape[2:]
        rng = np.random.default_rng(0)
        X = rng.integers(0, 256, (n, *shape), dtype=np.uint8)
        y = np.arange(net.n_classes)
        clf = ConvNetClassifier(list(net.layers), random_state=0, n_jobs=1)
        return clf.initialize(np.resize(X, (len(y), *shape)), y), X

    return build
