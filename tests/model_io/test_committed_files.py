"""Committed files of each format still load, and predict what they predicted."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

import convnet
from convnet.persistence.model_file import ENDINGS, FORMAT, READ_FORMATS

sys.path.insert(0, str(Path(__file__).parent))
from write_models import defaults

FOLDER = Path(__file__).parent / "files"
FILES = [
    path
    for ending in ENDINGS
    for path in sorted(FOLDER.glob(f"format-*{ending}"))
    if not path.stem.endswith("expected")
]


def test_each_format_has_files():
    """All formats are read, and nothing else is there. A new format needs files: run write_models.py."""
    assert [*READ_FORMATS] == [*range(1, FORMAT + 1)]
    numbers = {int(path.name.split("-")[1]) for path in FOLDER.iterdir()}
    assert numbers == {*READ_FORMATS}
    for number in READ_FORMATS:
        names = {e: {p.stem for p in FILES if p.match(f"format-{number}-*{e}")} for e in ENDINGS}
        with np.load(FOLDER / f"format-{number}-expected.npz") as archive:
            expected = {f"format-{number}-{key.partition('/')[0]}" for key in archive}
        assert len(expected) >= 7 and all(found == expected for found in names.values())


def test_defaults():
    """A file leaves out fields that have their default, so a changed default would change what it means.

    A new layer, augmentation or field is added to the file: run write_models.py.
    """
    path = FOLDER / f"format-{FORMAT}-defaults.json"
    recorded = json.loads(path.read_text(encoding="utf-8"))
    assert recorded == json.loads(json.dumps(defaults()))


def stored_format(path):
    """Return the number that the manifest of a file states."""
    with ENDINGS[path.suffix].open_file(str(path)) as reader:
        return json.loads(reader.text("convnet"))["format"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_file(path):
    number, name = path.stem.split("-")[1:]
    with np.load(FOLDER / f"format-{number}-expected.npz") as archive:
        expected = {k.partition("/")[2]: archive[k] for k in archive if k.startswith(f"{name}/")}
    assert stored_format(path) == int(number)
    model = convnet.load(path)
    facts = json.loads(str(expected.pop("facts")))
    X = expected.pop("X")
    assert getattr(model, "estimator_", model).init_report_ is None
    ((method, outputs),) = expected.items()
    np.testing.assert_allclose(getattr(model, method)(X), outputs, rtol=1e-4, atol=1e-5)
    for param, text in facts["params"].items():
        assert repr(getattr(model, param)) == text
    assert repr(getattr(model, "image_form_", None)) == facts.get("image_form", "None")
    assert getattr(model, "classes_", np.arange(0)).tolist() == facts["classes"]
