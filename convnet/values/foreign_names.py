"""Answers to names that other libraries use: errors that say what to write here instead."""

import dis
import sys
from collections.abc import Collection, Iterable, Mapping
from types import FrameType
from typing import Any

from convnet.values.messages import did_you_mean, show

MAX_VALUE = 40  # characters of a value that is repeated in code
MAX_NAMES = 3  # unknown names that one message explains
PLAIN = (bool, int, float, str, type(None))

Entry = str | tuple[str, ...]


class ForeignNames:
    """A table of names that other libraries use, with what to write instead. Case is ignored.

    An entry is code, such as ``max_iter={value}``, or sentences, which end in a period. A tuple lists several entries:
    the first that fits is used. Code fits if the name before its "=" is a known parameter; a sentence always fits.
    ``{value}`` stands for the value that was passed.

    Parameters
    ----------
    entries : dict of str to str or tuple of str
        Entries by name.
    """

    def __init__(self, entries: Mapping[str, Entry]) -> None:
        self.entries = {name.lower(): entry for name, entry in entries.items()}

    def find(self, name: object, value: Any = ..., known: Collection[str] | None = None) -> str:
        """Return the code or the sentences for a name, or "".

        Parameters
        ----------
        name : str
            A name that is unknown here. Other objects have no entry.
        value : object, default=...
            What was passed under this name.
        known : collection of str, default=None
            The parameters that code can set. None accepts any code.
        """
        entry = self.entries.get(name.lower(), ()) if isinstance(name, str) else ()
        for text in (entry,) if isinstance(entry, str) else entry:
            if is_sentence(text) or known is None or text.partition("=")[0] in known:
                return text.replace("{value}", as_code(value))
        return ""

    def remedy(self, name: object, value: Any = ..., known: Collection[str] | None = None) -> str:
        """Return what to add to an error about a name, such as " Write max_iter=5.", or ""; see `find`."""
        return as_remedy(self.find(name, value, known))

    def remedy_of(self, value: object) -> str:
        """Return the remedy for an object or a class of another library, by the name of its class or function."""
        own = value if isinstance(value, type) else type(value)
        name = getattr(value, "__name__", "")
        return self.remedy(own.__name__) or self.remedy(name)


def is_sentence(text: str) -> bool:
    """Return whether an entry is a sentence, not code."""
    return text.endswith(".") and not text.endswith("...")


def as_remedy(text: str) -> str:
    """Return an entry as the end of an error message, with a space in front."""
    if not text:
        return ""
    if is_sentence(text):
        return f" {text}"
    return f" Write {text}{'' if text.endswith('...') else '.'}"


def as_code(value: object) -> str:
    """Return a plain, short value as code, and "..." for any other object."""
    parts = value if isinstance(value, list | tuple) and len(value) <= 4 else (value,)
    if any(type(part) not in PLAIN for part in parts):
        return "..."
    try:
        text = repr(value)
    except ValueError:  # an integer with too many digits to print
        return "..."
    return text if len(text) <= MAX_VALUE else "..."


def unknown_names(
    owner: str, unknown: Mapping[str, object], known: Collection[str], table: ForeignNames
) -> TypeError:
    """Return the error about parameters that a class or a method does not have.

    Parameters
    ----------
    owner : str
        The class or the method.
    unknown : dict
        The parameters that were passed, with their values. The first few are explained.
    known : collection of str
        The parameters that exist.
    table : ForeignNames
        What to write instead.
    """
    sentences = [
        f"{owner} has no parameter {show(name)}.{table.remedy(name, value, known) or did_you_mean(name, known)}"
        for name, value in list(unknown.items())[:MAX_NAMES]
    ]
    return TypeError(" ".join(sentences))


def missing_name(
    module: str, name: str, known: Iterable[str], table: ForeignNames
) -> AttributeError | ImportError:
    """Return the error about a name that a module does not have.

    In ``from module import name`` it is an ImportError if there is something to write instead, because Python replaces
    the text of an AttributeError there. Otherwise it is an AttributeError, as `hasattr` and `pickle` expect.
    """
    same = next((own for own in known if own.lower() == name.lower()), "")
    remedy = table.remedy(name) or as_remedy(same)
    if not remedy:
        return AttributeError(f"module {module!r} has no attribute {name!r}")
    kind = ImportError if _is_imported() else AttributeError
    return kind(f"{module} has no {show(name)}.{remedy}")


def _is_imported() -> bool:
    """Return whether a name of convnet is looked up by ``from module import name``."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_globals.get("__name__", "").partition(".")[0] == "convnet":
        frame = frame.f_back
    if frame is None:
        return False
    if frame.f_globals.get("__name__") == "importlib._bootstrap":  # of a package
        return True
    return frame.f_code.co_code[frame.f_lasti] == dis.opmap["IMPORT_FROM"]  # of a module
