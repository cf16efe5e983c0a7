"""Imports point one way: cli -> estimators -> training -> graph -> engine.

inspection, persistence and data are wings: called by estimators and cli, reaching into graph and below.
"""

import ast
import re
from pathlib import Path

import pytest

BELOW_INPUTS = {
    *("callbacks", "training", "inspection", "persistence", "data", "graph"),
    *("engine", "layers", "augment", "values"),
}
# part: the parts of the package that it may import, besides itself
ARROWS = {
    "engine": set(),
    "values": set(),
    "layers": {"engine", "values"},
    "augment": {"engine", "values"},
    "graph": {"engine", "layers", "augment", "values"},
    "training": {"data", "graph", "engine", "layers", "values"},
    "inspection": {"data", "graph", "engine", "layers"},
    "persistence": set(),
    "data": {"engine", "persistence"},
    "inputs": BELOW_INPUTS,
    "fitted": {"inputs", *BELOW_INPUTS},
    "fitting": {"fitted", "inputs", *BELOW_INPUTS},
    "model_io": {"fitted", "inputs", "_version", *BELOW_INPUTS},
    "estimators": {"fitting", "model_io", "fitted", "inputs", *BELOW_INPUTS},
    "_version": set(),
    "_config": {"engine", "_version"},
    "schedules": {"training"},
    "callbacks": {"persistence"},
}
ANYTHING = {"cli", "__main__", "__init__"}

ROOT = Path(__file__).parents[1] / "convnet"
SOURCES = sorted(p for suffix in ("py", "pyx", "pxd") for p in ROOT.rglob(f"*.{suffix}"))


def part(path):
    """The folder of convnet that a file lies in, or the name of a file at the top."""
    relative = path.relative_to(ROOT)
    return relative.parts[0] if len(relative.parts) > 1 else relative.stem


def imported_modules(path):
    """Absolute names of what a file imports. Cython is read line by line, its grammar being no Python."""
    package = ["convnet", *path.relative_to(ROOT).parts[:-1]]
    if path.suffix == ".py":
        nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        imports = [node for node in nodes if isinstance(node, ast.Import | ast.ImportFrom)]
    else:
        pattern = r"^\s*(?:from\s+[\w.]+\s+)?c?import\s+[\w.]+"
        lines = re.findall(pattern, path.read_text(encoding="utf-8"), re.MULTILINE)
        imports = [ast.parse(line.strip().replace("cimport", "import")).body[0] for line in lines]
    for node in imports:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
            continue
        base = package[: len(package) - node.level + 1] if node.level else []
        module = ".".join([*base, *([node.module] if node.module else [])])
        yield module
        yield from (f"{module}.{alias.name}" for alias in node.names)


def imported_parts(path):
    """The parts of convnet that a file imports; a public name taken from the top is `__init__`."""
    modules = [name.split(".") for name in imported_modules(path)]
    for name in modules:
        if name[0] == "convnet" and name[1:]:
            yield name[1] if name[1] in {*ARROWS, *ANYTHING} or len(name) > 2 else "__init__"


def test_sources_are_found():
    assert {"engine", "layers", "graph", "training", "estimators"} <= {part(p) for p in SOURCES}
    assert any(p.suffix == ".pyx" for p in SOURCES)


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_arrows(path):
    own = part(path)
    if own in ANYTHING:
        return
    assert own in ARROWS, f"convnet/{own} has no place in the order of imports: give it one here"
    upward = set(imported_parts(path)) - ARROWS[own] - {own}
    assert not upward, f"{path.relative_to(ROOT)} imports {sorted(upward)}"


def test_scikit_learn_is_known_to_estimators_only():
    """What is below knows arrays; cli reports scores, _config prints a version, data splits rows.

    Displays take estimators, so one file of theirs asks whether those are fitted.
    """
    users = {p for p in SOURCES if any(m.split(".")[0] == "sklearn" for m in imported_modules(p))}
    users -= {ROOT / "inspection" / "displays" / "nets.py"}
    assert {part(p) for p in users} <= {
        *("inputs", "fitted", "fitting", "model_io", "estimators", "cli", "_config", "data")
    }


def test_no_cycle():
    """The arrows themselves have an order."""
    order, left = [], dict(ARROWS)
    while left:
        ready = [name for name, below in left.items() if below <= set(order)]
        assert ready, f"a cycle among {sorted(left)}"
        order += ready
        left = {name: below for name, below in left.items() if name not in ready}
