"""The reference is up to date, and all public docstrings are complete."""

import doctest
import inspect
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from docstrings import docstring
from incomplete import shortcomings
from public import is_estimator, pages
from rendering import write_all

import convnet

FOLDER = Path(__file__).parents[2] / "docs" / "reference"
THINGS = {thing.__name__: thing for page in pages() for thing in page.things}
ESTIMATORS = {name: thing for name, thing in THINGS.items() if is_estimator(thing)}


def test_the_pages_are_up_to_date():
    committed = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*")}
    written = write_all()
    assert sorted(committed) == sorted(written), "run: python docs/generator"
    for name, text in written.items():
        assert committed[name] == text, f"{name} is not up to date; run: python docs/generator"


def test_docstrings_are_complete():
    assert not shortcomings()


def test_everything_public_has_a_page():
    assert {name for name in convnet.__all__ if not name.startswith("__")} <= {
        *THINGS,
        *(page.name for page in pages()),
    }
    assert {"ConvNetClassifier", "Conv2D", "Cosine", "as_layers"} <= set(THINGS)


def test_links_lead_somewhere():
    texts = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.md")}
    anchors = {
        name: {heading.lower() for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE)}
        for name, text in texts.items()
    }
    for name, text in texts.items():
        for path, anchor in re.findall(r"\]\(([\w./]*)#?(\w*)\)", text):
            assert (FOLDER / path).exists(), f"{name}: {path}"
            assert not anchor or anchor in anchors[path or name], f"{name}: {anchor}"


@pytest.mark.parametrize("name", THINGS)
def test_examples(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    finder, runner = doctest.DocTestFinder(recurse=True), doctest.DocTestRunner()
    for case in finder.find(THINGS[name], name, globs={}):
        runner.run(case)
    assert runner.failures == 0


@pytest.mark.parametrize("name", ESTIMATORS)
def test_fitted_attributes(name):
    """The documented attributes are those that a fit sets."""
    cls = ESTIMATORS[name]
    needs = [p.name for p in inspect.signature(cls).parameters.values() if p.default is p.empty]
    inner = convnet.ConvNetClassifier(max_iter=1)
    estimator = cls(*[inner] * len(needs))
    wanted = {"max_iter": 1, "early_stopping": True}
    estimator.set_params(**{k: v for k, v in wanted.items() if k in estimator.get_params()})
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.random((40, 6)), columns=[f"c{i}" for i in range(6)])
    estimator.fit(X, np.arange(40) % 2)
    fitted = {key for key in vars(estimator) if key.endswith("_") and not key.startswith("_")}
    documented = docstring(cls).documented("Attributes")
    assert fitted <= set(documented)
    of_folders = {"image_form_"}
    assert all(hasattr(estimator, key) for key in set(documented) - of_folders)
