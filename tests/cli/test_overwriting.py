"""No command replaces a file without --force, and the ending of a model file decides its format."""

import os
import pickle
from pathlib import Path

import joblib
import numpy as np
import pytest
from photographs import SMALL

import convnet
from convnet import ConvNetClassifier, cli

TRAIN = ["train", "photos", *SMALL, "--epochs", "1", "--quiet"]


@pytest.mark.parametrize(
    ("argv", "path"),
    [
        (["train", "photos", *SMALL, "--epochs", "1"], "model.npz"),
        (["train", "photos", *SMALL, "--epochs", "1", "--out", "a.pkl"], "a.pkl"),
        (["predict", "pets.npz", "others", "--csv", "a.csv"], "a.csv"),
        (["evaluate", "pets.npz", "others"], "evaluation/mistakes.png"),
        (["evaluate", "pets.npz", "others", "--out", "a"], "a/confusion_matrix.png"),
        (["inspect", "pets.npz", "others", "--only", "history"], "pictures/history.png"),
        (
            ["inspect", "pets.npz", "others", "--only", "feature_maps", "--rows", "3"],
            "pictures/feature_maps_3.png",
        ),
    ],
)
def test_a_file_that_exists(pets, failed, capsys, argv, path):
    Path(path).parent.mkdir(exist_ok=True)
    Path(path).write_text("precious")
    before = sorted(Path().rglob("*"))
    text = failed(*argv)
    assert f"{path} exists already. Pass --force to replace it, or another --" in text
    assert Path(path).read_text() == "precious" and sorted(Path().rglob("*")) == before
    assert cli.main([*argv, "--force"]) == 0
    assert Path(path).read_bytes()[:8] != b"precious"


def test_evaluate_and_inspect_write_to_folders_of_their_own(pets):
    assert cli.main(["evaluate", "pets.npz", "others"]) == 0
    assert cli.main(["inspect", "pets.npz", "others", "--only", "mistakes"]) == 0


def test_a_link_to_nowhere_is_a_file(pets, failed):
    os.symlink("nowhere", "out.csv")
    assert "out.csv exists already" in failed("predict", "pets.npz", "others", "--csv", "out.csv")


@pytest.mark.parametrize(
    "name", ["pets", "pets.model", "pets.h5", "pets.onnx", "pets.png", "a.NPZ"]
)
def test_endings_that_stand_for_no_format(photos, failed, monkeypatch, name):
    monkeypatch.setattr(ConvNetClassifier, "_fit", lambda *a, **k: pytest.fail("it was trained"))
    text = failed("train", "photos", "--out", name)
    assert (
        f"ends in .npz, .safetensors, .pkl, .pickle or .joblib, which decides the format; got {name}."
        in text
    )


def test_formats(photos, capsys):
    files = {}
    for ending in ("npz", "safetensors", "pkl", "pickle", "joblib"):
        assert cli.main([*TRAIN, "--out", f"m.{ending}"]) == 0
        files[ending] = Path(f"m.{ending}").read_bytes()
    X = np.zeros((1, 16, 16, 3), np.uint8)
    expected = convnet.load("m.npz").predict_proba(X)
    for clf in (
        convnet.load("m.safetensors"),
        pickle.loads(files["pkl"]),
        pickle.loads(files["pickle"]),
        joblib.load("m.joblib"),
    ):
        np.testing.assert_array_equal(clf.predict_proba(X), expected)
    capsys.readouterr()
    for ending in files:
        assert cli.main(["predict", f"m.{ending}", "others/day/0.jpg", "--json"]) == 0
    lines = capsys.readouterr().out.replace(".safetensors", ".npz").splitlines()
    assert len({line.partition('"classes"')[2] for line in lines}) == 1


def test_a_model_of_another_name_is_not_unpickled(photos, failed):
    """Unpickling runs code, so a file has to look like a pickle."""
    Path("model.jpgx").write_bytes(pickle.dumps(ConvNetClassifier()))
    text = failed("predict", "model.jpgx", "others")
    assert "model.jpgx is not a model: the name of a model file ends in .npz" in text
    for ending in ("pkl", "joblib"):
        Path(f"bad.{ending}").write_bytes(b"\x80\x05garbage")
        assert f"bad.{ending} is not a model: " in failed("summary", f"bad.{ending}")
