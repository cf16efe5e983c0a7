"""The lecture notebook and the progress of a fit, in a kernel of Jupyter and without one."""

import json
import warnings
from pathlib import Path

import pytest

NOTEBOOK = Path(__file__).parents[1] / "examples" / "lecture.ipynb"


@pytest.fixture(scope="module")
def cells():
    """Return the sources of the code cells."""
    notebook = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    assert all(not cell.get("outputs") for cell in notebook["cells"]), "clear the outputs"
    return ["".join(c["source"]) for c in notebook["cells"] if c["cell_type"] == "code"]


@pytest.fixture
def run(monkeypatch):
    """Return a function that runs sources of cells in a kernel and returns their outputs."""
    nbformat = pytest.importorskip(
        "nbformat", reason="needs Jupyter: pip install nbclient ipykernel"
    )
    nbclient = pytest.importorskip(
        "nbclient", reason="needs Jupyter: pip install nbclient ipykernel"
    )
    pytest.importorskip("ipykernel", reason="needs Jupyter: pip install nbclient ipykernel")

    monkeypatch.delenv("MPLBACKEND", raising=False)  # Jupyter's own shows pictures in the notebook

    def run(sources):
        notebook = nbformat.v4.new_notebook(cells=list(map(nbformat.v4.new_code_cell, sources)))
        nbclient.NotebookClient(notebook, timeout=600).execute()
        return [cell.outputs for cell in notebook.cells]

    return run


@pytest.mark.slow
def test_the_cells_run_from_top_to_bottom(cells, monkeypatch):
    pyplot = pytest.importorskip("matplotlib.pyplot", reason="needs matplotlib")
    monkeypatch.setattr(pyplot, "show", lambda: None)
    names = {}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for cell in cells:
            exec(compile(cell, "cell", "exec"), names)
    pyplot.close("all")
    X, y = names["X_test"], names["y_test"]
    assert names["small"].n_parameters_ == 1138
    assert names["small"].predict(names["seven"][None]) == 7
    scores = [names[net].score(X, y) for net in ("plain", "augmented", "transferred")]
    assert scores == sorted(scores) and scores[0] > 0.85


@pytest.mark.slow
def test_the_notebook_shows_its_pictures(cells, run):
    pictures = 0
    for outputs in run(cells):
        pictures += sum("image/png" in output.get("data", ()) for output in outputs)
        assert not any(output.get("name") == "stderr" for output in outputs)
    assert pictures == sum("plt." in cell for cell in cells)


def test_progress_stays_in_a_saved_notebook(run):
    source = """
import time
from sklearn.datasets import load_digits
from convnet import ConvNetClassifier
X, y = load_digits(return_X_y=True)
clf = ConvNetClassifier([], max_iter=3, random_state=0, verbose=True).fit(X, y)
"""
    (outputs,) = run([source])
    line, *printed = outputs
    assert line["data"]["text/plain"] == ""  # it moved during training
    text = "".join(output["text"] for output in printed)
    assert [epoch[:9] for epoch in text.splitlines()] == ["epoch 1/3", "epoch 2/3", "epoch 3/3"]
