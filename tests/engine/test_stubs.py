"""The stubs beside compiled modules, which type checkers read, say what the modules have."""

import ast
import importlib
import inspect
from pathlib import Path

import pytest

import convnet

ROOT = Path(convnet.__file__).parent
STUBS = sorted(ROOT.rglob("*.pyi"))


def names(body):
    """The public names that statements of a stub define: {name: statement}."""
    found = {}
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found[node.name] = node
        elif isinstance(node, ast.AnnAssign):
            found[node.target.id] = node
        elif isinstance(node, ast.ImportFrom):
            found |= {a.asname: node for a in node.names if a.asname}
    return {name: node for name, node in found.items() if name[0] != "_"}


def public(thing):
    """The public names of a module or a class, but for the modules that it imports."""
    return {k for k, v in vars(thing).items() if k[0] != "_" and not inspect.ismodule(v)}


def parameters(node):
    """The names of the parameters of a function in a stub."""
    a = node.args
    return [p.arg for p in (*a.posonlyargs, *a.args, *a.kwonlyargs)]


def test_stubs_are_installed():
    assert {path.stem for path in STUBS} == {
        "_context",
        "_buffer_requirements",
        "_engine",
        "_program",
        "_single",
        "_resample",
    }
    assert (ROOT / "py.typed").exists()


@pytest.mark.parametrize("path", STUBS, ids=lambda path: path.stem)
def test_stub(path):
    name = ".".join(["convnet", *path.relative_to(ROOT).with_suffix("").parts])
    module = importlib.import_module(name)
    pairs = [(module, names(ast.parse(path.read_text(encoding="utf-8")).body))]
    while pairs:
        thing, stub = pairs.pop()
        imported = {k for k in public(thing) if getattr(vars(thing)[k], "__module__", name) != name}
        assert set(stub) - imported == public(thing) - imported, thing
        for own, node in stub.items():
            value = getattr(thing, own)
            if isinstance(node, ast.ClassDef):
                pairs.append((value, names(node.body)))
            elif isinstance(node, ast.FunctionDef):
                assert parameters(node) == list(inspect.signature(value).parameters), own
