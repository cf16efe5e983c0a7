"""Constraints: what a parameter must be, as one phrase and one check.

Layers, augmentations, schedules, estimators and explanation methods all use them. Every error they raise reads
"<name> must be <phrase>; got <value>."
"""

import numbers
from collections.abc import Callable
from dataclasses import MISSING, field
from math import inf, isfinite
from typing import Any, Generic, TypeGuard, TypeVar

from convnet.values.messages import did_you_mean, reworded, show

T = TypeVar("T")
S = TypeVar("S")

MAX_INTEGER = 2**20  # default upper bound: sizes in a spec stay far below what overflows an index


class Constraint(Generic[T]):
    """What a parameter must be.

    Parameters
    ----------
    phrase : str
        Completes "must be": "an integer from 1 to 8".
    convert : callable
        Returns the normalized value. Raises TypeError for a wrong type and ValueError for a wrong value, without text.
    hint : callable, default=None
        Returns what to add to the error for a value: " Did you mean 'relu'?" or "".
    """

    def __init__(
        self,
        phrase: str,
        convert: Callable[[Any], T],
        hint: Callable[[Any], str] | None = None,
    ) -> None:
        self.phrase, self.convert, self.hint = phrase, convert, hint

    def __call__(self, value: object) -> T:
        """Return the normalized value. Raise TypeError or ValueError: "must be ...; got ..."."""
        try:
            return self.convert(value)
        except (TypeError, ValueError) as error:
            hint = self.hint(value) if self.hint else ""
            text = f"must be {self.phrase}; got {show(value)}.{hint}"
            raise reworded(error, text) from None

    def check(self, name: str, value: object) -> T:
        """Return the normalized value. Raise TypeError or ValueError that names the parameter."""
        try:
            return self(value)
        except (TypeError, ValueError) as error:
            raise reworded(error, f"{name} {error}") from None

    def accepts(self, value: object) -> bool:
        """Return whether a value meets the constraint."""
        try:
            self.convert(value)
        except (TypeError, ValueError):
            return False
        return True

    def with_hint(self, hint: Callable[[Any], str]) -> "Constraint[T]":
        """Return the same constraint with another hint, for values for which it has none yet."""
        first = self.hint

        def both_hints(value: Any) -> str:
            return (first(value) if first else "") or hint(value)

        return Constraint(self.phrase, self.convert, both_hints)

    def __or__(self, other: "Constraint[S]") -> "Constraint[T | S]":
        def convert(value: object) -> T | S:
            try:
                return self.convert(value)
            except (TypeError, ValueError) as first:
                try:
                    return other.convert(value)
                except TypeError:
                    raise first from None  # a ValueError if the type suits one of both

        hints = [constraint.hint for constraint in (self, other) if constraint.hint]
        comma = "," if "," in self.phrase or " or " in self.phrase else ""
        return Constraint(
            f"{self.phrase}{comma} or {other.phrase}",
            convert,
            (lambda value: "".join(hint(value) for hint in hints)) if hints else None,
        )


def parameter(
    check: Callable[[Any], object] | None,
    default: Any = MISSING,
    *,
    positional: bool = False,
    kw_only: Any = MISSING,
) -> Any:
    """Declare a field of a `Value` or a `Schedule`, or a parameter of an estimator.

    Parameters
    ----------
    check : Constraint, callable or None
        Returns the normalized value, or raises TypeError or ValueError with a message that begins with "must be". None,
        for estimators only, leaves the check to the code that reads the value.
    default : object, default=MISSING
        Default of the field. Type checkers see it only if it is given by keyword.
    positional : bool, default=False
        Whether the repr of a value shows the field without its name. Fields without a default always are.
    kw_only : bool, default=MISSING
        Whether the field can be given by keyword only. By default, fields of estimators can, and others cannot.
    """
    metadata = {"check": check, "positional": positional or default is MISSING}
    return field(default=default, kw_only=kw_only, metadata=metadata)


def is_integer(value: object) -> TypeGuard[int]:
    """Return whether a value is an integer of any type. A boolean is not."""
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)


def is_number(value: object) -> TypeGuard[float]:
    """Return whether a value is a real number of any type. A boolean is not."""
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


def as_float(value: float) -> float:
    """Return a real number of any type as a float: infinity if it is too large."""
    try:
        return float(value)
    except OverflowError:
        return inf if value > 0 else -inf


