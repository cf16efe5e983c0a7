"""Numbers below 1.2e-38 keep their values: nothing sets the processor's flags that flush them to zero."""

import platform
import shutil
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from convnet.engine import available_isas, openmp_version
from convnet.graph import Network
from convnet.layers import AvgPool2D, Conv2D, Dense, MaxPool2D, ReLU

TINY = np.float32(1e-45)  # the least float32

# Flags of every thread that OpenMP has, and of a new one: bit 15 flushes results, bit 6 operands.
SOURCE = r"""
#include <omp.h>
#include <xmmintrin.h>
int flags(int n) {
    int found = 0;
    #pragma omp parallel num_threads(n) reduction(|:found)
    found |= _mm_getcsr() & 0x8040;
    return found | (_mm_getcsr() & 0x8040);
}
"""

PROGRAM = textwrap.dedent(
    """
    import ctypes, sys, threading
    import numpy as np

    def keeps():
        tiny, small = np.float32(1e-45), np.float64(5e-324)
        kept = float(tiny * np.float32(1)) > 0 and float(small * 1) > 0 and sys.float_info.min / 2 > 0
        many = np.full(1000, 1e-40, np.float32)
        return kept and bool((many * np.float32(0.5) > 0).all()) and not np.isfinite(np.inf)

    flags = ctypes.CDLL(sys.argv[1]).flags if sys.argv[1] else lambda n: 0
    def check(when):
        found = []
        def look():
            found.append((keeps(), flags(4)))
        look()
        thread = threading.Thread(target=look)
        thread.start(), thread.join()
        assert found == [(True, 0)] * 2, (when, found)

    check("before")
    import convnet
    check("after import")
    from convnet.engine import available_isas
    from convnet.graph import Network
    from convnet.layers import BatchNorm, Conv2D, Dense, MaxPool2D
    X = np.random.default_rng(0).random((64, 12, 12, 3)).astype(np.float32)
    clf = convnet.ConvNetClassifier([Conv2D(16, 3), BatchNorm(), MaxPool2D(2), Dense(8)], max_iter=2, n_jobs=4)
    clf.fit(X, np.arange(64) % 3).predict(X)
    clf.explain(X[:4], "saliency")
    check("after fit")
    for isa in available_isas():
        net = Network([Conv2D(16, 3), MaxPool2D(2), Dense(8)], (12, 12, 3), isa=isa)
        net.forward_training(X, n_threads=4)
        net.backward(np.ones((64, 8)), n_threads=4)
        net.forward(X, n_threads=4)
        check(isa)
    print("kept")
    """
)


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """Return a library that reads the flags; needs a compiler and an x86 processor."""
    folder = tmp_path_factory.mktemp("flags")
    compiler = shutil.which("gcc") or shutil.which("cc")
    if not compiler:
        return ""
    (folder / "flags.c").write_text(SOURCE)
    built = subprocess.run(
        [
            compiler,
            "-O1",
            "-shared",
            "-fPIC",
            "-fopenmp",
            folder / "flags.c",
            "-o",
            folder / "flags.so",
        ],
        capture_output=True,
        text=True,
    )
    if platform.machine() in ("x86_64", "AMD64") and openmp_version():
        assert built.returncode == 0, built.stderr
    return "" if built.returncode else str(folder / "flags.so")


def test_flags_of_every_thread(library, figure):
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM, library], capture_output=True, text=True, timeout=600
    )
    assert run.stdout == "kept\n", run.stderr
    how = "numbers and flags of all threads" if library else "numbers"
    figure(f"subnormals after import and fit ({how})", seen="kept", asked="kept")


@pytest.mark.parametrize("isa", available_isas())
@pytest.mark.parametrize("n_threads", [1, 3])
def test_subnormal_values_go_through_the_kernels(isa, n_threads):
    """Return small integers times the smallest float32: every product and sum of them is exact."""
    rng = np.random.default_rng(0)
    layers = [Conv2D(16, 3, use_bias=False), ReLU(), MaxPool2D(2), AvgPool2D(1), Dense(5)]
    net = Network(layers, (8, 8, 3), isa=isa)
    weights = {
        k: rng.integers(-2, 3, v.shape).astype(np.float32) for k, v in net.get_weights().items()
    }
    weights["dense1/bias"] *= 0
    net.set_weights(weights)
    whole = rng.integers(-3, 4, (7, 8, 8, 3)).astype(np.float32)
    found = net.forward(whole * TINY, n_threads=n_threads)
    expected = net.forward(whole, n_threads=n_threads).astype(np.float64)
    assert np.abs(expected).max() > 100
    np.testing.assert_array_equal(found.astype(np.float64), expected * float(TINY))


@pytest.mark.parametrize("isa", available_isas())
def test_subnormal_weights_count(isa):
    rng = np.random.default_rng(1)
    net = Network([Dense(40, use_bias=False)], (30,), isa=isa)
    weights = rng.integers(-9, 10, (30, 40)).astype(np.float32)
    net.set_weights({"dense1/weights": weights * TINY})
    X = rng.integers(-9, 10, (11, 30)).astype(np.float32)
    expected = X.astype(np.float64) @ weights * float(TINY)
    np.testing.assert_array_equal(net.forward(X).astype(np.float64), expected)
