"""bfloat16, which NumPy does not have: the upper half of a float32."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

BFLOAT16 = "bfloat16"


def stored_dtype(name: str) -> np.dtype[Any]:
    """Return the dtype of values as they are stored: uint16 for bfloat16."""
    return np.dtype("u2" if name == BFLOAT16 else name)


def widened(halves: np.ndarray) -> NDArray[np.float32]:
    """Return bfloat16 values, which are stored as uint16 of any byte order, as float32. No value is rounded."""
    return (halves.astype(np.uint32) << 16).view(np.float32)
