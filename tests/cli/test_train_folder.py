"""convnet train on a folder of photographs."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from photographs import SMALL, trained, write_photographs

import convnet
from convnet import ConvNetClassifier, cli
from convnet._extras import install_command
from convnet.augment import RandomFlip, RandomRotation
from convnet.cli import recipe
from convnet.data import ImageFolder
from convnet.schedules import OneCycle

FORM = {"size": (16, 16), "channels": 3, "fit": "crop"}


def fitted(folder, rows=None, **changes):
    """The net that SMALL and trained stand for, trained through Python."""
    images = ImageFolder(folder, **FORM)
    images = images if rows is None else images[rows]
    params = {"max_iter": 40, "learning_rate_init": 0.01, "random_state": 0} | changes
    clf = ConvNetClassifier(
        [],
        batch_size=4,
        learning_rate=OneCycle(),
        n_iter_no_change=params["max_iter"],
        **params,
    )
    return clf.fit(images, np.array(images.target_names)[images.target])


def test_one_command(photos, capsys):
    assert cli.main(["train", "photos", "--size", "24", "--epochs", "2"]) == 0
    out, err = capsys.readouterr()
    assert "photos: 24 images of 2 classes: day 12, night 12" in out and not err
    assert os.listdir() and not os.path.exists("model.npz.checkpoint")
    assert "epoch 2/2" in out and "242,017" in out
    assert re.search(r"\ntest accuracy: [\d.]+ % \(5 images never used in training\)\n", out)
    assert re.search(r"2 epochs in [\d.]+ s: [\d.]+ s to read, [\d.]+ s to train", out)
    assert out.endswith("model written to model.npz\n")
    clf = convnet.load("model.npz")
    assert clf.classes_.tolist() == ["day", "night"]
    assert clf.image_form_ == {"size": (24, 24), "channels": 3, "fit": "crop"}


def test_the_same_net_as_through_python(photos, capsys):
    found = trained(capsys, "photos", "--val", "others", "--out", "pets.npz")
    clf, expected = convnet.load("pets.npz"), fitted("photos")
    images = ImageFolder("others", **FORM)
    p = expected.predict_proba(images)
    np.testing.assert_array_equal(clf.predict_proba(images), p)
    right = float(np.mean(p.argmax(axis=1) == images.target))
    assert found["test"]["accuracy"] == right and found["test"]["n"] == 10
    assert found["trained_on"] == 24 and found["epochs"] == found["best_epoch"] == 40
    assert found["model"] == "pets.npz" and found["classes"] == ["day", "night"]
    assert found["skipped"] == [] and found["loss"] == expected.loss_
    assert clf.warm_start is False and clf.n_iter_no_change == 40


def test_the_test_set_is_measured_after_each_epoch(photos, capsys):
    """Its curves are recorded; its last value is the accuracy that is printed."""
    for options in (["--val", "others"], ["--val-fraction", "0.3"]):
        found = trained(capsys, "photos", *options, "--out", "m.npz", "--force")
        clf = convnet.load("m.npz")
        assert len(clf.validation_scores_) == len(clf.validation_loss_curve_) == 40
        assert clf.validation_scores_[-1] == found["test"]["accuracy"]
        assert clf.best_iter_ == 40 and "validation_score" in clf.history_


def test_what_is_held_out_chooses_nothing(photos, capsys):
    """Another validation set, with wrong labels, leaves the same bits; with --keep-best it decides."""
    Path("wrong").mkdir()
    os.rename("others/day", "wrong/night")
    os.rename("others/night", "wrong/day")
    options = ["photos", "--val", "wrong", "--out"]
    assert trained(capsys, *options, "last.npz")["test"]["accuracy"] < 0.5
    X = ImageFolder("photos", **FORM)
    same = convnet.load("last.npz").predict_proba(X) == fitted("photos").predict_proba(X)
    assert same.all()
    assert trained(capsys, *options, "best.npz", "--keep-best")["best_epoch"] < 40
    command = ["train", *options, "best.npz", "--keep-best", *SMALL, "--epochs", "2", "--force"]
    assert cli.main(command) == 0
    assert "(10 images that chose the epoch)\n" in capsys.readouterr().out


def test_a_share_held_out(photos, capsys):
    found = trained(capsys, "photos", "--val-fraction", "0.25", "--seed", "3")
    assert found["trained_on"] == 18 and [one["n"] for one in found["test"]["classes"]] == [3, 3]
    assert trained(capsys, "photos", "--val-fraction", "0", "--force")["test"] is None


def test_options_reach_the_net(photos, capsys):
    options = ["--size", "12x20", "--channels", "1", "--fit", "pad", "--augment", "flip,rotate:9"]
    options += [
        "--layers",
        "[]",
        "--seed",
        "5",
        "--epochs",
        "1",
        "--batch-size",
        "7",
        "--jobs",
        "1",
    ]
    options += ["--cache", "1K", "--cache-dir", "kept", "--learning-rate", "0.02"]
    assert cli.main(["train", "photos", *options, "--out", "m.npz"]) == 0
    clf = convnet.load("m.npz")
    assert clf.image_form_ == {"size": (12, 20), "channels": 1, "fit": "pad"}
    assert clf.augment == [RandomFlip(), RandomRotation(9.0)]
    assert (clf.random_state, clf.max_iter, clf.batch_size, clf.n_jobs) == (5, 1, 7, 1)
    assert clf.learning_rate_init == 0.02 and os.listdir("kept")
    assert clf.input_shape_ == (12, 20, 1)


def test_a_cache_that_is_too_small_changes_no_bit(photos, capsys):
    trained(capsys, "photos", "--out", "a.npz")
    trained(capsys, "photos", "--out", "b.npz", "--cache", "2000", "--jobs", "1")
    a, b = (convnet.load(name).weights_ for name in ("a.npz", "b.npz"))
    assert all((a[name] == b[name]).all() for name in a)


def test_broken_files_are_told_and_left_out(photos, capsys):
    (photos / "day" / "text.jpg").write_text("no image")
    whole = (photos / "night" / "9.jpg").read_bytes()
    (photos / "night" / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    middle = bytearray(whole)
    middle[len(whole) // 2 : len(whole) // 2 + 300] = b"\xff\xd9" * 150
    (photos / "night" / "middle.jpg").write_bytes(bytes(middle))
    argv = ["train", "photos", *SMALL, "--epochs", "1", "--val-fraction", "0", "--json"]
    assert cli.main(argv) == 0
    out, err = capsys.readouterr()
    found = json.loads(out)
    names = [os.path.basename(one["file"]) for one in found["skipped"]]
    assert {"cut.jpg", "text.jpg"} <= set(names) <= {"cut.jpg", "text.jpg", "middle.jpg"}
    assert found["trained_on"] + len(names) == 27
    for one in found["skipped"]:
        assert f"convnet: skipped: {os.path.relpath(one['file'])} {one['reason']}\n" in err
    assert "Warning" not in err


def test_bad_folders(photos, folder, failed, capsys):
    Path("empty").mkdir()
    write_photographs("one", 2, kinds=("sun", "moon"))
    shutil.rmtree("one/sun")
    write_photographs("strange", 1, kinds=("day", "eel"))
    Path("flat").mkdir()
    os.link("photos/day/1.jpg", "flat/1.jpg")
    Path("split/train").mkdir(parents=True)
    os.rename("strange", "split/train/strange")
    write_photographs("strange", 1, kinds=("day", "eel"))
    (folder / "spec.txt").write_text("x")
    before = sorted(os.listdir())
    for argv, text in [
        (["nowhere"], "there is no file or folder nowhere. Pass a folder of photographs, an .npz"),
        (["photos/day/1.jpg"], "is one image. Pass a folder that has a folder of images for each"),
        (["empty"], "has no class folders. Put the images of each class into a separate folder"),
        (["flat"], "has 1 image but no class folders"),
        (["split"], "no class folder in 'split' contains an image"),
        (["one"], "one has images of one class only, moon. A model needs two classes"),
        (["photos", "--val", "nowhere"], "--val: there is no folder nowhere."),
        (["photos", "--val", "strange"], "strange has the class eel, which photos does not know"),
        (["photos", "--val-fraction", "0.01"], "or --val-fraction 0 to train on all."),
        (["photos", "--val-fraction", "0", "--keep-best"], "--keep-best needs a test set"),
        (["photos", "--size", "4", "--layers", "lenet"], "conv"),
        (["photos", "--size", "99999"], "size must have sides of at least 1"),
        (["photos", "--layers", "catdgo"], "Did you mean 'catdog'?"),
        (
            ["digits", "--size", "9"],
            "--size is for folders of photographs, and digits is not a folder",
        ),
        (["digits", "--cache-dir", "9"], "--cache-dir is for folders of photographs, and"),
    ]:
        assert text in failed("train", *argv, "--quiet")
    assert sorted(os.listdir()) == before


def test_without_pillow(photos, failed, monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL.Image", None)
    assert install_command("images") in failed("train", "photos")


@pytest.mark.parametrize("keep", [False, True])
def test_ctrl_c_leaves_the_epochs_done(photos, keep):
    # a process in the background may have been told to take no notice
    code = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from convnet.cli import main
sys.exit(main())
"""
    command = [sys.executable, "-u", "-c", code, "train", "photos", *SMALL, "--epochs", "100000"]
    command += ["--out", "pets.npz", *(["--keep-best"] if keep else [])]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        for line in process.stdout:
            if line.startswith("epoch      3/"):
                process.send_signal(signal.SIGINT)
                break
        _, err = process.communicate(timeout=300)
    assert process.returncode == 130
    found = re.fullmatch(
        r"convnet: interrupted; the model after (\d+) epochs(, of which \d+ was best,)? was written to pets.npz"
        r"; --resume continues the training\n",
        err,
    )
    assert found and bool(found[2]) == keep, err
    clf = convnet.load("pets.npz")
    assert clf.n_iter_ == int(found[1]) >= 3 and clf.warm_start is False
    if keep:
        assert clf.best_iter_ == 1 + int(np.argmax(clf.validation_scores_))
    assert cli.main(["predict", "pets.npz", "others"]) == 0


def test_ctrl_c_before_the_first_epoch_leaves_nothing(photos, capsys, monkeypatch):
    def interrupt(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr("convnet.training.loop.Loop._epoch", interrupt)
    assert cli.main(["train", "photos", *SMALL, "--quiet"]) == 130
    assert capsys.readouterr().err == "convnet: interrupted; nothing was written\n"
    assert not os.path.exists("model.npz")


@pytest.mark.parametrize("n, epochs", [(10, 200), (250, 160), (1000, 40), (2001, 20), (10**6, 20)])
def test_epochs_by_the_number_of_photographs(n, epochs):
    found = recipe.for_photographs(n, (150, 150))
    assert found.max_iter == found.n_iter_no_change == epochs


@pytest.mark.parametrize("side", [1, 8, 15, 16, 24, 79, 80, 150])
def test_the_default_net_suits_every_size(side):
    found = recipe.for_photographs(100, (side, side + 9))
    X = np.random.default_rng(0).integers(0, 256, (4, side, side + 9, 3), dtype=np.uint8)
    clf = ConvNetClassifier(found.layers, augment=found.augment, max_iter=1)
    clf.fit(X, [0, 1, 0, 1])
    assert np.isfinite(clf.predict_proba(X)).all()
