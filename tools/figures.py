"""Print the figures of a run of `tools/stress.sh` as a table.

    python tools/figures.py figures.jsonl [--markdown table.md]

Each line of the file is a JSON object with the keys ``what`` (was measured), ``asked`` (the requirement), ``seen`` (the
result) and ``test``. `stress/conftest.py` writes such lines.
"""

import argparse
import json
from pathlib import Path

from rich.console import Console
from rich.table import Table

HEADINGS = ("what", "asked", "seen", "test")


def figures(path):
    """Return the rows of the table, with the names of the tests without their parameters."""
    lines = [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines()]
    return [(i["what"], i["asked"], i["seen"], i["test"].partition("[")[0]) for i in lines]


def show(rows):
    """Print the table."""
    table = Table(*HEADINGS, box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for row in rows:
        table.add_row(*row)
    Console(width=160, markup=False, highlight=False).print(table)


def markdown(rows):
    """Return the table in Markdown."""
    cells = [HEADINGS, ("---",) * len(HEADINGS), *rows]
    return "".join(
        f"| {' | '.join(c.replace('|', chr(92) + '|') for c in row)} |\n" for row in cells
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("figures", help="file of JSON lines")
    parser.add_argument("--markdown", metavar="FILE", help="write the table there as well")
    options = parser.parse_args()
    rows = figures(options.figures)
    show(rows)
    if options.markdown:
        Path(options.markdown).write_text(markdown(rows), encoding="utf-8")


if __name__ == "__main__":
    main()
