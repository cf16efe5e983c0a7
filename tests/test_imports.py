"""Imports follow the drawing in docs/architecture.md, and no files import each other in a circle.

Every import counts: those inside functions and under TYPE_CHECKING too, and those of Cython files.
"""

import ast
import re
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "convnet"
PAGE = Path(__file__).parents[1] / "docs" / "architecture.md"
SOURCES = sorted(p for suffix in ("py", "pyi", "pyx", "pxd") for p in PACKAGE.rglob(f"*.{suffix}"))
CYTHON_IMPORT = re.compile(
    r"^[ \t]*((?:from\s+[\w.]+\s+)?c?import\s+(?:\([^)]*\)|[^\n#]+))", re.MULTILINE
)
FOLDERS = sorted({p.parent for p in PACKAGE.rglob("*.py")})
MAX_FILES = 15
# One member of a family per file.
FAMILIES = {"layers", "augment", "graph/ops", "inspection/displays", "cli"}


def blocks(heading):
    """Return the code blocks below a heading of the page."""
    _, _, after = PAGE.read_text(encoding="utf-8").partition(f"\n## {heading}\n")
    return re.findall(r"^```\n(.*?)^```", after.partition("\n## ")[0], re.MULTILINE | re.DOTALL)


def drawn_levels():
    """Return the names on each line of the drawing, from the highest level to the lowest."""
    drawing = blocks("The house")[1]
    return [line.split() for line in drawing.splitlines()]


LEVELS = {name: -depth for depth, line in enumerate(drawn_levels()) for name in line}


def module(path):
    """Return the name of the module that a file defines. A .pyx, .pxd and .pyi of one name are one module."""
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module(path) for path in SOURCES}


def part(name):
    """Return the folder of convnet that a module lies in, or the module's name if it lies at the top."""
    return (*name.split("."), "__init__")[1]


def imported_names(source, *, package=(), cython=False):
    """Return the names that a source file imports: "a.b.c" for ``from a.b import c``.

    Parameters
    ----------
    source : str
        The text of the file.
    package : sequence of str, default=()
        Packages that the file lies in, for relative imports.
    cython : bool, default=False
        Whether the file is Cython, which `ast` cannot parse.
    """
    if cython:
        lines = [text.replace("cimport", "import") for text in CYTHON_IMPORT.findall(source)]
        source = "\n".join(" ".join(line.split()) for line in lines)
    names = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            base = [*base, *([node.module] if node.module else [])]
            names += [".".join([*base, alias.name]) for alias in node.names]
    return names


@cache
def imports_of(path):
    """Return the names that a file imports."""
    package = path.relative_to(PACKAGE.parent).parts[:-1]
    cython = path.suffix in (".pyx", ".pxd")
    return imported_names(path.read_text(encoding="utf-8"), package=package, cython=cython)


def imported_modules(path):
    """Return the other modules of convnet that a file imports. ``from a import b`` imports a.b if that is a module."""
    found = set()
    for name in imports_of(path):
        if name.split(".")[0] == "convnet":
            owner = name if name in MODULES else name.rpartition(".")[0]
            assert owner in MODULES, f"{path} imports {name}, which has no source"
            found.add(owner)
    return found - {module(path)}


def cycle(graph):
    """Return the names along a cycle of a graph, a dict of name to names, or None if it has no cycle."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return error.args[1]
    return None


def test_every_kind_of_import_is_found():
    source = (
        "import a.b\nif TYPE_CHECKING:\n    from c import d\ndef f():\n    from .e import g, h\n"
        "from . import i\nfrom .. import j\n"
    )
    names = imported_names(source, package=("p", "q"))
    assert sorted(names) == ["a.b", "c.d", "p.j", "p.q.e.g", "p.q.e.h", "p.q.i"]
    source = "cdef int n\nfrom a.b cimport c, d  # why\nfrom e cimport (\n    f,\n)\ncimport numpy as np\nimport g\n"
    assert sorted(imported_names(source, cython=True)) == ["a.b.c", "a.b.d", "e.f", "g", "numpy"]


def test_cycles_are_found():
    assert cycle({"a": {"b", "c"}, "b": {"c"}, "c": set()}) is None
    assert set(cycle({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"a"}})) == {"b", "c"}


def test_every_folder_is_drawn():
    parts = {part(name) for name in MODULES}
    assert parts == set(LEVELS)
    tree = blocks("The house")[0].partition("convnet/\n")[2]
    folders = {p.name for p in PACKAGE.iterdir() if p.is_dir() and p.name != "__pycache__"}
    assert set(re.findall(r"^  (\w+)/", tree, re.MULTILINE)) == folders


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: p.relative_to(PACKAGE).as_posix())
def test_imports_point_down(path):
    own = part(module(path))
    upward = [
        name
        for name in sorted(imported_modules(path))
        if part(name) != own and LEVELS[part(name)] >= LEVELS[own]
    ]
    assert not upward, f"docs/architecture.md draws none of {upward} below {own}"


def test_no_cycle():
    """A package counts as imported only by files that import a name from its ``__init__.py``."""
    graph = {name: set() for name in MODULES}
    for path in SOURCES:
        graph[module(path)] |= imported_modules(path)
    found = cycle(graph)
    assert found is None, " <- ".join(found)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda p: p.relative_to(PACKAGE).as_posix())
def test_no_folder_is_crowded(folder):
    if folder.relative_to(PACKAGE).as_posix() not in FAMILIES:
        n_files = len(list(folder.glob("*.py")))
        assert n_files <= MAX_FILES


def test_few_folders_import_scikit_learn():
    """Everything below `inputs` works on arrays, with two exceptions.

    `data` has a transformer, and a display asks whether an estimator is fitted.
    """
    users = {p for p in SOURCES if any(name.split(".")[0] == "sklearn" for name in imports_of(p))}
    users -= {PACKAGE / "inspection" / "displays" / "nets.py"}
    above = {name for name, level in LEVELS.items() if level >= LEVELS["inputs"]}
    assert {part(module(p)) for p in users} <= above | {"data"}


def test_no_import_by_name():
    """Such imports would escape the tests above. Only a folder's import of all its own files does not."""
    for path in {*SOURCES} - {PACKAGE / "graph" / "ops" / "__init__.py"}:
        assert not re.search(r"import_module|__import__", path.read_text(encoding="utf-8")), path
