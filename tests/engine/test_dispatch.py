"""Which kernel table is used, how it is capped, and that none changes the process's arithmetic."""

import os
import subprocess
import sys

import numpy as np
import pytest

from convnet.engine import available_isas, default_isa, fma_peak

ASCENDING = ["scalar", "baseline", "avx2", "avx512"]


def in_new_process(code, **environment):
    return subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_tables_ascend():
    isas = available_isas()
    assert isas[:2] == ASCENDING[:2]
    assert isas == [isa for isa in ASCENDING if isa in isas]


@pytest.mark.slow
@pytest.mark.parametrize("cap", ASCENDING)
def test_environment_caps_the_table(cap):
    """The best that is available and not above the cap."""
    allowed = ASCENDING[: ASCENDING.index(cap) + 1]
    want = [isa for isa in available_isas() if isa in allowed][-1]
    done = in_new_process(
        "from convnet.engine import default_isa; print(default_isa())", CONVNET_ISA=cap
    )
    assert done.stdout.strip() == want, done.stderr


def test_without_a_cap_the_best_is_used():
    done = in_new_process(
        "from convnet.engine import default_isa; print(default_isa())", CONVNET_ISA=""
    )
    assert done.stdout.strip() == available_isas()[-1], done.stderr


def test_unknown_cap_is_refused_by_name():
    done = in_new_process(
        "from convnet.engine import default_isa; default_isa()", CONVNET_ISA="avx1024"
    )
    assert done.returncode
    assert "ValueError" in done.stderr and "CONVNET_ISA" in done.stderr and "avx2" in done.stderr


@pytest.mark.slow
def test_a_process_runs_the_capped_kernels():
    """Same predictions as the table asked for by name, in this process."""
    code = (
        "import numpy as np; from convnet.graph import Network; from convnet.layers import Conv2D;"
        "x = np.linspace(-1, 1, 300, dtype=np.float32).reshape(3, 5, 5, 4);"
        "print(Network([Conv2D(7, 3)], (5, 5, 4), 3, isa=ISA).forward(x).tobytes().hex())"
    )
    capped = in_new_process(code.replace("ISA", "None"), CONVNET_ISA="baseline")
    named = in_new_process(code.replace("ISA", "'baseline'"))
    assert capped.stdout and capped.stdout == named.stdout, capped.stderr + named.stderr


def test_subnormals_survive_the_import():
    """A library linked with -ffast-math would flush them in the whole process."""
    assert default_isa() in available_isas()
    tiny = np.array([1e-40], dtype=np.float32)
    assert (tiny * np.float32(1) > 0).all()
    assert np.isnan(np.float32(np.nan)) and not np.isfinite(np.float32(np.inf))


@pytest.mark.parametrize("n_threads", [1, 2])
def test_peak_is_measured(n_threads):
    assert 0.1 < fma_peak(n_threads, 0.02) < 1e5
