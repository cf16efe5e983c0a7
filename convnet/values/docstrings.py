"""Docstrings in numpydoc's format: classes inherit the documentation of fields from their base classes."""

import inspect
import re
from dataclasses import fields
from typing import Any

SHARED = ("Raises", "Notes")  # sections that a class inherits if it has none of its own
ORDER = ("Parameters", "Attributes", "Raises", "Notes", "References", "Examples")

_TITLE = re.compile(r"^(\w[\w ]*)\n-{3,}\n", re.MULTILINE)
_ENTRY = re.compile(r"^(?=\w+ : )", re.MULTILINE)


def split_sections(text: str) -> dict[str, str]:
    """Return the sections of a docstring by title; the text before the first one has the title ""."""
    head, *rest = _TITLE.split(inspect.cleandoc(text))
    titles, bodies = rest[::2], rest[1::2]
    return {"": head.strip()} | {t: b.strip() for t, b in zip(titles, bodies, strict=True)}


def join_sections(sections: dict[str, str]) -> str:
    """Return the docstring that has these sections."""
    parts = [f"{title}\n{'-' * len(title)}\n{body}" for title, body in sections.items() if title]
    return "\n\n".join([sections[""], *parts])


def split_entries(section: str) -> dict[str, str]:
    """Return {name: its lines} of a section that lists parameters or attributes."""
    entries = [entry.rstrip() for entry in _ENTRY.split(section.strip())]
    return {entry.partition(" : ")[0]: entry for entry in entries if entry}


def inherit_docs(cls: type[Any], family: type[Any]) -> str | None:
    """Return the docstring of a class of values, completed from its base classes.

    "Parameters" documents each field, in the order of the signature, by the entry of the first class of the method
    resolution order that has one. "Raises" and "Notes" come from the first base class that has them, if `cls` has
    none. The references of base classes follow those of `cls`.

    Parameters
    ----------
    cls : type
        A dataclass.
    family : type
        The base class of all values of this family. Only its parameters are inherited.
    """
    if "__doc__" not in cls.__dict__ or not cls.__doc__:  # python -OO
        return cls.__doc__
    mro = [c for c in cls.__mro__ if issubclass(c, family) and "__doc__" in c.__dict__]
    own, *bases = [split_sections(c.__doc__ or "") for c in mro]
    entries: dict[str, str] = {}
    for sections in (*reversed(bases), own):
        entries |= split_entries(sections.get("Parameters", ""))
    names = sorted((field.kw_only, i, field.name) for i, field in enumerate(fields(cls)))
    texts = [entries[name] for *_, name in names if name in entries]
    inherited = [sections for c, sections in zip(mro[1:], bases, strict=True) if c is not family]
    sections = own | ({"Parameters": "\n".join(texts)} if texts else {})
    for title in SHARED:
        found = [base[title] for base in inherited if title in base]
        if found:
            sections.setdefault(title, found[0])
    references = [s["References"] for s in (own, *inherited) if "References" in s]
    if references:
        sections["References"] = "\n".join(references)
    titles = sorted(sections, key=lambda title: ORDER.index(title) if title in ORDER else -1)
    return join_sections({title: sections[title] for title in titles})
