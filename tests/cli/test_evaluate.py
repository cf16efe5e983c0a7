"""convnet evaluate."""

import json
import os
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from photographs import write_photographs
from PIL import Image
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

import convnet
from convnet import ConvNetClassifier, cli, inspection
from convnet._extras import missing_extra
from convnet.cli import evaluate, matrix
from convnet.data import ImageFolder


@pytest.fixture
def mixed(pets):
    """others, in which some photographs lie in the wrong folder."""
    os.rename("others/day/1.jpg", "others/night/strange.jpg")
    os.rename("others/night/2.jpg", "others/day/odd.jpg")
    os.rename("others/night/3.jpg", "others/day/odder.jpg")


def test_figures_are_those_of_scikit_learn(mixed, capsys):
    assert cli.main(["evaluate", "pets.npz", "others", "--json", "--out", "seen"]) == 0
    found = json.loads(capsys.readouterr().out)
    images = ImageFolder("others", size=16)
    clf = convnet.load("pets.npz")
    y, predicted = np.array(images.target_names)[images.target], clf.predict(images)
    counts = confusion_matrix(y, predicted)
    assert found["confusion"] == counts.tolist() and counts.min() > 0
    assert found["accuracy"] == np.mean(y == predicted) and found["n"] == 10
    figures = precision_recall_fscore_support(y, predicted)
    for i, one in enumerate(found["classes"]):
        assert one["name"] == clf.classes_[i]
        np.testing.assert_allclose(
            [one["precision"], one["recall"], one["n"]],
            [figures[0][i], figures[1][i], figures[3][i]],
        )
    wrong = np.flatnonzero(y != predicted)
    sure = clf.predict_proba(images).max(axis=1)
    order = wrong[np.argsort(-sure[wrong], kind="stable")]
    assert [one["file"] for one in found["mistakes"]] == [
        os.path.relpath(images.filenames[row]) for row in order
    ]
    assert [one["probability"] for one in found["mistakes"]] == sure[order].tolist()
    assert [(one["true"], one["predicted"]) for one in found["mistakes"]] == [
        (y[row], predicted[row]) for row in order
    ]
    assert found["pictures"] == ["seen/confusion_matrix.png", "seen/mistakes.png"]


def test_what_is_printed(mixed, capsys):
    assert cli.main(["evaluate", "pets.npz", "others"]) == 0
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert lines[:2] == [
        "reading others ...",
        "test accuracy: 70.0 % (10 images never used in training)",
    ]
    assert lines[3:6] == [
        "class  precision  recall  images",
        "day       80.0 %  66.7 %       6",
        "night     60.0 %  75.0 %       4",
    ]
    assert lines[8:11] == ["       day  night", "day      4      2", "night    1      3"]
    assert lines[-2:] == ["evaluation/confusion_matrix.png", "evaluation/mistakes.png"] and not err
    worst = out.partition("worst mistakes, true class → predicted class:\n")[2].splitlines()[:3]
    assert {line.split("  ")[0] for line in worst} == {
        "others/day/odd.jpg",
        "others/day/odder.jpg",
        "others/night/strange.jpg",
    }


def test_pictures(mixed, capsys, monkeypatch):
    drawn, before = {}, plt.get_fignums()
    plot = inspection.MistakesDisplay.plot
    monkeypatch.setattr(
        inspection.MistakesDisplay, "plot", lambda self: plot(drawn.setdefault("mistakes", self))
    )
    monkeypatch.setattr(
        evaluate, "draw_matrix", lambda *args: drawn.setdefault("matrix", matrix.draw_matrix(*args))
    )
    argv = ["evaluate", "pets.npz", "others", "--out", "seen", "--mistakes", "2"]
    assert cli.main(argv) == 0
    display, images = drawn["mistakes"], ImageFolder("others", size=16)
    assert len(display.images) == 2 and (display.n_mistakes, display.n_rows) == (3, 10)
    for image, row, true in zip(display.images, display.rows, display.true, strict=True):
        np.testing.assert_allclose(image, images[row] / 255, atol=1e-6)
        assert images.target_names[images.target[row]] == true
    texts = {text.get_position(): text.get_text() for text in drawn["matrix"].axes[0].texts}
    assert texts == {(0, 0): "4", (1, 0): "2", (0, 1): "1", (1, 1): "3"}  # (column, row)
    for name in ("confusion_matrix", "mistakes"):
        with Image.open(f"seen/{name}.png") as image:
            assert image.format == "PNG" and min(image.size) > 100
    assert plt.get_fignums() == before


