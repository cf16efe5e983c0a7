from typing import Any

import numpy as np
from numpy.typing import NDArray

from convnet.engine._context import Context
from convnet.engine._engine import (
    FIELDS as FIELDS,
    STAGES as STAGES,
    aligned_zeros as aligned_zeros,
)

def run_signal_handlers() -> None: ...
def lanes_per_task(lanes: int, n_threads: int, wanted: float = 1.0) -> int: ...

class Program:
    n_phases: int
    arena_floats: int
    arena_samples: int
    scratch_floats: int
    shared_floats: int
    shared_samples: int
    worth_bands: float
    divides_samples: bool
    turn: float
    def __init__(
        self,
        isa: str,
        operations: list[tuple[str, dict[str, Any]]],
        phases: list[tuple[int, float, float, tuple[int, int], list[tuple[int, str]]]],
        arena_floats: int,
        arena_samples: int,
        sizes: dict[str, Any],
        shared_floats: int = 0,
        shared_samples: int = 0,
        bands: dict[tuple[int, str], tuple[int, float]] | None = None,
    ) -> None: ...
    def scratch(self, n_threads: int) -> NDArray[np.float32]: ...
    def run(
        self,
        context: Context,
        arena: NDArray[np.float32],
        scratch: NDArray[np.float32],
        n_threads: int,
        begin: int = 0,
        end: int = -1,
        *,
        lanes: tuple[int, int] | None = None,
        lane_run: int = 0,
        tasks: NDArray[np.int64] | None = None,
    ) -> None: ...
    def merge_lanes(
        self, context: Context, first: int, last: int, run: int, n_threads: int
    ) -> None: ...
    def time_tasks(
        self,
        context: Context,
        arena: NDArray[np.float32],
        scratch: NDArray[np.float32],
        n_threads: int,
    ) -> list[tuple[bool, NDArray[np.float64]]]: ...
    def pack(self, context: Context, phase: int, n_threads: int) -> None: ...
    def predict(
        self,
        context: Context,
        phase: int,
        arenas: NDArray[np.float32],
        scratch: NDArray[np.float32],
        n_threads: int,
    ) -> None: ...

def run_stage(
    isa: str,
    stage: str,
    operations: list[tuple[str, dict[str, Any]]],
    context: Context,
    arena: NDArray[np.float32],
    scratch: NDArray[np.float32],
    *,
    s0: int = 0,
    s1: int = 0,
    number: int = 0,
    first: int = 0,
    lane: int = 0,
    repeats: int = 1,
) -> float: ...
def stage_memory(
    stage: str, family: str, parameters: dict[str, Any], n: int = 1
) -> tuple[int, int]: ...
