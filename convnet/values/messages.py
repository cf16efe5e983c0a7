"""Texts that messages are made of: short reprs, printable names, and suggestions for misspelled names."""

import difflib
import numbers
import reprlib
import unicodedata
from collections.abc import Iterable, Sized
from itertools import accumulate

# Categories of characters that a terminal or a picture would obey instead of showing them: controls, formats (among
# them those that reverse the direction of text), surrogates, line and paragraph separators.
INVISIBLE = {"Cc", "Cf", "Cs", "Zl", "Zp"}
JOINERS = "\u200c\u200d"  # formats that are parts of words and of emoji
MAX_SHOWN = 1000  # entries of a container whose repr is printed
MAX_LISTED = 600  # characters of a list of names
MAX_LISTED_NAME = 60  # characters of one of them
MAX_NAME = 200  # characters of a path or a name
MAX_MESSAGE = 1500  # characters of the message of another library: about a screen


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


def shorten(text: str, limit: int = MAX_MESSAGE) -> str:
    """Return a text with its middle left out if it is longer than `limit`."""
    tail = limit // 4
    return text if len(text) <= limit else f"{text[: limit - tail - 3]} … {text[-tail:]}"


def shortened(error: Exception) -> Exception:
    """Return an error of the same kind whose message is at most `MAX_MESSAGE` characters long."""
    text = str(error)
    return error if len(text) <= MAX_MESSAGE else reworded(error, shorten(text))


def quoted(path: object) -> str:
    """Return the repr of a path, or of a name, with its middle left out if it is long."""
    return repr(shorten(path, MAX_NAME)) if isinstance(path, str) else show(path)


def listed(names: Iterable[object]) -> str:
    """Return names with commas between them, as many as fit a few lines, and how many more there are."""
    texts = [shorten(str(name), MAX_LISTED_NAME) for name in names]
    lengths = accumulate(len(text) + 2 for text in texts)
    n = max(1, sum(length <= MAX_LISTED for length in lengths))
    more = len(texts) - n
    return ", ".join(texts[:n]) + (f" and {more:,} more" if more > 0 else "")


def printable(text: object, keep: str = "") -> str:
    r"""Return a text with each character that is not visible as an escape such as ``\x1b``, except those in `keep`.

    Names from files may hold any character. Python passes on bytes of a file name that are not UTF-8 as lone
    surrogates, which matplotlib and terminals refuse. They become escapes of these bytes.
    """
    plain = str(text)
    if plain.isprintable():  # nearly all are
        return plain
    return "".join(
        _escaped(c) if unicodedata.category(c) in INVISIBLE and c not in keep + JOINERS else c
        for c in plain
    )


def _escaped(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # how Python passes on a byte that it cannot decode
        return f"\\x{code - 0xDC00:02x}"
    return character.encode("unicode_escape").decode("ascii")


def did_you_mean(
    word: object,
    known: Iterable[str],
    elsewhere: dict[str, str] | None = None,
    similarity: float = 0.6,
) -> str:
    """Return " Did you mean 'filters'?", or "" if no known name is similar. Case is ignored.

    `elsewhere` maps names that other libraries use to the names here. `similarity` is the least one, from 0 to 1.
    """
    names = {name.lower(): name for name in known} | (elsewhere or {})
    word = word[:64].lower() if isinstance(word, str) else ""
    close = difflib.get_close_matches(word, names, n=1, cutoff=similarity)
    return f" Did you mean {names[close[0]]!r}?" if close else ""


def reworded(error: Exception, text: str) -> TypeError | ValueError:
    """Return a ValueError with another text for a ValueError, and a TypeError for any other error."""
    return (ValueError if isinstance(error, ValueError) else TypeError)(text)
