"""--labels: labels from a CSV file instead of one folder per class."""

import csv
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from photographs import SMALL, trained

import convnet
from convnet import cli


@pytest.fixture
def flat(photos):
    """Put all photographs of photos and of others into folders without subfolders, with tables of labels."""
    for source, to in [("photos", "flat"), ("others", "more")]:
        os.mkdir(to)
        with open(f"{to}.csv", "w", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(["file", "label"])
            for path in sorted(Path(source).rglob("*.jpg")):
                name = f"{path.parent.name}{path.name}"
                shutil.copy(path, Path(to, name))
                rows.writerow([name, path.parent.name])


def test_the_same_model_as_from_folders(flat, capsys):
    options = ["flat", "--labels", "flat.csv", "--val", "more", "--val-labels", "more.csv"]
    found = trained(capsys, *options, "--out", "a.npz")
    expected = trained(capsys, "photos", "--val", "others", "--out", "b.npz")
    for key in ("test", "classes", "trained_on"):
        assert found[key] == expected[key]
    a, b = (convnet.load(name).weights_ for name in ("a.npz", "b.npz"))
    for name in b:
        np.testing.assert_array_equal(a[name], b[name])


def test_evaluate_and_inspect(flat, capsys):
    trained(capsys, "photos", "--out", "m.npz")
    assert cli.main(["evaluate", "m.npz", "more", "--labels", "more.csv", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["n"] == 10 and [one["n"] for one in found["classes"]] == [5, 5]
    argv = ["inspect", "m.npz", "more", "--labels", "more.csv", "--only", "confusion"]
    assert cli.main(argv) == 0


def test_the_table_that_predict_writes_is_one(flat, capsys):
    trained(capsys, "photos", "--out", "m.npz")
    assert cli.main(["predict", "m.npz", "flat", "--csv", "p.csv"]) == 0
    capsys.readouterr()
    assert cli.main(["evaluate", "m.npz", "flat", "--labels", "p.csv", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["accuracy"] == 1


def test_missing_files_are_told(flat, capsys):
    Path("flat/day0.jpg").unlink()
    argv = ["train", "flat", "--labels", "flat.csv", *SMALL, "--epochs", "1", "--quiet"]
    assert cli.main(argv) == 0
    assert (
        "convnet: skipped: flat/day0.jpg does not exist (line 2 of flat.csv)"
        in capsys.readouterr().err
    )


def test_bad_input(flat, failed):
    Path("one.csv").write_text("day0.jpg,cat\nday1.jpg,cat\n")
    Path("two.csv").write_text("day0.jpg,cat\nday0.jpg,dog\n")
    for argv, text in [
        (
            ["flat"],
            "or list them in a CSV file with the columns file and label (--labels FILE.csv).",
        ),
        (
            ["flat.csv"],
            "flat.csv is a table. Pass the folder of its images and the table, as in: photos/",
        ),
        (["flat", "--labels", "none.csv"], "'none.csv' cannot be read"),
        (["flat", "--labels", "one.csv"], "flat has images of one class only, cat."),
        (["flat", "--labels", "two.csv"], "gives 'day0.jpg' two labels"),
        (
            ["flat", "--labels", "flat.csv", "--val", "more"],
            "'more' has 10 images but no class folders",
        ),
        (["flat", "--labels", "flat.csv", "--val-labels", "more.csv"], "--val-labels needs --val"),
        (["digits", "--labels", "flat.csv"], "--labels is for folders of photographs"),
        (["flat", "--labels", "flat.csv", "--out", "flat.csv"], "this command reads flat.csv"),
    ]:
        assert text in failed("train", *argv, "--quiet")
