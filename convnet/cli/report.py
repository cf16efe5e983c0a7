"""Tables and lines for people."""

import os
import sys

LISTED = 10  # skipped files that are named


def percent(share):
    """Return a share as in 87.3 %."""
    return f"{100 * share:.1f} %"


def number(n, noun, plural=None):
    """Return a number with its noun."""
    return f"{n:,} {noun if n == 1 else plural or noun + 's'}"


def table(rows, *, left=1):
    """Return lines of cells in columns, the first `left` of them flush left."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if i < left else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def confusion_lines(names, counts):
    """Return a confusion matrix as lines: a row is a true class, a column a predicted one."""
    rows = [["", *names]]
    rows += [[name, *map(str, row)] for name, row in zip(names, counts, strict=True)]
    return ["confusion: a row is a true class, a column a predicted one", *table(rows)]


def relative(path):
    """Return a path as it is shortest."""
    try:
        short = os.path.relpath(path)
    except ValueError:  # on another drive
        return path
    return path if short.startswith(os.pardir) else short


def tell_skipped(skipped):
    """Write the files that were left out, and why, to standard error."""
    for filename, reason in skipped[:LISTED]:
        print(f"convnet: skipped: {relative(filename)} {reason}", file=sys.stderr)
    more = len(skipped) - LISTED
    if more > 0:
        print(f"convnet: skipped: {more} more (--json lists all)", file=sys.stderr)


def skipped_data(skipped):
    """Return the files that were left out, fit for JSON."""
    return [{"file": filename, "reason": reason} for filename, reason in skipped]
