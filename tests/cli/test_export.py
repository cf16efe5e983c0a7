"""convnet export."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from onnx_models import assert_same_classes, libraries, run

import convnet
from convnet import ConvNetClassifier, ConvNetRegressor, ConvNetTransformer, cli
from convnet.cli.parser import build_parser
from convnet.data import load_images


@pytest.fixture
def onnx():
    return libraries()[0]


def export(capsys, *argv):
    assert cli.main(["export", *argv, "--json", "--quiet"]) == 0
    return json.loads(capsys.readouterr().out)


def test_a_model_of_photographs(pets, onnx, capsys):
    assert cli.main(["export", "pets.npz", "pets.onnx"]) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[0].startswith("pets.onnx: 0.0 MB, ONNX opset 17")
    assert out[1:] == [
        "input X: uint8 (n, 16, 16, 3)",
        "output label: string (n)",
        "output probabilities: float (n, 2)",
    ]
    clf, model = convnet.load("pets.npz"), onnx.load("pets.onnx")
    photos = load_images("others", **clf.image_form_)
    assert_same_classes(clf, model, photos.data)
    expected = np.array(photos.target_names)[photos.target]
    np.testing.assert_array_equal(run(model, photos.data)["label"], expected)


def test_json(pets, onnx, capsys):
    found = export(capsys, "pets.npz", "pets.onnx", "--opset", "13", "--proba", "columns", "--no-labels")  # fmt: skip
    assert found.pop("bytes") == len(onnx.load("pets.onnx").SerializeToString())
    column = {"type": "float", "shape": ["n"]}
    assert found == {
        "command": "export",
        "model": "pets.npz",
        "out": "pets.onnx",
        "opset": 13,
        "inputs": [{"name": "X", "type": "uint8", "shape": ["n", 16, 16, 3]}],
        "outputs": [{"name": f"probability_{name}", **column} for name in ("day", "night")],
    }
    found = export(capsys, "pets.npz", "other.onnx", "--proba", "zipmap")["outputs"]
    assert found[1] == {"name": "probabilities", "type": "list of dicts", "shape": None}
    assert onnx.load("pets.onnx").opset_import[0].version == 13


@pytest.mark.parametrize("kind", [ConvNetRegressor, ConvNetTransformer])
def test_other_estimators(arrays, onnx, capsys, failed, kind):
    X, y = arrays
    nets = {
        ConvNetRegressor: ConvNetRegressor([], max_iter=1),
        ConvNetTransformer: ConvNetTransformer(ConvNetClassifier(max_iter=1)),
    }
    net = nets[kind].fit(X, y)
    net.save("net.npz")
    export(capsys, "net.npz", "net.onnx")
    (found,) = run(onnx.load("net.onnx"), X).values()
    expected = net.predict(X) if kind is ConvNetRegressor else net.transform(X)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)
    for option in (["--proba", "tensor"], ["--no-labels"]):
        error = failed("export", "net.npz", "new.onnx", *option)
        assert f"{option[0]} is for classifiers; net.npz holds a {kind.__name__}" in error


def test_no_file_is_replaced_without_force(pets, onnx, failed, capsys):
    export(capsys, "pets.npz", "pets.onnx")
    before = Path("pets.onnx").read_bytes()
    assert "pets.onnx exists already. Pass --force" in failed("export", "pets.npz", "pets.onnx")
    assert Path("pets.onnx").read_bytes() == before
    export(capsys, "pets.npz", "pets.onnx", "--force", "--no-labels")
    assert Path("pets.onnx").read_bytes() != before


def test_errors(pets, onnx, failed):
    assert "ends in .onnx; got pets.h5" in failed("export", "pets.npz", "pets.h5")
    assert "there is no file none.npz" in failed("export", "none.npz", "pets.onnx")
    assert "there is no folder" in failed("export", "pets.npz", "none/pets.onnx")
    assert "opset must be an integer from 13" in failed("export", "pets.npz", "p.onnx", "--opset", "9")  # fmt: skip


def test_without_onnx(arrays, failed, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    ConvNetClassifier(max_iter=1).fit(*arrays).save("net.npz")
    error = failed("export", "net.npz", "net.onnx")
    assert "convnet export needs onnx. Install it with: pip install" in error


def test_help_needs_no_library(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    args = build_parser().parse_args(["export", "a.npz", "a.onnx"])
    assert (args.opset, args.proba, args.no_labels) == (None, None, None)


def test_commands_take_an_onnx_file_as_a_model(pets, onnx, capsys):
    assert cli.main(["export", "pets.npz", "pets.onnx", "--quiet"]) == 0
    capsys.readouterr()
    found = {}
    for name in ("pets.npz", "pets.onnx"):
        assert cli.main(["evaluate", name, "others", "--json", "--quiet", "--force"]) == 0
        found[name] = json.loads(capsys.readouterr().out)
    assert found["pets.npz"].pop("model") != found["pets.onnx"].pop("model")
    assert found["pets.npz"]["accuracy"] == found["pets.onnx"]["accuracy"]
    assert cli.main(["summary", "pets.onnx"]) == 0
    assert "dense" in capsys.readouterr().out.lower()


def test_an_onnx_file_that_is_not_a_net_is_one_line(pets, onnx, failed):
    Path("broken.onnx").write_bytes(b"no model")
    assert "from_onnx: 'broken.onnx' is not a model" in failed("summary", "broken.onnx")
