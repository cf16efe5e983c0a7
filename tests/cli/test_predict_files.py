"""convnet predict on photographs."""

import csv
import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import convnet
from convnet import ConvNetClassifier, cli
from convnet.cli import folders
from convnet.cli.files import load_model
from convnet.data import ImageReader

READER = ImageReader(size=16)


def expected(paths):
    clf = convnet.load("pets.npz")
    return clf, clf.predict_proba(READER.transform(paths))


@pytest.mark.parametrize("size", [(7, 5), (16, 16), (900, 640)])
def test_one_photograph_of_any_size(pets, capsys, size):
    Image.new("RGB", size, (220, 220, 220)).save("my own photo.PNG")
    assert cli.main(["predict", "pets.npz", "my own photo.PNG"]) == 0
    out, err = capsys.readouterr()
    _, ((day, night),) = expected(["my own photo.PNG"])
    assert day > 0.5 and not err
    assert out == f"my own photo.PNG  day   {100 * day:>5.1f} %   night {100 * night:>5.1f} %\n"


def test_top(pets, capsys):
    assert cli.main(["predict", "pets.npz", "others/night/0.jpg", "--top", "1"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("others/night/0.jpg  night ") and "day" not in out


def test_folders_in_order_and_in_parts(pets, capsys, monkeypatch):
    """Class folders are gone through; few rows at a time are the same as all."""
    Path("others/.hidden").mkdir()
    os.link("others/day/0.jpg", "others/.hidden/0.jpg")
    os.link("others/day/0.jpg", "others/day/.0.jpg")
    Path("others/notes.txt").write_text("no image")
    paths = [f"others/{kind}/{i}.jpg" for kind in ("day", "night") for i in range(5)]
    assert cli.main(["predict", "pets.npz", "others", "photos/day/3.jpg"]) == 0
    whole = capsys.readouterr().out
    names = [line.split("  ")[0] for line in whole.splitlines()]
    assert names == [*paths, "photos/day/3.jpg"]
    monkeypatch.setattr(folders, "AT_ONCE", 16 * 16 * 3 * 2)
    assert cli.main(["predict", "pets.npz", "others", "photos/day/3.jpg"]) == 0
    assert capsys.readouterr().out == whole


def test_csv(pets, capsys):
    assert cli.main(["predict", "pets.npz", "others", "--csv", "out.csv"]) == 0
    out, err = capsys.readouterr()
    assert not out and err == "out.csv: 10 rows\n"
    with open("out.csv", newline="") as file:
        header, *rows = csv.reader(file)
    clf, p = expected([row[0] for row in rows])
    assert header == ["file", "label", "p_day", "p_night"] and len(rows) == 10
    assert [row[1] for row in rows] == clf.classes_[p.argmax(axis=1)].tolist()
    np.testing.assert_allclose(np.array(rows)[:, 2:].astype(float), p, rtol=1e-5, atol=1e-9)
    assert (
        cli.main(["predict", "pets.npz", "others", "--csv", "out.csv", "--quiet", "--force"]) == 0
    )
    assert capsys.readouterr() == ("", "")


def test_json(pets, capsys):
    assert cli.main(["predict", "pets.npz", "others/day", "--json", "--top", "1"]) == 0
    out, err = capsys.readouterr()
    found = json.loads(out)
    clf, p = expected([one["file"] for one in found["predictions"]])
    assert found["classes"] == ["day", "night"] and found["skipped"] == [] and not err
    for one, row in zip(found["predictions"], p, strict=True):
        name = clf.classes_[row.argmax()]
        assert one["label"] == name
        assert one["top"] == [{"class": name, "probability": float(row.max())}]


def test_files_that_cannot_be_read(pets, capsys, failed):
    Path("text.jpg").write_text("no image")
    argv = ["predict", "pets.npz", "text.jpg", "others/day/2.jpg", "none.jpg"]
    assert cli.main(argv) == 3
    out, err = capsys.readouterr()
    assert out.startswith("others/day/2.jpg") and out.count("\n") == 1
    assert "convnet: skipped: text.jpg is not an image that Pillow can read\n" in err
    assert "convnet: skipped: none.jpg cannot be read: No such file or directory\n" in err
    assert cli.main([*argv, "--json"]) == 3
    found = json.loads(capsys.readouterr().out)
    assert [one["file"] for one in found["skipped"]] == ["text.jpg", "none.jpg"]
    assert [one["file"] for one in found["predictions"]] == ["others/day/2.jpg"]
    assert cli.main(["predict", "pets.npz", "none.jpg", "text.jpg"]) == 2
    err = capsys.readouterr().err
    assert "error: none.jpg cannot be read: No such file or directory, nor 1 other" in err


def test_bad_input(pets, arrays, failed):
    Path("empty").mkdir()
    X, y = arrays
    ConvNetClassifier([], max_iter=1).fit(X, y).save("digits-net.npz")
    ConvNetClassifier([], max_iter=1).fit(X.reshape(len(X), 64), y).save("flat.npz")
    for argv, text in [
        (["none.npz", "others"], "there is no file none.npz. Train a model first: convnet train"),
        (
            ["others/day/1.jpg", "pets.npz"],
            "is not a model. Write the model first and the images after it.",
        ),
        (["others", "pets.npz"], "others is not a model. Write the model first"),
        (["pets.npz", "empty"], "empty has no images. Pass image files, or a folder of them."),
        (["pets.npz", "digits.npz", "others"], "digits.npz is a file of arrays. Pass it alone."),
        (
            ["pets.npz", "digits.npz", "--fit", "pad"],
            "--fit is for folders of photographs, and digits.npz is not a folder",
        ),
        (["digits-net.npz", "others"], "was trained on arrays of 8×8 pixels, not on photographs"),
        (["flat.npz", "others"], "takes rows of shape (64,), not photographs"),
        (["pets.npz", "others", "--csv", "nowhere/o.csv"], "--csv: there is no folder"),
    ]:
        assert text in failed("predict", *argv)


def test_a_net_trained_on_arrays_is_told_how(arrays, pets, capsys):
    X, y = arrays
    clf = ConvNetClassifier([], max_iter=1).fit(X, y)
    clf.save("digits-net.npz")
    argv = ["predict", "digits-net.npz", "others/day/4.jpg", "--json", "--top", "10"]
    for fit in ("crop", "pad", "stretch"):
        assert cli.main([*argv, "--fit", fit]) == 0
        (one,) = json.loads(capsys.readouterr().out)["predictions"]
        reader = ImageReader(size=8, channels=1, fit_mode=fit)
        p = clf.predict_proba(reader.transform(["others/day/4.jpg"]))[0]
        assert {int(c["class"]): c["probability"] for c in one["top"]} == dict(enumerate(p))


@pytest.mark.parametrize("ending", ["pkl", "safetensors"])
def test_other_formats_know_the_form_too(photos, capsys, ending):
    options = ["--size", "12x20", "--channels", "1", "--fit", "pad", "--layers", "[]", "--quiet"]
    out = f"m.{ending}"
    assert cli.main(["train", "photos", *options, "--epochs", "1", "--out", out]) == 0
    capsys.readouterr()
    assert cli.main(["predict", out, "others/day/4.jpg", "--json"]) == 0
    (one,) = json.loads(capsys.readouterr().out)["predictions"]
    reader = ImageReader(size=(12, 20), channels=1, fit_mode="pad")
    p = load_model(out, ConvNetClassifier).predict_proba(reader.transform(["others/day/4.jpg"]))
    assert one["top"][0]["probability"] == p.max()
