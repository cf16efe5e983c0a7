"""Files that commands read and write: models, arrays, and what must not be lost."""

import csv
import json
import os
import pickle
import shutil
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from photographs import SMALL

import convnet
from convnet import ConvNetClassifier, cli


def test_what_is_read_is_not_replaced(pets, arrays, failed):
    Path("spec.json").write_text("[]")
    os.link("digits.npz", "model.npz")  # the default of --out
    before = {name: Path(name).read_bytes() for name in ("digits.npz", "pets.npz", "spec.json")}
    for argv in [
        ["train", "digits.npz", "--out", "digits.npz"],
        ["train", "model.npz"],
        ["train", "digits", "--val", "digits.npz", "--out", "./digits.npz"],
        ["train", "photos", "--layers", "spec.json", "--out", "spec.json"],
        ["predict", "pets.npz", "others", "--csv", "pets.npz"],
        ["predict", "pets.npz", "others/day/1.jpg", "--csv", "others/day/1.jpg"],
    ]:
        assert (
            f"this command reads {argv[-1]}, so it cannot write it. Pass another path."
            in failed(*argv)
        )
    assert before == {name: Path(name).read_bytes() for name in before}


@pytest.mark.parametrize("command", ["predict", "evaluate", "inspect", "summary"])
def test_a_net_that_was_not_fitted(photos, failed, command):
    Path("new.pkl").write_bytes(pickle.dumps(ConvNetClassifier([])))
    others = [] if command == "summary" else ["others"]
    assert "new.pkl holds a ConvNetClassifier that is not fitted yet." in failed(
        command, "new.pkl", *others
    )


def test_arrays_that_are_damaged(pets, failed):
    np.savez_compressed("bad.npz", X=np.random.default_rng(0).random((40, 8, 8)), y=np.zeros(40))
    damaged = bytearray(Path("bad.npz").read_bytes())
    damaged[200:260] = b"\xff" * 60
    Path("bad.npz").write_bytes(bytes(damaged))
    assert "cannot read bad.npz: Error -3" in failed("train", "bad.npz")
    assert "cannot read bad.npz: Error -3" in failed("predict", "pets.npz", "bad.npz")


def test_a_folder_in_the_place_of_arrays(photos, failed):
    assert "photos is a folder. Pass a file of arrays" in failed(
        "train", "digits", "--val", "photos"
    )


@pytest.mark.parametrize("ending", ["npz", "safetensors", "pkl", "pickle", "joblib"])
def test_a_model_of_any_format_is_summed_up(photos, capsys, ending):
    """What train says at its end is a command that works."""
    name = f"pets.{ending}"
    assert cli.main(["train", "photos", *SMALL, "--epochs", "1", "--out", name]) == 0
    assert f"convnet summary {name} shows its layers" in capsys.readouterr().out
    assert cli.main(["summary", name, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["parameters"] == 16 * 16 * 3 + 1


def test_a_file_named_like_a_spec(folder, capsys):
    Path("lenet").write_text("no model")
    assert cli.main(["summary", "lenet", "--input", "28x28x1"]) == 0


@pytest.mark.skipif(sys.platform != "linux", reason="names of files are bytes on Linux alone")
def test_names_that_are_no_text(pets, capsys):
    Path("odd").mkdir()
    shutil.copy("others/day/1.jpg", b"odd/\xff caf\xc3\xa9.jpg")
    assert cli.main(["predict", "pets.npz", "odd"]) == 0
    assert cli.main(["predict", "pets.npz", "odd", "--csv", "o.csv"]) == 0
    with open("o.csv", newline="", encoding="utf-8", errors="surrogateescape") as file:
        _, row = csv.reader(file)
    assert os.fsencode(row[0]) == b"odd/\xff caf\xc3\xa9.jpg"


@pytest.mark.parametrize("value", ["0", "-1"])
def test_a_learning_rate_that_cannot_be(photos, failed, value):
    text = failed("train", "photos", *SMALL, f"--learning-rate={value}", "--quiet")
    assert f"--learning-rate must be a number above 0; got {value}" in text


@pytest.mark.slow
def test_labels_of_another_kind_of_number(arrays, capsys):
    """Of 3, 3.0 and "3" all are the class 3."""
    X, y = arrays
    np.savez("floats.npz", X=X, y=y.astype(float))
    np.savez("texts.npz", X=X, y=y.astype("U"))
    ConvNetClassifier([], max_iter=10, learning_rate_init=0.02, random_state=0).fit(
        X, y.astype(float)
    ).save("floats-net.npz")
    ConvNetClassifier([], max_iter=10, learning_rate_init=0.02, random_state=0).fit(X, y).save(
        "net.npz"
    )
    found = {}
    for argv in [
        *(("floats-net.npz", "floats.npz"), ("floats-net.npz", "digits.npz")),
        *(("net.npz", "floats.npz"), ("net.npz", "digits.npz"), ("net.npz", "texts.npz")),
    ]:
        assert cli.main(["evaluate", *argv, "--json", "--force"]) == 0
        found[argv] = json.loads(capsys.readouterr().out)
        assert len(found[argv]["classes"]) == 10
    expected = convnet.load("net.npz").score(X, y)
    assert {one["accuracy"] for one in found.values()} == {expected} and expected > 0.2


def test_nothing_is_made_for_data_that_are_refused(pets, arrays, failed):
    failed("evaluate", "pets.npz", "nowhere", "--out", "seen")
    assert not os.path.exists("seen")


def test_inspect_explains_nets_without_maps(arrays, capsys):
    X, y = arrays
    ConvNetClassifier([], max_iter=1).fit(X, y).save("flat.npz")
    argv = ["inspect", "flat.npz", "digits.npz", "--images", "1"]
    assert cli.main([*argv, "--only", "explanations,confusion"]) == 0
    assert "explanations.png" in capsys.readouterr().out


def test_another_fit_is_told_once(pets, capsys):
    """The option counts, and is told to be another than that of the training; the one of the training is not."""
    assert cli.main(["evaluate", "pets.npz", "others", "--fit", "crop", "--out", "one"]) == 0
    assert not capsys.readouterr().err
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        assert cli.main(["evaluate", "pets.npz", "others", "--fit", "pad", "--out", "seen"]) == 0
    err = capsys.readouterr().err
    assert err.count("fit='pad', but the fit was on one with 'crop'") == err.count("\n") == 1
