"""Numbers, grids of numbers and sums as text."""

from __future__ import annotations

from math import floor, log10
from typing import TYPE_CHECKING

from convnet.layers.geometry import cross

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy as np


DIGITS = 4  # significant digits of the largest number of a group
MIN_DECIMALS = 3
SMALL, LARGE = 1e-4, 1e7  # numbers in between are written without an exponent
MAX_GRID = 9  # rows, and columns, of a grid that is shown in full
MAX_WIDTH = 100  # characters of grids side by side
PADDING = "·"  # stands for values outside the map


def number(value: float) -> str:
    """Return a number as text, with at least three decimals, or none if it is whole: "30", "-0.1235", "12.346".

    Very small and very large numbers have an exponent: "1.2e-07".
    """
    (text,) = numbers([value])
    return text


def numbers(values: Iterable[float]) -> list[str]:
    """Return numbers as text, all with the same number of decimals.

    The number of decimals is at least three, and such that the largest number has at least four significant digits.
    Whole numbers have no decimals, and 0 is "0". If the largest magnitude is below 1e-4 or at least 1e7, each number
    has its own decimals.
    """
    values = [float(value) + 0.0 for value in values]  # + 0.0 turns -0 into 0
    largest = max((abs(value) for value in values), default=0.0)
    if all(value.is_integer() for value in values) and largest < LARGE:
        decimals = 0
    elif SMALL <= largest < LARGE:
        decimals = max(MIN_DECIMALS, DIGITS - 1 - floor(log10(largest)))
    else:
        return [f"{value:.{DIGITS}g}" for value in values]
    return [f"{value:.{decimals}f}" if value else "0" for value in values]


def bracketed(index: Iterable[int]) -> str:
    """Return an index as text: "[3, 4, 0]"."""
    return f"[{', '.join(map(str, index))}]"


def remaining(n: int, noun: str) -> str:
    """Return "the other channel", or "the other 3 channels"."""
    return f"the other {noun}" if n == 1 else f"the other {n:,} {noun}s"


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
        First line.
    values : ndarray of shape (h, w)
        The numbers. At most MAX_GRID rows and columns around `mark` are shown.
    mark : (int, int)
        Index of the value to mark.
    inside : ndarray of bool, shape (h, w), default=None
        False for values that are shown as PADDING.
    marked : bool, default=True
        Whether to put the value at `mark` in brackets.

    Returns
    -------
    lines : list of str
        All of the same length.
    """
    rows, columns = (_around(n, center) for n, center in zip(values.shape, mark, strict=True))
    part = values[rows, columns]
    texts = iter(numbers(part.ravel()))
    cells: list[list[str]] = []
    for i in range(rows.start, rows.stop):
        cells.append(row := [])
        for j in range(columns.start, columns.stop):
            text = next(texts)
            if inside is not None and not inside[i, j]:
                text = PADDING
            row.append(f"[{text}]" if marked and (i, j) == tuple(mark) else f"{text} ")
    width = max(len(cell) for row in cells for cell in row)
    lines = [title, *(" ".join(cell.rjust(width) for cell in row) for row in cells)]
    if part.shape != values.shape:
        lines.append(
            f"(rows {rows.start}-{rows.stop - 1}, columns {columns.start}-{columns.stop - 1} "
            f"of {cross(values.shape)})"
        )
    longest = max(map(len, lines))
    return [line.ljust(longest) for line in lines]


def _around(n: int, center: int) -> slice:
    """Return a slice of up to MAX_GRID of n positions, with `center` in the middle where possible."""
    first = min(max(0, center - MAX_GRID // 2), max(0, n - MAX_GRID))
    return slice(first, min(n, first + MAX_GRID))


def side_by_side(*grids: list[str]) -> list[str]:
    """Return the lines of grids next to each other, or below each other if they exceed MAX_WIDTH."""
    if sum(len(lines[0]) + 3 for lines in grids) > MAX_WIDTH:
        return [line.rstrip() for lines in grids for line in lines]
    return ["   ".join(row).rstrip() for row in zip(*grids, strict=True)]


def labeled_values(*entries: tuple[str, float]) -> list[str]:
    """Return one line for each (label, value), with labels and values aligned."""
    labels, values = zip(*entries, strict=True)
    shown = numbers(values)
    left, right = (max(map(len, column)) for column in (labels, shown))
    return [f"{w.ljust(left)}  {v.rjust(right)}" for w, v in zip(labels, shown, strict=True)]


def table(header: Sequence[str], names: Iterable[str], *columns: Iterable[float]) -> list[str]:
    """Return the lines of a right-aligned table: a column of names, then columns of numbers.

    Parameters
    ----------
    header : sequence of str
        Heads of all columns.
    names : iterable of str
        The first column.
    *columns : iterable of float
        The others, each with its own number of decimals.
    """
    rows = list(zip(names, *map(numbers, columns), strict=True))
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    return ["  ".join(c.rjust(w) for c, w in zip(r, widths, strict=True)) for r in (header, *rows)]
