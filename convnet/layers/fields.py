"""Checks for the fields of layers: each takes a value, returns it normalised or says what it must be.

A check raises TypeError or ValueError with a message that begins ``must be``; `Layer` puts the layer
type and the field in front. Specs may come from strangers, so a check is quick and shallow, whatever it is given.
"""

import difflib
import numbers
import re
import reprlib
from dataclasses import MISSING, field

from convnet.layers.activations import ACTIVATIONS, ELSEWHERE, REFUSED

LARGEST = 2**20  # of any integer in a spec: sizes stay far below what overflows an index

_short = reprlib.Repr()
_short.maxlevel, _short.maxstring, _short.maxother = 3, 60, 60
_NAME = re.compile(r"(?!-?\d+\Z)(?!.*__)(?!_)[A-Za-z0-9_-]{1,64}(?<!_)")


def parameter(check, default=MISSING, *, positional=False, kw_only=False):
    """Return a dataclass field with its check; `positional` (and required) ones print without a name."""
    metadata = {"check": check, "positional": positional or default is MISSING}
    return field(default=default, kw_only=kw_only, metadata=metadata)


def show(value):
    """Return a short repr of anything, however large or broken."""
    try:
        return _short.repr(value)
    except Exception:  # an integer with too many digits to print, a broken __repr__
        return f"a {type(value).__name__}"


def did_you_mean(word, known, elsewhere=None):
    """Return " Did you mean 'filters'?" or "", case aside; `elsewhere`: other libraries' words → ours."""
    names = {name.lower(): name for name in known} | (elsewhere or {})
    word = word[:64].lower() if isinstance(word, str) else ""
    close = difflib.get_close_matches(word, names, n=1)
    return f" Did you mean {names[close[0]]!r}?" if close else ""


def integer(low, high=LARGEST):
    """Return a check for an integer from `low` to `high`; booleans are not integers."""
    what = f"must be an integer from {low} to {high}; got "

    def check(value):
        if isinstance(value, bool) or not isinstance(value, numbers.Integral):
            raise TypeError(what + show(value))
        if not low <= value <= high:
            raise ValueError(what + show(value))
        return int(value)

    return check


def real(low, high):
    """Return a check for a finite number from `low` to `high`."""
    what = f"must be a number from {low:g} to {high:g}; got "

    def check(value):
        if isinstance(value, bool) or not isinstance(value, numbers.Real):
            raise TypeError(what + show(value))
        if not low <= value <= high:  # false for NaN too
            raise ValueError(what + show(value))
        return float(value)

    return check


def pair(low):
    """Return a check for an integer or (vertical, horizontal); (3, 3) is normalised to 3."""
    one = integer(low)

    def check(value):
        if not isinstance(value, list | tuple):
            return one(value)
        if len(value) != 2:
            raise ValueError(f"must be an integer or a pair of integers; got {show(value)}")
        first, second = map(one, value)
        return first if first == second else (first, second)

    return check


def optional(check):
    """Return `check` with None allowed."""
    return lambda value: None if value is None else check(value)


def boolean(value):
    """Check a boolean; numpy's are normalised."""
    if not isinstance(value, bool) and type(value).__name__ not in ("bool", "bool_"):
        raise TypeError(f"must be True or False; got {show(value)}")
    return bool(value)


def padding(value):
    """Check "valid", "same", an integer, (vertical, horizontal) or ((top, bottom), (left, right)).

    The shortest equal form is kept: ((1, 1), (2, 2)) → (1, 2), (1, 1) → 1.
    """
    if isinstance(value, str):
        if value not in ("valid", "same"):
            raise ValueError(f'must be "valid", "same" or integers; got {show(value)}')
        return value
    axis = pair(0)
    if not isinstance(value, list | tuple):
        return axis(value)
    if len(value) != 2:
        raise ValueError(f"must be (vertical, horizontal) or two such pairs; got {show(value)}")
    first, second = map(axis, value)
    if first == second and not isinstance(first, tuple):
        return first
    if isinstance(first, tuple) or isinstance(second, tuple):
        return tuple(v if isinstance(v, tuple) else (v, v) for v in (first, second))
    return first, second


def activation(value):
    """Check the name of an activation; None is "linear". "softmax" is left for the plan to refuse."""
    if value is not None and not isinstance(value, str):
        raise TypeError(f"must be None or one of {', '.join(ACTIVATIONS)}; got {show(value)}")
    if value is not None and value not in ACTIVATIONS and value not in REFUSED:
        hint = did_you_mean(value, ACTIVATIONS, ELSEWHERE)
        known = ", ".join(ACTIVATIONS)
        raise ValueError(f"must be None or one of {known}; got {show(value)}.{hint}")
    return None if value is None else str(value)


def layer_name(value):
    """Check a layer's name: it becomes part of ``layers__stem__filters`` and ``"stem/weights"``."""
    if value is None:
        return None
    if not isinstance(value, str):
        raise TypeError(f"must be a string; got {show(value)}")
    if not _NAME.fullmatch(value):
        raise ValueError(
            "must be 1 to 64 letters, digits, single _ or -, not a number, without _ at either end; "
            f"got {show(value)}"
        )
    return str(value)
