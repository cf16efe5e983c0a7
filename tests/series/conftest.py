"""Skips the tests of a library that is not installed, and imports the adapters of docs/signals.md."""

from importlib import import_module

import pytest
import signals_page


@pytest.fixture
def library(request):
    """The library that the file of the test is named after."""
    name = request.path.stem.removeprefix("test_")
    reason = (
        f"{name} is not installed. .ci/run makes an environment with it: it needs an older NumPy"
    )
    pytest.importorskip(name, reason=reason)
    return name


@pytest.fixture
def adapter(library, tmp_path, monkeypatch):
    """The classifier that the section of the library defines, imported from a file, as pickles need."""
    program = signals_page.sections()[f"In {library}"][0]
    module = f"adapter_for_{library}"
    (tmp_path / f"{module}.py").write_text(program, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    return import_module(module).ConvNetSeriesClassifier
