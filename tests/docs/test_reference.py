"""The reference is up to date, and all public docstrings are complete."""

import doctest
import inspect
import re
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from docstrings import docstring
from incomplete import shortcomings
from public import inherited_methods, is_estimator, pages
from rendering import write_all

import convnet

FOLDER = Path(__file__).parents[2] / "docs" / "reference"
THINGS = {thing.__name__: thing for page in pages() for thing in page.things}
LIBRARIES = ("onnx", "skl2onnx")  # that examples need and the extra "test" does not have
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
    missing = [library for library in LIBRARIES if find_spec(library) is None]
    left_out = []
    for case in finder.find(THINGS[name], name, globs={}):
        source = "".join(example.source for example in case.examples)
        if any(library in source for library in missing):
            left_out.append(case.name)
        else:
            runner.run(case)
    assert runner.failures == 0
    if left_out:
        pytest.skip(f"{', '.join(left_out)}: needs {', '.join(missing)}, as .ci/run installs")


def built(cls):
    """Return an estimator of a class; a net is what a parameter without a default takes."""
    needs = [p.name for p in inspect.signature(cls).parameters.values() if p.default is p.empty]
    return cls(*[convnet.ConvNetClassifier(max_iter=1)] * len(needs))


@pytest.mark.parametrize("name", ESTIMATORS)
def test_listed_methods_exist(name):
    """scikit-learn gives a method such as set_output to some of the classes that inherit it."""
    estimator = built(ESTIMATORS[name])
    text = (FOLDER / f"{name}.md") if (FOLDER / f"{name}.md").exists() else FOLDER / "data.md"
    listed = re.search(
        rf"^#+ Methods( of {name})?$.*?(?=^## |\Z)", text.read_text("utf-8"), re.M | re.S
    )
    names = re.findall(r"^#+ ([a-z]\w+)$", listed[0], re.M)
    from_sklearn = re.search(r"From scikit-learn's base classes: (.*)\.$", listed[0], re.M)
    names += re.findall(r"`(\w+)`", from_sklearn[1]) if from_sklearn else []
    assert {"fit", *inherited_methods(ESTIMATORS[name])} <= set(names)
    for method in names:
        assert callable(getattr(estimator, method)), method
    if hasattr(estimator, "transform"):
        assert estimator.set_output(transform="default") is estimator


@pytest.mark.parametrize("name", ESTIMATORS)
def test_fitted_attributes(name):
    """The documented attributes are those that a fit sets."""
    estimator = built(cls := ESTIMATORS[name])
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
