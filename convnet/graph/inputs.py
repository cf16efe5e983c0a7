"""The input of a plan: what the engine can gather rows from."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convnet.engine import DTYPES


def check_input(X: ArrayLike, input_shape: tuple[int, ...]) -> NDArray[Any]:
    """Return X as a 4-D array that the engine can read; a view where that is possible."""
    X = np.asarray(X)
    missing = 3 - len(input_shape)
    if X.ndim == 1 + len(input_shape):
        X = X[(slice(None), *[None] * missing)]  # a signal is a map of height 1
    shape = (*[1] * missing, *input_shape)
    if X.ndim != 4 or X.shape[1:] != shape:
        raise ValueError(f"X has shape {X.shape}; the plan wants (n, {', '.join(map(str, shape))})")
    if X.dtype.str[1:] not in DTYPES:
        raise TypeError(f"X has dtype {X.dtype}; it must be numeric and of 64 bits at the most")
    return X if X.dtype.isnative else X.astype(X.dtype.newbyteorder("="))
