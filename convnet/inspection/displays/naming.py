"""Names that displays are given, and labels and probabilities as titles of images."""

from __future__ import annotations

from typing import Any

SHORT = 13  # characters of a line that fits above a small image


def named(what: str, names: Any) -> list[str]:
    """Return one name, or several, as a list; ValueError, which says `what` they are, where there is none."""
    try:
        several = [names] if isinstance(names, str) else list(names)
    except TypeError:
        several = []
    if not several:
        raise ValueError(f"{what} must be a name, or names; got {names!r}.")
    return several


def confused(true: object, predicted: object) -> str:
    """Return what was taken for what, in one line or, of long names, in two."""
    line = f"{true} → {predicted}"
    return line if len(line) <= SHORT else f"{true}\n→ {predicted}"


def percent(p: float) -> str:
    """Return a probability as text: 0% and 100% are kept for what is exactly that."""
    if 0.995 <= p < 1:
        return ">99%"
    return "<1%" if 0 < p < 0.005 else f"{p:.0%}"
