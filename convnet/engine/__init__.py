"""The native engine: programs of C kernels, which run in parallel with the GIL released.

It knows operations by number and memory by offset; their meaning is the plan's business (`convnet.graph`). Nothing
here knows layers or estimators.
"""

from convnet.engine._context import Context
from convnet.engine._engine import (
    ACTIVATIONS,
    COLUMNS,
    DTYPES,
    FIELDS,
    FILLS,
    FROM_OUTPUT,
    LOSSES,
    MAX_PARTS,
    RECTIFIERS,
    RESIZING,
    SLACK,
    SOLVERS,
    STAGES,
    TRANSFORMS,
    UPDATE_BLOCK,
    WINOGRAD_DEPTH,
    WINOGRAD_POINTS,
    aligned_zeros,
    available_isas,
    complete_parameters,
    default_isa,
    fma_peak,
    omp_max_threads,
    openmp_version,
)
from convnet.engine._program import Program, stage_memory
from convnet.engine._single import SINGLE_DTYPES, SinglePrediction, sigmoid, softmax

__all__ = [
    "ACTIVATIONS",
    "COLUMNS",
    "DTYPES",
    "FIELDS",
    "FILLS",
    "FROM_OUTPUT",
    "LOSSES",
    "MAX_PARTS",
    "RECTIFIERS",
    "RESIZING",
    "SINGLE_DTYPES",
    "SLACK",
    "SOLVERS",
    "STAGES",
    "TRANSFORMS",
    "UPDATE_BLOCK",
    "WINOGRAD_DEPTH",
    "WINOGRAD_POINTS",
    "Context",
    "Program",
    "SinglePrediction",
    "aligned_zeros",
    "available_isas",
    "complete_parameters",
    "default_isa",
    "fma_peak",
    "omp_max_threads",
    "openmp_version",
    "sigmoid",
    "softmax",
    "stage_memory",
]
