"""The instruction sets that C code can be exported for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class CompilerTarget:
    """What a compiler has to be told about an instruction set.

    Attributes
    ----------
    flags : str
        Its flags, the same as for the kernels of the engine in setup.py.
    condition : str
        Whether it was given these flags and none for wider vectors, as a condition of C's preprocessor.
    """

    flags: str
    condition: str


TARGETS = {
    "scalar": CompilerTarget("", "1"),
    "baseline": CompilerTarget("", "!defined(__AVX2__) && !defined(__FMA__)"),
    "avx2": CompilerTarget(
        "-mavx2 -mfma", "defined(__AVX2__) && defined(__FMA__) && !defined(__AVX512F__)"
    ),
    "avx512": CompilerTarget(
        "-mavx512f -mavx512vl -mavx512bw -mavx512dq -mavx2 -mfma",
        "defined(__AVX512F__) && defined(__AVX512VL__) && defined(__AVX512BW__) && defined(__AVX512DQ__)",
    ),
}


def compiler_flags(isa: str) -> str:
    """Return all flags that exported code needs, for an instruction set."""
    return f"-std=c11 -ffp-contract=off -Wall -Wextra {TARGETS[isa].flags}".strip()
