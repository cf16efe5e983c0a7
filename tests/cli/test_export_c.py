"""convnet export --c."""

import json
import os

import numpy as np
from c_programs import example_values, program, run

import convnet
from convnet import cli
from convnet.data import load_images


def refused(capsys, *argv):
    """Return the line that a refused command prints."""
    assert cli.main(["export", *argv]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    return line.removeprefix("convnet: error: ")


def test_c_files(pets, capsys, monkeypatch):
    monkeypatch.setenv("CONVNET_ISA", "scalar")
    assert cli.main(["export", "pets.npz", "--c", "pets_c", "--name", "pets"]) == 0
    out = capsys.readouterr().out.splitlines()
    assert (
        out[0]
        == f"{os.path.join('pets_c', 'pets.h')}: the manual, with the command that compiles pets.c"
    )
    assert out[1].startswith("weights: ") and out[1].endswith(" bytes")
    clf = convnet.load("pets.npz")
    X = load_images("others", **clf.image_form_).data
    X.tofile("samples.bin")
    run(program("make"), "-C", "pets_c", f"CC={program('gcc')}")
    values, classes = example_values(run("pets_c/example", "samples.bin"), 2)
    np.testing.assert_array_equal(values, clf.predict_proba(X))
    assert classes == list(clf.predict(X))


def test_json(pets, capsys):
    assert cli.main(["export", "pets.npz", "--c", "pets_c", "--json", "--quiet"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert all(map(os.path.isfile, found.pop("files")))
    assert found.pop("weights_bytes") == os.path.getsize("pets_c/net_weights.bin")
    assert found.pop("scratch_bytes") > 0
    assert found == {"command": "export", "model": "pets.npz", "out": "pets_c"}


def test_overwriting(pets, capsys):
    assert cli.main(["export", "pets.npz", "--c", "pets_c"]) == 0
    assert refused(capsys, "pets.npz", "--c", "pets_c") == (
        "--c: the folder 'pets_c' is not empty. Pass --force to replace files in it, or another folder."
    )
    assert cli.main(["export", "pets.npz", "--c", "pets_c", "--force"]) == 0


def test_usage(pets, capsys):
    either = "pass either OUT.onnx, for an ONNX file, or --c DIR, for C files."
    assert refused(capsys, "pets.npz") == either
    assert refused(capsys, "pets.npz", "pets.onnx", "--c", "pets_c") == either
    for option in (["--opset", "17"], ["--proba", "tensor"], ["--no-labels"]):
        expected = f"{option[0]} goes with OUT.onnx only. Leave it out."
        assert refused(capsys, "pets.npz", "--c", "pets_c", *option) == expected
    for option in (["--name", "pets"], ["--isa", "scalar"]):
        expected = f"{option[0]} goes with --c only. Leave it out."
        assert refused(capsys, "pets.npz", "pets.onnx", *option) == expected
    assert "must be a C identifier" in refused(capsys, "pets.npz", "--c", "pets_c", "--name", "1")
    assert not os.path.exists("pets_c")
