"""Run examples/plot_*.py and write docs/gallery.

``python docs/gallery_builder`` writes every page, ``python docs/gallery_builder layers trace`` those of
plot_layers.py and plot_trace.py; with ``--check`` nothing is run: it says which pages do not have the programs' text
and code. What is printed and drawn is not compared: the last bits differ from machine to machine.
"""

import argparse
import sys

from gallery import FOLDER, check, write
from program import EXAMPLES, programs


def main(arguments):
    """Write the gallery, or check it; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python docs/gallery_builder", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="of plot_NAME.py; default: all")
    parser.add_argument(
        "--check", action="store_true", help="run nothing; say what is not up to date"
    )
    args = parser.parse_args(arguments)
    every = programs()
    unknown = set(args.names) - {program.name for program in every}
    if unknown:
        parser.error(f"there is no {EXAMPLES}/plot_{sorted(unknown)[0]}.py")
    if args.check:
        stale = check(every)
        print(*stale, sep="\n", end="\n" if stale else "")
        return bool(stale)
    write(every, args.names or [program.name for program in every])
    size = sum(path.stat().st_size for path in FOLDER.rglob("*.*"))
    print(f"{FOLDER}: {size / 2**20:.2f} MiB")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
