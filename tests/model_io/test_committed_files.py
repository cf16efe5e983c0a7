"""Committed files of each format still load, and predict what they predicted."""

import json
from pathlib import Path

import numpy as np
import pytest

import convnet
from convnet.persistence.model_file import FORMAT

FOLDER = Path(__file__).parent / "files"
FILES = [
    path
    for ending in ("npz", "safetensors")
    for path in sorted(FOLDER.glob(f"format-*.{ending}"))
    if not path.stem.endswith("expected")
]


def test_each_format_has_files():
    for number in range(1, FORMAT + 1):
        names = {path.name for path in FILES if path.name.startswith(f"format-{number}-")}
        assert len(names) == 10


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_file(path):
    number, name = path.stem.split("-")[1:]
    with np.load(FOLDER / f"format-{number}-expected.npz") as archive:
        expected = {k.partition("/")[2]: archive[k] for k in archive if k.startswith(f"{name}/")}
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
