"""Texts that error messages are made of: short reprs, and suggestions for misspelled names."""

import difflib
import numbers
import reprlib
from collections.abc import Iterable, Sized

MAX_SHOWN = 1000  # entries of a container whose repr is printed


class _ShortRepr(reprlib.Repr):
    def repr_instance(self, x: object, level: int) -> str:
        """Describe bytes and large containers of other classes by their length. Their own repr has no bound."""
        if (
            isinstance(x, Sized)
            and not isinstance(x, numbers.Number | type)
            and getattr(x, "shape", None) != ()  # an array without axes has no length
            and len(x) > MAX_SHOWN
        ):
            return f"a {type(x).__name__} of length {len(x)}"
        return super().repr_instance(x, level)


_short_repr = _ShortRepr()
_short_repr.maxlevel, _short_repr.maxstring, _short_repr.maxother = 3, 60, 60


def show(value: object) -> str:
    """Return a short repr of any object."""
    try:
        return _short_repr.repr(value)
    except Exception:  # an integer with too many digits to print
        return f"a {type(value).__name__}"


def did_you_mean(
    word: object, known: Iterable[str], elsewhere: dict[str, str] | None = None
) -> str:
    """Return " Did you mean 'filters'?", or "" if no known name is similar. Case is ignored.

    `elsewhere` maps names that other libraries use to the names here.
    """
    names = {name.lower(): name for name in known} | (elsewhere or {})
    word = word[:64].lower() if isinstance(word, str) else ""
    close = difflib.get_close_matches(word, names, n=1)
    return f" Did you mean {names[close[0]]!r}?" if close else ""


def reworded(error: Exception, text: str) -> TypeError | ValueError:
    """Return a ValueError with another text for a ValueError, and a TypeError for any other error."""
    return (ValueError if isinstance(error, ValueError) else TypeError)(text)
