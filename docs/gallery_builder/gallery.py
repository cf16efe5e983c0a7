"""The files of docs/gallery: write them, or check them."""

import re
import time
from pathlib import Path

from pages import index, page, without_results

FOLDER = Path(__file__).resolve().parents[1] / "gallery"
_PICTURE = re.compile(r"^!\[[^\]]*\]\(([^)]*)\)$", re.MULTILINE)


def write(programs, names, folder=FOLDER):
    """Run the named programs, write their pages and the index, and remove files that belong to no program.

    Parameters
    ----------
    programs : list of Program
        All programs.
    names : collection of str
        Names of the programs to run.
    folder : Path
        Folder to write to.
    """
    from running import run  # matplotlib, which checking does not need

    (folder / "images").mkdir(parents=True, exist_ok=True)
    for program in programs:
        if program.name in names:
            start = time.perf_counter()
            text, pictures = page(program, run(program))
            (folder / f"{program.name}.md").write_text(text, encoding="utf-8")
            for path, png in pictures.items():
                (folder / path).write_bytes(png)
            print(
                f"{program.path.name}: {time.perf_counter() - start:.1f} s, {len(pictures)} pictures"
            )
    (folder / "README.md").write_text(_index(programs, folder), encoding="utf-8")
    for path in _files(folder) - _wanted(programs, folder):
        (folder / path).unlink()


def check(programs, folder=FOLDER):
    """Return a line for each file that is not up to date, judging by the text and code of the programs alone."""
    files, wanted = _files(folder), _wanted(programs, folder)
    lines = [f"{path}: belongs to no program" for path in files - wanted]
    lines += [f"{path} is missing" for path in wanted - files]
    for program in programs:
        path = f"{program.name}.md"
        if path in files:
            committed = (folder / path).read_text(encoding="utf-8")
            if without_results(committed) != page(program)[0]:
                lines.append(f"{path} is not up to date with {program.path.name}")
    if "README.md" in files:
        committed = (folder / "README.md").read_text(encoding="utf-8")
        if committed != _index(programs, folder):
            lines.append("README.md is not up to date")
    return sorted(f"{line}; run: python docs/gallery_builder" for line in lines)


def _index(programs, folder):
    first = {program.name: _pictures(folder / f"{program.name}.md")[:1] for program in programs}
    return index(programs, {name: paths[0] for name, paths in first.items() if paths})


def _pictures(path):
    return _PICTURE.findall(path.read_text(encoding="utf-8")) if path.exists() else []


def _files(folder):
    found = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix() for path in found}


def _wanted(programs, folder):
    names = [f"{program.name}.md" for program in programs]
    return {"README.md", *names, *(p for name in names for p in _pictures(folder / name))}
