"""docs/from-keras.md and docs/from-pytorch.md: what they show runs, here and, if it is installed, in PyTorch."""

import ast
import re
import warnings
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from photographs import write_photographs

DOCS = Path(__file__).parents[2] / "docs"
PAGES = ["from-keras.md", "from-pytorch.md"]
_BLOCK = re.compile(r"^```(python|py)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def blocks(page):
    """Return the programs of a page: those of convnet are marked as "python", those of others as "py"."""
    return _BLOCK.findall((DOCS / page).read_text(encoding="utf-8"))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_photographs("photos", 4)
    return tmp_path


@pytest.mark.parametrize("page", PAGES)
def test_programs(folder, page):
    found = {}
    for language, program in blocks(page):
        if language == "python":
            exec(program, found)
    assert found["clf"].score(found["X_test"], found["y_test"]) > 0.8
    assert (folder / "model.npz").exists() and (folder / "run.npz").exists()


@pytest.mark.parametrize("page", PAGES)
def test_there_and_here_take_turns(page):
    """After the data, each program of the other library is followed by what one writes here."""
    languages = [language for language, _ in blocks(page)]
    assert languages[0] == "python" and languages.count("py") >= 10
    last = -1 if page == "from-pytorch.md" else None  # to_torch
    for one, two in pairwise(languages[1:last]):
        assert not one == two == "py"
    for _, program in blocks(page):
        ast.parse(program)


def test_programs_of_pytorch(torch, folder):
    """With convnet's beside them. Those of torchvision need that library."""
    found = {}
    torch.manual_seed(0)
    for language, program in blocks("from-pytorch.md"):
        if "torchvision" in program and find_spec("torchvision") is None:
            continue
        with warnings.catch_warnings():
            if language == "py":
                warnings.simplefilter("ignore")  # of schedulers that are made and not used
            exec(program, found)
    accuracy = found["accuracy_of"](found["X_test"], found["y_test"])
    assert accuracy > 0.8
    want = found["clf"].decision_function(found["X_test"])
    np.testing.assert_allclose(found["logits"].detach(), want, rtol=1e-4, atol=1e-4)
    assert found["back"].score(found["X_test"], found["y_test"]) > 0.5


@pytest.mark.parametrize("page", PAGES)
def test_links(page):
    text = (DOCS / page).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([\w.-]+\.md)", text):
        assert (DOCS / target).exists(), target
    assert page in (DOCS.parent / "README.md").read_text(encoding="utf-8")
