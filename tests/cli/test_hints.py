"""Hints for newcomers, and messages of their own for first mistakes."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from photographs import SMALL, trained, write_photographs

from convnet import cli
from convnet.cli import hints
from convnet.cli.data import split
from convnet.cli.errors import UsageError


def result(right, n_of_classes):
    n = sum(n_of_classes)
    classes = [{"name": f"c{i}", "n": k} for i, k in enumerate(n_of_classes)]
    return {"n": n, "accuracy": right / n, "classes": classes}


@pytest.mark.parametrize(
    ("right", "n_of_classes", "by_chance"),
    [
        (200, (200, 200), True),
        (218, (200, 200), True),  # within the spread of guesses
        (230, (200, 200), False),
        (300, (300, 100), True),  # always the same answer
        (5, (5, 5), True),
        (6, (5, 5), False),  # too few to tell
        (0, (10, 10, 10), True),
        (20, (20,), False),  # one class only: nothing to guess
    ],
)
def test_chance_level(right, n_of_classes, by_chance):
    found = hints.about_accuracy(result(right, n_of_classes), "image")
    assert any("hardly better than guessing" in text for text in found) == by_chance
    assert any("few to test on" in text for text in found) == (sum(n_of_classes) < 100)


def test_the_interval_of_few_images():
    (text,) = hints.about_accuracy(result(5, (3, 2)), "image")
    assert text == (
        "5 images are few to test on: the accuracy on many new images may be anywhere from 57 % to 100 %."
    )


def test_few_photographs():
    assert hints.about_training_set([100, 200], pretrained=False) == []
    assert hints.about_training_set([10, 20], pretrained=True) == []
    assert len(hints.about_training_set([10, 20], pretrained=False)) == 1
    (text,) = hints.about_training_set([300, 1], pretrained=False)
    assert text.startswith("1 photograph of a class is few to learn from.")


def test_train_and_evaluate_print_them(photos, capsys):
    argv = [
        "train",
        "photos",
        *SMALL[:4],
        "--epochs",
        "1",
        "--learning-rate",
        "1e-9",
        "--val",
        "others",
    ]
    assert cli.main([*argv, "--quiet"]) == 0
    out = capsys.readouterr().out
    assert (
        'hint: This is hardly better than guessing: the answer "day" for every image would be'
        in out
    )
    assert "hint: 10 images are few to test on" in out
    assert "hint: 12 photographs of a class are few to learn from." in out
    assert cli.main(["evaluate", "model.npz", "others", "--quiet", "--json"]) == 0
    out, err = capsys.readouterr()
    assert len(json.loads(out)["hints"]) == 2 and not err


def test_one_photograph_of_a_class(photos, failed):
    for i in range(1, 12):
        os.unlink(f"photos/night/{i}.jpg")
    text = failed("train", "photos", "--quiet")
    assert (
        "the class night has one image, but testing needs at least two of each class: one to train on and one to "
        "test on. Add images, or pass --val-fraction 0 to train on all without a test." in text
    )
    argv = ["train", "photos", *SMALL, "--epochs", "1", "--val-fraction", "0", "--quiet"]
    assert cli.main(argv) == 0


@pytest.mark.parametrize("n", [2, 3, 4, 9, 10, 11])
def test_two_photographs_of_a_class_are_enough(n):
    y = np.repeat(["a", "b", "c"], n)
    train, test = split(y, None, 0, "image")
    assert set(y[train]) == {"a", "b", "c"} and len(test) == max(3, -(-3 * n // 5))
    assert n > 2 or set(y[test]) == {"a", "b", "c"}


def test_a_share_that_leaves_out_classes():
    y = np.repeat(["a", "b", "c"], 10)
    for share in (0.05, 0.95):
        with pytest.raises(UsageError, match=r"at least one of each of the 3 classes"):
            split(y, share, 0, "image")


def test_predict_digits(pets, failed, capsys):
    text = failed("predict", "pets.npz", "digits")
    assert (
        "To try the model on scikit-learn's digits, whose labels are known, use: convnet evaluate"
        in text
    )
    shutil.copytree("others", "digits")
    assert cli.main(["predict", "pets.npz", "digits"]) == 0
    assert capsys.readouterr().out.count("\n") == 10


def test_what_file_managers_leave_is_passed_over(pets, capsys):
    for path in ("others/__MACOSX/0.jpg", "others/@eaDir/0.jpg", "others/day/@eaDir/0.jpg"):
        Path(path).parent.mkdir(exist_ok=True)
        shutil.copy("others/day/0.jpg", path)
    for path in ("others/.DS_Store", "others/day/Thumbs.db", "others/day/._0.jpg"):
        Path(path).write_text("")
    assert cli.main(["predict", "pets.npz", "others"]) == 0
    assert capsys.readouterr().out.count("\n") == 10
    assert cli.main(["evaluate", "pets.npz", "others", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["n"] == 10 and not found["skipped"]


def test_quiet_with_json_prints_nothing_else(photos, capsys):
    trained(capsys, "photos", "--out", "m.npz")
    write_photographs("more", 3)
    for argv in [
        ["train", "photos", *SMALL, "--epochs", "2", "--out", "n.npz"],
        ["predict", "m.npz", "more"],
        ["evaluate", "m.npz", "more"],
        ["inspect", "m.npz", "more", "--only", "history"],
        ["summary", "m.npz"],
        ["specs"],
    ]:
        assert cli.main([*argv, "--quiet", "--json"]) == 0
        out, err = capsys.readouterr()
        assert json.loads(out)["command"] == argv[0] and not err
