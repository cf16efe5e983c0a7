"""Images that a model was trained on are recognized when it is tested on them."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from photographs import SMALL, trained, write_photographs
from PIL import Image

import convnet
from convnet import ConvNetClassifier, cli

ALL = "accuracy: 100.0 % (24 images, all used in training)\n"


def evaluated(capsys, *argv):
    assert cli.main(["evaluate", *argv, "--quiet", "--force"]) == 0
    return capsys.readouterr().out


def test_training_images_under_other_names(pets, capsys):
    assert evaluated(capsys, "pets.npz", "photos").startswith(ALL)
    shutil.move("photos", "moved")
    for i, path in enumerate(sorted(Path("moved").rglob("*.jpg"))):
        with Image.open(path) as image:  # the same pixels in another format
            image.save(path.with_name(f"new{i}.png"))
        path.unlink()
    out = evaluated(capsys, "pets.npz", "moved")
    assert out.startswith(ALL)
    assert (
        "hint: The model was trained on these images. On new images, expect a lower accuracy" in out
    )


def test_some_training_images(pets, capsys):
    for i in range(3):
        shutil.copy(f"photos/day/{i}.jpg", f"others/day/copy{i}.jpg")
    out = evaluated(capsys, "pets.npz", "others")
    assert "% (13 images, 3 of them used in training)\n" in out
    assert "hint: The model was trained on some of these images." in out
    assert cli.main(["evaluate", "pets.npz", "others", "--json", "--quiet", "--force"]) == 0
    out, err = capsys.readouterr()
    found = json.loads(out)
    assert found["used_in_training"] == 3 and not err
    assert "some of these" in found["hints"][0]


def test_new_images(pets, capsys):
    out = evaluated(capsys, "pets.npz", "others")
    assert out.startswith("test accuracy: 100.0 % (10 images never used in training)\n")
    assert "was trained on" not in out


@pytest.mark.filterwarnings("ignore:.*fit='stretch'")
def test_another_fit_reads_other_pixels_of_the_same_images(pets, capsys):
    out = evaluated(capsys, "pets.npz", "photos", "--fit", "stretch")
    assert "(24 images, all used in training)" in out


def test_the_test_set_of_a_training_that_holds_training_images(photos, capsys):
    assert cli.main(["train", "photos", "--val", "photos", *SMALL, "--epochs", "2"]) == 0
    out = capsys.readouterr().out
    assert "(24 images, all used in training)\n" in out and "hint: The model was trained on" in out


def test_a_model_that_was_trained_in_python_does_not_know(arrays, capsys):
    X, y = arrays
    ConvNetClassifier([], max_iter=1).fit(X, y).save("net.npz")
    assert " % (300 rows)\n" in evaluated(capsys, "net.npz", "digits.npz").partition("class")[0]


def test_arrays_of_another_type_and_shape(arrays, capsys):
    X, y = arrays
    X = X.astype(np.float32) / 255
    np.savez("train.npz", X=X[:200], y=y[:200])
    np.savez("test.npz", X=X[100:].astype(float).reshape(200, 64), y=y[100:])
    argv = ["train", "train.npz", "--layers", "[]", "--epochs", "1", "--val-fraction", "0"]
    assert cli.main([*argv, "--quiet"]) == 0
    assert "(200 rows, 100 of them used in training)" in evaluated(capsys, "model.npz", "test.npz")


@pytest.mark.parametrize("ending", ["safetensors", "pkl", "joblib"])
def test_formats(photos, capsys, ending):
    name = f"m.{ending}"
    trained(capsys, "photos", "--val-fraction", "0", "--out", name)
    assert evaluated(capsys, name, "photos").startswith(ALL)


def test_images_that_chose_the_epoch(photos, capsys):
    trained(capsys, "photos", "--val", "others", "--keep-best", "--out", "m.npz")
    out = evaluated(capsys, "m.npz", "others")
    assert "% (10 images that chose the epoch)\n" in out and "hint: The best epoch for these" in out


def test_the_images_of_the_model_that_it_started_from(pets, capsys):
    trained_on = ["train", "others", "--from", "pets.npz", "--val-fraction", "0", "--epochs", "2"]
    assert cli.main([*trained_on, "--out", "tuned.npz", "--quiet"]) == 0
    capsys.readouterr()
    for folder in ("photos", "others"):
        assert "all used in training)" in evaluated(capsys, "tuned.npz", folder)
    write_photographs("new", 3, seed=7)
    assert "never used in training" in evaluated(capsys, "tuned.npz", "new")


def test_the_file_stays_small_and_another_fit_forgets(pets):
    clf = convnet.load("pets.npz")
    assert os.path.getsize("pets.npz") < 12_000
    assert clf._seen_images.keys() == {"training"}
    clf.fit(np.zeros((4, 16, 16, 3), np.uint8), ["day", "night"] * 2)
    assert not hasattr(clf, "_seen_images")
