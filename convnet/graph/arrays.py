"""Checks of the arrays that enter and leave a net. float32 overflows at 3.4e38."""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convnet.engine import DTYPES

Floats: TypeAlias = NDArray[np.floating[Any]]


class NotFiniteError(ValueError):
    """Raised where outputs of a net are infinite or NaN."""


def check_finite(values: Floats, what: str = "The outputs of the net") -> Floats:
    """Return the array; raise NotFiniteError if a value is not finite.

    Parameters
    ----------
    values : ndarray of float
    what : str, default="The outputs of the net"
        Name of the values, in the plural, for the error.
    """
    if not is_finite(values):
        raise NotFiniteError(
            f"{what} are not finite: its weights or the values of X are too large for float32. Scale X, or fit "
            "with a lower learning_rate_init."
        )
    return values


def squares(values: Floats) -> float:
    """Return the sum of squares of a float32 array, roughly. It is not finite if a value is not, or nearly so."""
    flat = values.reshape(-1)
    with np.errstate(over="ignore", invalid="ignore"):
        return float(np.einsum("i,i->", flat, flat))


def is_finite(values: Floats) -> bool:
    """Return whether all values of an array are finite."""
    return bool(np.isfinite(values).all())


def check_input(X: ArrayLike, input_shape: tuple[int, ...]) -> NDArray[Any]:
    """Return X as a 4-D array that the engine can read; a view where that is possible."""
    X = np.asarray(X)
    missing = 3 - len(input_shape)
    if X.ndim == 1 + len(input_shape):
        X = X[(slice(None), *[None] * missing)]  # a signal is a map of height 1
    shape = (*[1] * missing, *input_shape)
    if X.ndim != 4 or X.shape[1:] != shape:
        raise ValueError(f"X has shape {X.shape}; expected (n, {', '.join(map(str, shape))})")
    if X.dtype.str[1:] not in DTYPES:
        raise TypeError(f"X has dtype {X.dtype}; expected a numeric dtype of at most 64 bits")
    return X if X.dtype.isnative else X.astype(X.dtype.newbyteorder("="))
