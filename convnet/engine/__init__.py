"""The native engine: programs of C kernels, run in parallel with the GIL released.

It knows operations by number and memory by offset; what they mean is the plan's business (`convnet.graph`). Nothing
here knows layers or estimators.
"""

from convnet.engine._context import DTYPES, Context
from convnet.engine._engine import (
    COLUMNS,
    PLACES,
    UPDATE,
    aligned_zeros,
    available_isas,
    default_isa,
    fma_peak,
    omp_max_threads,
    openmp_version,
    operation_fields,
)
from convnet.engine._program import Program

__all__ = [
    "COLUMNS",
    "DTYPES",
    "PLACES",
    "UPDATE",
    "Context",
    "Program",
    "aligned_zeros",
    "available_isas",
    "default_isa",
    "fma_peak",
    "omp_max_threads",
    "openmp_version",
    "operation_fields",
]
