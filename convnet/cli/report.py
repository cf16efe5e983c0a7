"""Text for people: tables, numbers with nouns, confusion matrices and skipped files."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from convnet.values.messages import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from convnet.data.errors import Skipped


MAX_SKIPPED = 10  # skipped files that are named


def say(*lines: object) -> None:
    """Print lines at once. Names in them may come from files: what is not visible is printed as an escape."""
    for line in lines:
        print(printable(line), flush=True)


def percent(share: float) -> str:
    """Return a share as in 87.3 %."""
    return f"{100 * share:.1f} %"


def number(n: int, noun: str, plural: str | None = None) -> str:
    """Return a number with its noun."""
    return f"{n:,} {noun if n == 1 else plural or noun + 's'}"


def table(rows: Iterable[Sequence[str]], *, left: int = 1) -> list[str]:
    """Return lines of cells in columns, the first `left` of them flush left."""
    cells = [[printable(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if i < left else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in cells
    ]


def confusion_lines(names: Sequence[str], counts: Sequence[Sequence[int]]) -> list[str]:
    """Return a confusion matrix as lines: a row is a true class, a column a predicted one."""
    rows = [["", *names]]
    rows += [[name, *map(str, row)] for name, row in zip(names, counts, strict=True)]
    return ["true classes (rows) and predicted classes (columns):", *table(rows)]


def relative(path: str) -> str:
    """Return a path as it is shortest."""
    try:
        short = os.path.relpath(path)
    except ValueError:  # on another drive
        return path
    return path if short.startswith(os.pardir) else short


def tell_skipped(skipped: Sequence[Skipped]) -> None:
    """Write the files that were left out, and why, to standard error."""
    for filename, reason in skipped[:MAX_SKIPPED]:
        line = printable(f"{relative(filename)} {reason}")
        print(f"convnet: skipped: {line}", file=sys.stderr)
    more = len(skipped) - MAX_SKIPPED
    if more > 0:
        print(f"convnet: skipped: {more} more (--json lists all)", file=sys.stderr)


def skipped_data(skipped: Iterable[Skipped]) -> list[dict[str, str]]:
    """Return the files that were left out, fit for JSON."""
    return [{"file": filename, "reason": reason} for filename, reason in skipped]
