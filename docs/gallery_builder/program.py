"""Example programs, read as blocks of text and code."""

import ast
import re
from pathlib import Path
from typing import NamedTuple

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
ORDER = (
    "layers",
    "history",
    "filters",
    "explanations",
    "photographs",
    "scans",
    "signals",
    "mistakes",
    "trace",
    "transfer",
    "search",
)
_CELL = re.compile(r"^# %%.*\n", re.MULTILINE)


class Block(NamedTuple):
    """Markdown text, or code with the number of its first line; `line` is 0 for text."""

    content: str
    line: int = 0


class Program(NamedTuple):
    """An example: name of its page, path, title and blocks."""

    name: str
    path: Path
    title: str
    blocks: list


def programs(folder=EXAMPLES):
    """Return a `Program` for every ``plot_*.py``, in `ORDER`, followed by the others in alphabetical order."""
    found = [read(path) for path in sorted(folder.glob("plot_*.py"))]
    places = {name: place for place, name in enumerate(ORDER)}
    return sorted(found, key=lambda program: places.get(program.name, len(ORDER)))


def read(path):
    """Read a program.

    Its docstring starts with a title, underlined with ``=``, followed by text. A line ``# %%`` ends a block of code.
    The comment lines after it are Markdown text; ``---`` underlines a heading.

    Parameters
    ----------
    path : Path
        A file called ``plot_NAME.py``.

    Returns
    -------
    program : Program

    Raises
    ------
    ValueError
        If the docstring has no underlined title.
    """
    source = path.read_text(encoding="utf-8")
    tree = ast.parse(source)
    head = re.match(r"(.+)\n=+(?:\n|\Z)", (ast.get_docstring(tree) or "").strip())
    if not head:
        raise ValueError(
            f"{path}: the docstring must start with a title that is underlined with =."
        )
    text = ast.get_docstring(tree).strip()[head.end() :].strip()
    lines = source.splitlines(keepends=True)
    start = tree.body[0].end_lineno
    blocks = [Block(text)] if text else []
    for cell, line in _cells("".join(lines[start:]), start):
        blocks += _blocks(cell, line)
    return Program(path.stem.removeprefix("plot_"), path, head[1].strip(), blocks)


def _cells(source, line):
    """Yield the cells between ``# %%`` lines, each with the number of lines above it."""
    place = 0
    for mark in [*_CELL.finditer(source), None]:
        end = mark.start() if mark else len(source)
        yield source[place:end], line + source[:place].count("\n")
        place = mark.end() if mark else end


def _blocks(cell, line):
    """Return the comment at the start of a cell as a text block, and the code below it as a code block."""
    lines = cell.splitlines()
    n = next((i for i, text in enumerate(lines) if not text.startswith("#")), len(lines))
    is_text = line and n and cell.startswith("#")
    comment = [text.removeprefix("#").removeprefix(" ") for text in lines[:n]] if is_text else []
    rest = lines[len(comment) :]
    blank = next((i for i, text in enumerate(rest) if text.strip()), len(rest))
    code = "\n".join(rest).strip()
    texts = [Block("\n".join(comment).strip())] if comment else []
    return texts + ([Block(code, line + len(comment) + blank + 1)] if code else [])