def test_no_mistakes(pets, capsys):
    assert cli.main(["evaluate", "pets.npz", "photos", "--quiet"]) == 0
    out = capsys.readouterr().out
    assert (
        out.startswith("accuracy: 100.0 % (24 images, all used in training)\n")
        and "worst" not in out
    )
    assert Path("evaluation/mistakes.png").exists()


def test_a_class_that_lacks(pets, capsys):
    """A folder of one class is tested all the same; what cannot be said is a dash, and null in JSON."""
    for i in range(5):
        os.unlink(f"others/night/{i}.jpg")
    assert cli.main(["evaluate", "pets.npz", "others", "--json"]) == 0
    day, night = json.loads(capsys.readouterr().out)["classes"]
    assert day["precision"] == 1 and day["n"] == 5
    assert night == {"name": "night", "precision": None, "recall": None, "n": 0}
    assert cli.main(["evaluate", "pets.npz", "others", "--force"]) == 0
    assert "night          -        -       0" in capsys.readouterr().out


def test_arrays_and_classes_that_are_numbers(arrays, folder, capsys):
    X, y = arrays
    clf = ConvNetClassifier([], max_iter=3, random_state=0).fit(X, y)
    clf.save("net.npz")
    assert cli.main(["evaluate", "net.npz", "digits.npz", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["accuracy"] == clf.score(X, y) and found["mistakes"][0].keys() >= {"row", "true"}
    for i in range(20):
        Path("scans", str(y[i])).mkdir(parents=True, exist_ok=True)
        Image.fromarray(X[i]).save(f"scans/{y[i]}/{i}.png")
    assert cli.main(["evaluate", "net.npz", "scans", "--fit", "stretch", "--json", "--force"]) == 0
    assert json.loads(capsys.readouterr().out)["accuracy"] == clf.score(X[:20], y[:20])


def test_skipped_files_are_told(pets, capsys):
    Path("others/day/text.jpg").write_text("no image")
    assert cli.main(["evaluate", "pets.npz", "others", "--json"]) == 0
    out, err = capsys.readouterr()
    found = json.loads(out)
    assert (
        found["n"] == 10 and found["skipped"][0]["reason"] == "is not an image that Pillow can read"
    )
    assert "convnet: skipped: others/day/text.jpg is not an image" in err


def test_without_matplotlib(pets, failed, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert cli.main(["evaluate", "pets.npz", "others"]) == 0
    out, err = capsys.readouterr()
    assert "accuracy" in out and err.startswith(
        f"no pictures were drawn: {missing_extra('Drawing pictures', 'matplotlib', 'plot')}"
    )
    assert not os.path.exists("evaluation")
    assert cli.main(["evaluate", "pets.npz", "others", "--quiet"]) == 0
    assert capsys.readouterr().err == ""
    text = failed("evaluate", "pets.npz", "others", "--out", "seen")
    assert missing_extra("Drawing pictures", "matplotlib", "plot") in text


def test_bad_input(pets, arrays, failed):
    X, y = arrays
    write_photographs("strange", 1, kinds=("day", "eel", "fox"))
    ConvNetClassifier([], max_iter=1).fit(X, np.stack([y % 2, y > 4], axis=1).astype(int)).save(
        "several.npz"
    )
    for argv, text in [
        (
            ["pets.npz", "nowhere"],
            "there is no file or folder nowhere. Pass a folder of photographs",
        ),
        (
            ["pets.npz", "strange"],
            "the class eel and 1 more, which pets.npz does not know. It knows day, night.",
        ),
        (["pets.npz", "digits.npz"], "expected (n, 16, 16, 3)"),
        (["several.npz", "digits.npz"], "the model predicts several labels per image"),
        (["pets.npz", "others", "--out", "pets.npz"], "--out: pets.npz is a file. Pass a folder."),
        (["pets.npz", "digits.npz", "--fit", "pad"], "--fit is for folders of photographs"),
    ]:
        assert text in failed("evaluate", *argv, "--quiet")


def test_ctrl_c_says_what_was_written(pets, capsys, monkeypatch):
    def interrupt(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(inspection.MistakesDisplay, "plot", interrupt)
    assert cli.main(["evaluate", "pets.npz", "others"]) == 130
    assert "interrupted; 1 picture was written to evaluation" in capsys.readouterr().err


@pytest.mark.parametrize("k", [1, 2, 10, 40, 200])
def test_a_matrix_of_any_number_of_classes(k):
    counts = np.diag(np.arange(k) + 5)
    names = [f"a class of long name {i}" for i in range(k)]
    figure = matrix.draw_matrix(counts, names, "title")
    assert max(figure.get_size_inches()) < 16
    ax = figure.axes[0]
    assert len(ax.get_xticklabels()) == k
    assert len(ax.texts) == (k if k <= 40 else 0)
