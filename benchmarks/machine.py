"""The processor, and its measured peak of fused multiply-adds.

python benchmarks/machine.py --threads 1 2
"""

import argparse
import platform
from pathlib import Path

from convnet.engine import fma_peak


def processor():
    """Return the name and number of the processors, as far as the system tells."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return f"{names[0]} x {len(names)}" if names else platform.machine()


def peak(n_threads, seconds=0.3, repeats=5, isa=None):
    """Return the GFLOP/s of independent fused multiply-adds in registers: the best of several measurements."""
    return max(fma_peak(n_threads, seconds, isa) for _ in range(repeats))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    print(processor())
    for n_threads in parser.parse_args().threads:
        print(f"{n_threads} threads: {peak(n_threads):.0f} GFLOP/s")


if __name__ == "__main__":
    main()
