"""An example program as blocks of text and of code."""

import ast
import re
from pathlib import Path
from typing import NamedTuple

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
ORDER = (
    *("layers", "history", "filters", "explanations", "mistakes", "trace", "transfer", "search"),
)
_CELL = re.compile(r"^# %%.*\n", re.MULTILINE)


class Block(NamedTuple):
    """Markdown text, or code that begins at a line of the file; `line` is 0 for text."""

    content: str
    line: int = 0


class Program(NamedTuple):
    """An example: the name of its page, its path, its title and its blocks."""

    name: str
    path: Path
    title: str
    blocks: list


def programs(folder=EXAMPLES):
    """Return the `Program` of every ``plot_*.py``, in `ORDER`; the others follow by name."""
    found = [read(path) for path in sorted(folder.glob("plot_*.py"))]
    places = {name: place for place, name in enumerate(ORDER)}
    return sorted(found, key=lambda program: places.get(program.name, len(ORDER)))


def read(path):
    """Return a `Program`.

    Its docstring begins with a title, underlined with ``=``, and goes on with text. A line ``# %%`` ends a block of
    code; the comment lines that follow it are text, in Markdown, in which ``---`` underlines a heading.

    Parameters
    ----------
    path : Path
        Named ``plot_NAME.py``.

    Raises
    ------
    ValueError
        The docstring has no underlined title.
    """
    source = path.read_text(encoding="utf-8")
    tree = ast.parse(source)
    head = re.match(r"(.+)\n=+(?:\n|\Z)", (ast.get_docstring(tree) or "").strip())
    if not head:
        raise ValueError(f"{path}: the docstring must begin with a title and a line of = below it.")
    text = ast.get_docstring(tree).strip()[head.end() :].strip()
    lines = source.splitlines(keepends=True)
    start = tree.body[0].end_lineno
    blocks = [Block(text)] if text else []
    for cell, line in _cells("".join(lines[start:]), start):
        blocks += _blocks(cell, line)
    return Program(path.stem.removeprefix("plot_"), path, head[1].strip(), blocks)


def _cells(source, line):
    """Yield the parts between lines of ``# %%``, and the number of lines above each."""
    place = 0
    for mark in [*_CELL.finditer(source), None]:
        end = mark.start() if mark else len(source)
        yield source[place:end], line + source[:place].count("\n")
        place = mark.end() if mark else end


def _blocks(cell, line):
    """Return the comment that a cell begins with, as text, and the code below it."""
    lines = cell.splitlines()
    n = next((i for i, text in enumerate(lines) if not text.startswith("#")), len(lines))
    is_text = line and n and cell.startswith("#")
    comment = [text.removeprefix("#").removeprefix(" ") for text in lines[:n]] if is_text else []
    rest = lines[len(comment) :]
    blank = next((i for i, text in enumerate(rest) if text.strip()), len(rest))
    code = "\n".join(rest).strip()
    texts = [Block("\n".join(comment).strip())] if comment else []
    return texts + ([Block(code, line + len(comment) + blank + 1)] if code else [])
