"""Print which lines of C and Cython ran, by file; ``tools/sanitize.sh coverage`` calls this at its end.

    python tools/native_lines.py folder least

`folder` holds the objects of a build with ``gcc --coverage``; the current folder holds the sources. A line of C counts
once, although it is compiled for several instruction sets, and as run if it ran in one of them. A line of Cython counts
as run if any line of the C code that Cython made of it ran. Exits with 1 if less than `least` per cent of the lines of
either language ran.
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
        command = [gcov, "--json-format", "--stdout", notes]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        for part in done.stdout.splitlines():
            for file in json.loads(part)["files"]:
                for (name, line), hit in source_lines(file):
                    ran[name][line] |= hit
    return ran


def source_lines(file):
    """Yield ((file, line), whether it ran) of a file as gcov lists it, as far as it was written here."""
    name = file["file"]
    of_cython = cython_lines(name) if name.startswith("convnet/") else {}
    for line in file["lines"]:
        number = line["line_number"]
        if name.startswith("csrc/"):
            yield (name, number), line["count"] > 0
        elif number in of_cython:
            yield of_cython[number], line["count"] > 0


def cython_lines(path):
    """Return {line of a C file that Cython wrote: (its own file, line there)}, without what is of libraries."""
    found, source = {}, None
    for number, text in enumerate(Path(path).read_text(encoding="utf-8").split("\n"), 1):
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
    files = [(name, len(lines), sum(lines.values())) for name, lines in sorted(ran.items())]
    sums = []
    for language, prefix in (("Cython", "convnet/"), ("C", "csrc/")):
        of_it = [row for row in files if row[0].startswith(prefix)]
        sums.append((language, sum(row[1] for row in of_it), sum(row[2] for row in of_it)))
    print(f"\n{'lines of C and Cython':30} {'all':>5} {'ran':>5}        not run")
    for name, lines, hits in files + sums:
        missed = spans(number for number, hit in ran.get(name, {}).items() if not hit)
        print(f"{name:30} {lines:5} {hits:5} {hits / max(1, lines):6.1%} {missed}".rstrip())
    return int(any(100 * hits < float(least) * lines for _, lines, hits in sums))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
