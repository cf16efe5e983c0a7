"""Numbers, grids of numbers and sums as text."""

from __future__ import annotations

from math import floor, log10
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy as np


DIGITS = 4  # significant ones of the largest of some numbers
FEWEST_DECIMALS = 3
SMALL, LARGE = 1e-4, 1e7  # between them numbers are written without an exponent
LONGEST = 9  # rows, and columns, of a grid that is not cut
WIDEST = 100  # characters of grids side by side
PADDING = "·"  # in place of what lies outside the map


def number(value: float) -> str:
    """Return four significant digits: "30", "-0.1235", "1.2e-07"."""
    (text,) = numbers([value])
    return text


def numbers(values: Iterable[float]) -> list[str]:
    """Return numbers with the same decimals, so that the largest has four significant digits; none where all are whole.

    0 is "0". Where the largest is below 1e-4 or from 1e7 on, each has decimals of its own.
    """
    values = [float(value) + 0.0 for value in values]  # + 0.0 makes 0 of -0
    largest = max((abs(value) for value in values), default=0.0)
    if all(value.is_integer() for value in values) and largest < LARGE:
        decimals = 0
    elif SMALL <= largest < LARGE:
        decimals = max(FEWEST_DECIMALS, DIGITS - 1 - floor(log10(largest)))
    else:
        return [f"{value:.{DIGITS}g}" for value in values]
    return [f"{value:.{decimals}f}" if value else "0" for value in values]


def place(indices: Iterable[int]) -> str:
    """Return "[3, 4, 0]"."""
    return f"[{', '.join(map(str, indices))}]"


def cross(shape: Iterable[int]) -> str:
    """Return "24×24×2"."""
    return "×".join(map(str, shape))


def cut(n: int, centre: int) -> slice:
    """Return the slice of at most LONGEST of n positions, `centre` among them."""
    first = min(max(0, centre - LONGEST // 2), max(0, n - LONGEST))
    return slice(first, min(n, first + LONGEST))


def grid(
    title: str,
    values: np.ndarray,
    mark: Sequence[int],
    inside: np.ndarray | None = None,
    *,
    marked: bool = True,
) -> list[str]:
    """Return the lines of a title and a grid of numbers.

    Parameters
    ----------
    title : str
    values : ndarray of shape (h, w)
    mark : (int, int)
        Around which a grid of more than LONGEST rows or columns is cut.
    inside : ndarray of bool, shape (h, w), default=None
        False for what is shown as PADDING.
    marked : bool, default=True
        Whether the value at `mark` is put in brackets.

    Returns
    -------
    lines : list of str
        All of the same length.
    """
    rows, columns = (cut(n, centre) for n, centre in zip(values.shape, mark, strict=True))

    part = values[rows, columns]
    words = iter(numbers(part.ravel()))
    cells: list[list[str]] = []
    for i in range(rows.start, rows.stop):
        cells.append(row := [])
        for j in range(columns.start, columns.stop):
            word = next(words)
            if inside is not None and not inside[i, j]:
                word = PADDING
            row.append(f"[{word}]" if marked and (i, j) == tuple(mark) else f"{word} ")
    width = max(len(cell) for row in cells for cell in row)
    lines = [title, *(" ".join(cell.rjust(width) for cell in row) for row in cells)]
    if part.shape != values.shape:
        lines.append(
            f"(rows {rows.start}-{rows.stop - 1}, columns {columns.start}-{columns.stop - 1} "
            f"of {cross(values.shape)})"
        )
    longest = max(map(len, lines))
    return [line.ljust(longest) for line in lines]


def beside(*grids: list[str]) -> list[str]:
    """Return the lines of grids next to one another, or below where they would be wider than WIDEST."""
    if sum(len(lines[0]) + 3 for lines in grids) > WIDEST:
        return [line.rstrip() for lines in grids for line in lines]
    return ["   ".join(row).rstrip() for row in zip(*grids, strict=True)]


def ledger(*entries: tuple[str, float]) -> list[str]:
    """Return the lines of (words, value) below one another."""
    words, values = zip(*entries, strict=True)
    shown = numbers(values)
    wide, width = (max(map(len, column)) for column in (words, shown))
    return [f"{w.ljust(wide)}  {v.rjust(width)}" for w, v in zip(words, shown, strict=True)]


def table(header: Sequence[str], names: Iterable[str], *columns: Iterable[float]) -> list[str]:
    """Return the lines of a table: names, then columns of numbers, all to the right.

    Parameters
    ----------
    header : sequence of str
    names : sequence of str
        The first column.
    *columns : sequence of float
        The others, each with decimals of its own.
    """
    rows = list(zip(names, *map(numbers, columns), strict=True))
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    return ["  ".join(c.rjust(w) for c, w in zip(r, widths, strict=True)) for r in (header, *rows)]


def others(n: int, noun: str) -> str:
    """Return "the other channel", or "the other 3 channels"."""
    return f"the other {noun}" if n == 1 else f"the other {n:,} {noun}s"
