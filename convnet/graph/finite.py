"""What a net puts out has to be finite: float32 ends at 3.4e38."""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

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
