"""Parses numpydoc docstrings into summary, description and sections."""

import inspect
import re
from typing import NamedTuple

LISTS = ("Parameters", "Attributes", "Returns", "Yields", "Raises", "Warns", "Other Parameters")
TEXTS = ("Notes", "References", "Examples", "See Also")
_RULE = re.compile(r"-{3,}\Z")


class Entry(NamedTuple):
    """An entry of a list section: ``names`` before the colon, ``kind`` after it, ``text`` below."""

    names: tuple
    kind: str
    text: str


class Docstring(NamedTuple):
    """A docstring; `sections` maps list sections to tuples of `Entry`, and other sections to text."""

    summary: str
    description: str
    sections: dict

    def documented(self, section):
        """Return {name: entry} for a list section; a line ``beta_1, beta_2 : float`` gives two names."""
        entries = self.sections.get(section, ())
        return {name: entry for entry in entries for name in entry.names}


def docstring(thing):
    """Return the `Docstring` of a class, function or module; classes do not inherit theirs.

    Parameters
    ----------
    thing : class, function or module
        A method without a docstring inherits that of the method it overrides.

    Returns
    -------
    doc : Docstring
        Empty if there is none; the docstring that `dataclass` generates does not count.
    """
    text = inspect.getdoc(thing) or ""
    if inspect.isclass(thing):
        text = inspect.cleandoc(thing.__dict__.get("__doc__") or "")
        text = "" if text.startswith(f"{thing.__name__}(") else text
    return parse(text)


def parse(text):
    """Return the `Docstring` of a cleaned text; ValueError if a section is unknown or appears twice."""
    head, *parts = _split(text.splitlines())
    summary, _, description = "\n".join(head[1]).strip().partition("\n\n")
    sections = {}
    for title, lines in parts:
        if title not in LISTS + TEXTS or title in sections:
            raise ValueError(f"section {title!r} is unknown, or appears twice, in: {summary}")
        sections[title] = _entries(lines) if title in LISTS else "\n".join(lines).strip()
    return Docstring(" ".join(summary.split()), description.strip(), sections)


def _split(lines):
    """Return [(title, lines)]; the first title is empty."""
    parts = [("", [])]
    for i, line in enumerate(lines):
        if _RULE.match(line) and i and lines[i - 1] and not lines[i - 1].startswith(" "):
            parts[-1][1].pop()
            parts.append((lines[i - 1], []))
        else:
            parts[-1][1].append(line)
    return parts


def _entries(lines):
    entries = []
    for line in lines:
        if line and not line.startswith(" "):
            names, _, kind = line.partition(" : ")
            entries.append((tuple(name.strip() for name in names.split(",")), kind.strip(), []))
        elif entries:
            entries[-1][2].append(line)
        elif line:
            raise ValueError(f"text before the first entry: {line!r}")
    return tuple(
        Entry(names, kind, inspect.cleandoc("\n".join(text))) for names, kind, text in entries
    )
