"""The arrays that go into a net, and checks of those that come out: float32 ends at 3.4e38."""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convnet.engine import DTYPES

Floats: TypeAlias = NDArray[np.floating[Any]]


class NotFiniteError(ValueError):
    """Values that came out of a net are infinite or NaN."""


def check_finite(values: Floats, what: str = "The outputs of the net") -> Floats:
    """Return the values of an array; NotFiniteError, with `what` they are, where some are not finite.

    Parameters
    ----------
    values : ndarray of float
    what : str, default="The outputs of the net"
        A plural, which the error begins with.
    """
    if not is_finite(values):
        raise NotFiniteError(
            f"{what} are not finite: its weights or the values of X are too large for float32. Scale X, or fit "
            "with a lower learning_rate_init."
        )
    return values


def squares(values: Floats) -> float:
    """Return the sum of squares of a float32 array, roughly: infinite or NaN wherever a value is, or close to it."""
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
        raise ValueError(f"X has shape {X.shape}; the plan wants (n, {', '.join(map(str, shape))})")
    if X.dtype.str[1:] not in DTYPES:
        raise TypeError(f"X has dtype {X.dtype}; it must be numeric and of 64 bits at the most")
    return X if X.dtype.isnative else X.astype(X.dtype.newbyteorder("="))
