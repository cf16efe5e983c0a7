"""The programs of docs/signals.md, by section."""

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[1] / "docs" / "signals.md"
_SECTION = re.compile(r"^## (.*?)\n(.*?)(?=^## |\Z)", re.DOTALL | re.MULTILINE)
_PROGRAM = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_PROMISE = re.compile(r"^(.*\.score\(.*\))  # ([\d.]+)$")


def sections():
    """Return the programs of each section, by its title."""
    text = PAGE.read_text(encoding="utf-8")
    return {title: _PROGRAM.findall(section) for title, section in _SECTION.findall(text)}


def run(title, found):
    """Run the programs of a section one after the other, and compare scores at their end with those in the comment.

    `found` holds their variables. Returns the number of scores.
    """
    n = 0
    for program in sections()[title]:
        *before, last = program.splitlines()
        promise = _PROMISE.match(last)
        exec("\n".join(before if promise else [*before, last]), found)
        if promise:
            assert eval(promise[1], found) == pytest.approx(float(promise[2]), abs=0.01)
            n += 1
    return n
