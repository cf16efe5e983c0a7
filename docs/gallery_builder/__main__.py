"""Run examples/plot_*.py and write docs/gallery.

``python docs/gallery_builder`` writes all pages; ``python docs/gallery_builder layers trace`` writes those of
plot_layers.py and plot_trace.py. ``--check`` runs nothing and lists the pages whose text or code differs from the
programs. It does not compare what they print and draw, because the last bits differ between machines.
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
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="plot_NAME.py to run (default: all)"
    )
    parser.add_argument(
        "--check", action="store_true", help="run nothing; list the pages that are not up to date"
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
