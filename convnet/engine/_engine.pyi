from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

COLUMNS: Final[int]
WINOGRAD_DEPTH: Final[int]
WINOGRAD_POINTS: Final[int]
SLACK: Final[int]
UPDATE_BLOCK: Final[int]
MAX_PARTS: Final[int]

class StageInfo(NamedTuple):
    number: int
    family: str
    is_batch: bool
    packs: bool
    work: str
    needs_corrected_rate: bool

FAMILIES: Final[tuple[str, ...]]
STAGES: Final[Mapping[str, StageInfo]]
FIELDS: Final[Mapping[str, Mapping[str, int]]]
LOSSES: Final[tuple[str, ...]]
SOLVERS: Final[tuple[str, ...]]
ACTIVATIONS: Final[tuple[str, ...]]
FROM_OUTPUT: Final[tuple[str, ...]]
RECTIFIERS: Final[tuple[str, ...]]
RESIZING: Final[tuple[str, ...]]
TRANSFORMS: Final[tuple[str, ...]]
FILLS: Final[tuple[str, ...]]
DTYPES: Final[Mapping[str, int]]

def omp_max_threads() -> int: ...
def openmp_version() -> int: ...
def available_isas() -> list[str]: ...
def default_isa() -> str: ...
def complete_parameters(family: str, values: dict[str, Any]) -> dict[str, Any]: ...
def aligned_zeros(floats: int) -> NDArray[np.float32]: ...
def fma_peak(n_threads: int = 1, seconds: float = 0.3, isa: str | None = None) -> float: ...
