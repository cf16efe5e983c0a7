"""Microseconds of single kernels, for each instruction set.

    python benchmarks/kernel_table.py --cases "conv2d*" --isa avx2 scalar

The cases are those of tests/kernel_cases.py, which fit in the cache, and some larger ones. Before a case is timed, its
results are compared with its definition in float64.
"""

import argparse
import sys
from fnmatch import fnmatch
from pathlib import Path

import numpy as np
from machine import processor

from convnet.engine import available_isas

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from kernel_cases import cases, conv, dense, pool2d
from kernel_memory import Run

LARGE = {
    "large conv2d 64 to 64": (conv, "direct", 64, 64, (14, 14)),
    "large winograd 64 to 64": (conv, "winograd", 64, 64, (16, 16)),
    "large planar 3 to 8": (conv, "planar", 3, 8, (32, 32)),
    "large dense 512 to 512": (dense, 512, 512, 14),
    "large max pool 64": (pool2d, "max", 64, (32, 32)),
}


def large(name):
    """Return one of the larger cases. Its operands are normally distributed, so their sums are rounded."""
    make, *arguments = LARGE[name]
    case = make(np.random.default_rng(0), *arguments)
    case.tolerance = max(case.tolerance, 1e-4)
    return case


def check(run, case):
    """Raise AssertionError unless the kernels wrote values close to the definitions."""
    for what, (place, want) in case.expected.items():
        scale = np.nanmax(np.abs(want), initial=1.0)
        atol = max(case.tolerance, 1e-6) * scale
        np.testing.assert_allclose(run.read(place), want, rtol=0, atol=atol, err_msg=what)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", default="large*", help="pattern of the names of the cases")
    parser.add_argument("--isa", nargs="+", default=available_isas(), choices=available_isas())
    parser.add_argument(
        "--repeats", type=int, default=200, help="number of calls; the fastest counts"
    )
    options = parser.parse_args()
    makers = cases() | {name: lambda name=name: large(name) for name in LARGE}
    print(processor())
    print(f"{'case':<28}{'stage':<24}" + "".join(f"{isa:>10}" for isa in options.isa))
    for name in (name for name in makers if fnmatch(name, options.cases)):
        case = makers[name]()
        runs = [Run(case.memory, isa, case.operations, case.stages) for isa in options.isa]
        for run in runs:
            check(run, case)
        for stage in case.stages:
            times = [run.call(stage, options.repeats) for run in runs]
            print(f"{name:<28}{stage:<24}" + "".join(f"{t * 1e6:>10.2f}" for t in times))


if __name__ == "__main__":
    main()
