from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convnet.engine._engine import DTYPES as DTYPES
from convnet.engine._program import Program

SINGLE_DTYPES: dict[str, bytes]

class SinglePrediction:
    def __init__(
        self,
        program: Program,
        take_memory: Callable[[int], tuple[NDArray[np.float32], NDArray[np.float32]]],
        folded: NDArray[np.float32],
        packed: NDArray[np.float32],
        n_outputs: int,
        input_shape: tuple[int, ...],
        dtype: str,
        scale: float,
        attributes: dict[str, Any],
        names: Iterable[str],
    ) -> None: ...
    def is_for(self, attributes: dict[str, Any]) -> bool: ...
    def outputs(self, X: object, n_jobs: int | None = 1) -> NDArray[np.float32] | None: ...

def softmax(logits: NDArray[np.float32]) -> NDArray[np.float64]: ...
def sigmoid(logits: NDArray[np.float32]) -> NDArray[np.float64]: ...
