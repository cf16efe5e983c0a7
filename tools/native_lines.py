"""Lines of C and Cython that ran, by file, over all tables: what ``tools/sanitize.sh coverage`` prints at its end.

    python tools/native_lines.py folder least

The folder holds the objects of a build with ``gcc --coverage``, and the current one the sources. A line counts once,
however many of the tables it was compiled for, and as run if it ran in one of them; a line of Cython if any ran of the
C that it was made into, as the comments there tell. Exits with 1 if less than `least` per cent of all lines ran.
"""

import json
import os
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path


def counts(folder):
    """Return {file: {line: whether it ran}} of the C files of csrc and the Cython files."""
    gcov = os.environ.get("GCOV", "gcov")
    ran = defaultdict(lambda: defaultdict(bool))
    for notes in sorted(Path(folder).rglob("*.gcno")):
        done = subprocess.run(
            [gcov, "--json-format", "--stdout", notes], capture_output=True, text=True, check=True
        )
        for part in done.stdout.splitlines():
            for file in json.loads(part)["files"]:
                name = file["file"]
                origins = cython_lines(name) if name.startswith("convnet/") else {}
                for line in file["lines"] if origins or name.startswith("csrc/") else ():
                    number = line["line_number"]
                    source = origins.get(number) if origins else (name, number)
                    if source:
                        ran[source[0]][source[1]] |= line["count"] > 0
    return ran


def cython_lines(path):
    """Return {line of a C file that Cython wrote: (its own file, line there)}, without what is of libraries."""
    found, source = {}, None
    for number, text in enumerate(Path(path).read_text(encoding="utf-8").splitlines(), 1):
        if mark := re.search(r'/\* "([^"]+)":(\d+)$', text):
            source = (mark[1], int(mark[2])) if mark[1].startswith("convnet/") else None
        elif "/* #### Code section:" in text:
            source = None
        elif source:
            found[number] = source
    return found


def spans(numbers):
    """Write line numbers as a text: "3-5, 9"."""
    parts = []
    for number in sorted(numbers):
        if parts and number == parts[-1][1] + 1:
            parts[-1][1] = number
        else:
            parts.append([number, number])
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in parts)


def main(folder, least):
    """Print the table; return the exit status."""
    ran = counts(folder)
    if not ran:
        print(f"nothing was compiled with --coverage in {folder}")
        return 1
    rows = [(name, len(lines), sum(lines.values())) for name, lines in sorted(ran.items())]
    rows.append(("all", sum(row[1] for row in rows), sum(row[2] for row in rows)))
    print(f"\n{'lines of C and Cython':30} {'all':>5} {'ran':>5}        not run")
    for name, lines, hits in rows:
        missed = spans(number for number, hit in ran.get(name, {}).items() if not hit)
        print(f"{name:30} {lines:5} {hits:5} {hits / lines:6.1%} {missed}".rstrip())
    return int(100 * rows[-1][2] < float(least) * rows[-1][1])


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