def integer(low: int, high: float = MAX_INTEGER) -> Constraint[int]:
    """Constrain to an integer from `low` to `high`, which may be infinite."""

    def convert(value: Any) -> int:
        if not is_integer(value):
            raise TypeError
        if not low <= value <= high:
            raise ValueError
        return int(value)

    bounds = f" from {low} to {high}" if isfinite(high) else f", {low} or more"
    return Constraint(f"an integer{bounds}", convert)


def number(low: float = -inf, high: float = inf, *, closed: str = "both") -> Constraint[float]:
    """Constrain to a finite number in an interval. `closed` is as in `sklearn.utils._param_validation.Interval`.

    Parameters
    ----------
    low, high : float, default=-inf, inf
        Bounds.
    closed : {"both", "left", "right", "neither"}, default="both"
        Which of the bounds belong to the interval.
    """
    with_low, with_high = closed in ("both", "left"), closed in ("both", "right")

    def convert(value: Any) -> float:
        if not is_number(value):
            raise TypeError
        found = as_float(value)
        above = low <= found if with_low else low < found
        below = found <= high if with_high else found < high
        if not (above and below and isfinite(found)):  # comparisons with NaN are false
            raise ValueError
        return found

    if not isfinite(high):
        bounds = f", {low:g} or more" if with_low else f" above {low:g}"
    elif with_low:
        bounds = f" from {low:g} to {'' if with_high else 'below '}{high:g}"
    else:
        bounds = f" above {low:g} and {'at most' if with_high else 'below'} {high:g}"
    return Constraint(f"a number{bounds}", convert)


def _is_boolean(value: Any) -> bool:
    if not isinstance(value, bool) and type(value).__name__ not in ("bool", "bool_"):  # NumPy's too
        raise TypeError
    return bool(value)


def _is_none(value: object) -> None:
    if value is not None:
        raise TypeError


boolean = Constraint("True or False", _is_boolean)
none = Constraint("None", _is_none)


def choice(
    *words: str, also: tuple[str, ...] = (), elsewhere: dict[str, str] | None = None
) -> Constraint[str]:
    """Constrain to one of some strings.

    Parameters
    ----------
    *words : str
        The strings.
    also : tuple of str, default=()
        More strings to accept, which errors do not list.
    elsewhere : dict, default=None
        Strings that other libraries use, and those to suggest for them.
    """

    def convert(value: Any) -> str:
        if not isinstance(value, str):
            raise TypeError
        if value not in words and value not in also:
            raise ValueError
        return str(value)  # a plain one, if it was NumPy's

    known = list(map(repr, words))
    phrase = " or ".join(known) if len(known) <= 2 else f"one of {', '.join(known)}"
    return Constraint(phrase, convert, lambda value: did_you_mean(_word(value), words, elsewhere))


def _word(value: Any) -> Any:
    """Return a string as it is, and the name of a function, a class or the class of another library's object."""
    if isinstance(value, str) or value is None:
        return value
    if isinstance(getattr(value, "__name__", None), str):
        return value.__name__
    return None if type(value).__module__ == "builtins" else type(value).__name__


def optional(constraint: Constraint[T]) -> Constraint[T | None]:
    """Constrain to None or what another constraint accepts."""
    return none | constraint


def several(constraint: Constraint[T], n: int) -> Constraint[tuple[T, ...]]:
    """Constrain to a list or a tuple of `n` values that each meet a constraint."""

    def convert(value: Any) -> tuple[T, ...]:
        if not isinstance(value, list | tuple):
            raise TypeError
        if len(value) != n:
            raise ValueError
        return tuple(map(constraint.convert, value))

    return Constraint("a pair of them" if n == 2 else f"{n} of them", convert)


def pair(constraint: Constraint[T], *, merge: bool = True) -> Constraint[T | tuple[T, T]]:
    """Constrain to one value or a pair of them: (vertical, horizontal).

    With `merge` a pair of equal values becomes one value: (3, 3) → 3.
    """
    either = constraint | several(constraint, 2)

    def convert(value: Any) -> Any:
        found = either.convert(value)
        return found[0] if merge and isinstance(found, tuple) and found[0] == found[1] else found

    return Constraint(either.phrase, convert)


def both(value: T | tuple[T, T]) -> tuple[T, T]:
    """Return (vertical, horizontal) of a field that may hold one value for both."""
    return value if isinstance(value, tuple) else (value, value)
