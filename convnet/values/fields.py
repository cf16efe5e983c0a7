"""Checks for the fields of values: each takes a value, returns it normalised or says what it must be.

A check raises TypeError or ValueError with a message that begins ``must be``; `Value` puts the type and the
field in front. Specs may come from strangers, so a check is quick and shallow, whatever it is given.
"""

import difflib
import numbers
import reprlib
from collections.abc import Callable, Iterable, Sized
from dataclasses import MISSING, field
from math import inf
from typing import Any, TypeGuard, TypeVar

T = TypeVar("T")

LARGEST = 2**20  # of any integer in a spec: sizes stay far below what overflows an index
MOST_SHOWN = 1000  # entries of what is printed in an error, before it is cut


class _Short(reprlib.Repr):
    def repr_instance(self, x: object, level: int) -> str:
        """Of bytes and of containers of other classes by their size: their own repr knows no bound."""
        if (
            isinstance(x, Sized)
            and not isinstance(x, numbers.Number | type)
            and getattr(x, "shape", None) != ()  # an array of no axes has no length
            and len(x) > MOST_SHOWN
        ):
            return f"a {type(x).__name__} of length {len(x)}"
        return super().repr_instance(x, level)


_short = _Short()
_short.maxlevel, _short.maxstring, _short.maxother = 3, 60, 60


def parameter(
    check: Callable[[Any], object],
    default: Any = MISSING,
    *,
    positional: bool = False,
    kw_only: bool = False,
) -> Any:
    """Return a dataclass field with its check; `positional` (and required) ones print without a name.

    Type checkers see a default where it is given by its name.
    """
    metadata = {"check": check, "positional": positional or default is MISSING}
    return field(default=default, kw_only=kw_only, metadata=metadata)


def show(value: object) -> str:
    """Return a short repr of anything, however large or broken."""
    try:
        return _short.repr(value)
    except Exception:  # an integer with too many digits to print, a broken __repr__
        return f"a {type(value).__name__}"


def refusal(error: Exception, text: str) -> TypeError | ValueError:
    """Return the error that what a check raised is raised anew as, with more words."""
    return (ValueError if isinstance(error, ValueError) else TypeError)(text)


def did_you_mean(
    word: object, known: Iterable[str], elsewhere: dict[str, str] | None = None
) -> str:
    """Return " Did you mean 'filters'?" or "", case aside; `elsewhere`: other libraries' words → ours."""
    names = {name.lower(): name for name in known} | (elsewhere or {})
    word = word[:64].lower() if isinstance(word, str) else ""
    close = difflib.get_close_matches(word, names, n=1)
    return f" Did you mean {names[close[0]]!r}?" if close else ""


def is_integer(value: object) -> TypeGuard[int]:
    """Return whether a value is an integer, and no boolean."""
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)


def is_number(value: object) -> TypeGuard[float]:
    """Return whether a value is a real number, and no boolean."""
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


def as_float(value: float) -> float:
    """Return a real number of any type as a float: infinity where it is too large for one."""
    try:
        return float(value)
    except OverflowError:
        return inf if value > 0 else -inf


def integer(low: int, high: int = LARGEST) -> Callable[[object], int]:
    """Return a check for an integer from `low` to `high`; booleans are not integers."""
    what = f"must be an integer from {low} to {high}; got "

    def check(value: object) -> int:
        if not is_integer(value):
            raise TypeError(what + show(value))
        number = int(value)  # as it will be used, whatever its class says of it
        if not low <= number <= high:
            raise ValueError(what + show(value))
        return number

    return check


def real(low: float, high: float) -> Callable[[object], float]:
    """Return a check for a finite number from `low` to `high`."""
    what = f"must be a number from {low:g} to {high:g}; got "

    def check(value: object) -> float:
        if not is_number(value):
            raise TypeError(what + show(value))
        number = as_float(value)
        if not low <= number <= high:  # false for NaN too
            raise ValueError(what + show(value))
        return number

    return check


def pair(low: int) -> Callable[[object], int | tuple[int, int]]:
    """Return a check for an integer or (vertical, horizontal); (3, 3) is normalised to 3."""
    return _pair(integer(low), "an integer or a pair of integers", merge=True)


def real_pair(
    low: float, high: float, *, merge: bool = True
) -> Callable[[object], float | tuple[float, float]]:
    """Return a check for a number or (vertical, horizontal); (3, 3) becomes 3 where they mean the same."""
    return _pair(real(low, high), "a number or a pair of numbers", merge=merge)


def _pair(
    one: Callable[[object], T], what: str, merge: bool
) -> Callable[[object], T | tuple[T, T]]:
    def check(value: object) -> T | tuple[T, T]:
        if not isinstance(value, list | tuple):
            return one(value)
        if len(value) != 2:
            raise ValueError(f"must be {what}; got {show(value)}")
        first, second = map(one, value)
        return first if merge and first == second else (first, second)

    return check


def both(value: T | tuple[T, T]) -> tuple[T, T]:
    """Return (vertical, horizontal) of a field that may be one number."""
    return value if isinstance(value, tuple) else (value, value)


def choice(*words: str) -> Callable[[object], str]:
    """Return a check for one of some strings."""
    known = ", ".join(map(repr, words))

    def check(value: object) -> str:
        if not isinstance(value, str):
            raise TypeError(f"must be one of {known}; got {show(value)}")
        if value not in words:
            raise ValueError(
                f"must be one of {known}; got {show(value)}.{did_you_mean(value, words)}"
            )
        return str(value)

    return check


def optional(check: Callable[[object], T]) -> Callable[[object], T | None]:
    """Return `check` with None allowed."""
    return lambda value: None if value is None else check(value)


def boolean(value: object) -> bool:
    """Check a boolean; numpy's are normalised."""
    if not isinstance(value, bool) and type(value).__name__ not in ("bool", "bool_"):
        raise TypeError(f"must be True or False; got {show(value)}")
    return bool(value)
