"""Checks of parameters of methods."""

from __future__ import annotations

from numbers import Integral


def whole(name: str, value: object, low: int = 1) -> int:
    """Return an integer parameter; ValueError unless it is one and at least `low`."""
    if isinstance(value, bool) or not isinstance(value, Integral) or value < low:
        raise ValueError(f"{name} must be an integer, {low} or more; got {value!r}")
    return int(value)


def sides(name: str, value: object, n: int) -> list[int] | None:
    """Return n integers, of one or of as many; None is none."""
    if value is None:
        return None
    values = value if isinstance(value, tuple | list) else [value] * n
    if len(values) != n:
        kinds = "an integer" if n == 1 else f"an integer or {n} of them"
        raise ValueError(f"{name} must be {kinds}; got {value!r}")
    return [whole(name, v) for v in values]
