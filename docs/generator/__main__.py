"""Write docs/reference/*.md: ``python docs/generator``. ``--check`` writes nothing and lists what is not up to date."""

import sys
from pathlib import Path

from incomplete import shortcomings
from rendering import write_all

FOLDER = Path(__file__).resolve().parents[1] / "reference"


def main(arguments):
    """Write the pages, or check them; return the exit status."""
    pages = write_all()
    old = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.md")}
    stale = sorted(name for name in old.keys() | pages.keys() if old.get(name) != pages.get(name))
    if "--check" not in arguments:
        FOLDER.mkdir(exist_ok=True)
        for name in stale:
            path = FOLDER / name
            path.write_text(pages[name], encoding="utf-8") if name in pages else path.unlink()
    lacking = shortcomings()
    for line in (*(f"{name} was not up to date" for name in stale), *lacking):
        print(line)
    return bool(lacking or ("--check" in arguments and stale))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
