"""The lessons: their texts, their documents, and the program that writes them."""

import runpy
import sys
from pathlib import Path
from urllib.parse import parse_qs

import digit_lesson
import lesson_text
import numpy as np
import pets_lesson
import pytest
from explorer_pages import document_of
from lesson_pages import NAMES, build, digits, pets

from convnet.inspection.explorer import Lesson, TourStep

ROOT = Path(__file__).parents[2]
PROGRAM = str(ROOT / "docs" / "lessons_builder")


@pytest.fixture(scope="module")
def documents(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lessons")
    return {name: document_of(build(name, folder / f"{name}.html").path) for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_the_tour_names_what_is_there(documents, name):
    document = documents[name]
    lesson = document["lesson"]
    assert 8 <= len(lesson["steps"]) <= 11
    layers = {layer["name"]: layer for layer in document["net"]["layers"]}
    assert lesson["steps"][-1]["look"] == "costs"
    for step in lesson["steps"]:
        assert step["title"] and step["text"] and "{" not in step["text"] + step["show"]
        assert len(step["text"]) < 450, step["title"]  # a sheet of a small screen
        view = {key: value[0] for key, value in parse_qs(step["show"], True).items()}
        assert view["layer"] == "" or view["layer"] in layers
        assert int(view.get("image", 0)) < len(document["samples"])
        shape = [1, 1, *layers[view["layer"]]["shape"]][-3:] if view["layer"] else (1, 1, 1)
        for key, size in zip(("row", "column", "channel"), shape, strict=True):
            limit = size + 2 if "padding" in view else size
            assert int(view.get(key, 0)) < limit, step["title"]


def test_the_edge_image(documents):
    document = documents["edge"]
    assert [sample["outputs"] for sample in document["samples"][:3]] == [
        [30] * 4,
        [30, 0] * 2,
        [0] * 4,
    ]
    assert document["lesson"]["kernels"][0]["values"] == [1, 0, -1] * 3
    assert "576 weights in place of 9" in document["lesson"]["steps"][-1]["text"]


def test_the_digit_of_the_tour_is_predicted_correctly(documents):
    net, X, _ = digits()
    document = documents["digit"]
    first, *_, last = document["samples"]
    assert first["label"] == first["prediction"] == "7"
    share = 100 * net.predict_proba(X[int(first["name"])][None]).max()
    assert f"7, with {share:.1f}%" in document["lesson"]["steps"][0]["text"]
    assert "1,138 parameters" in document["lesson"]["summary"]
    assert last["correct"] is False
    mistake = document["lesson"]["steps"][-2]
    wrong = document["samples"][int(parse_qs(mistake["show"])["image"][0])]
    assert f"This is a {wrong['label']}, and the net says {wrong['prediction']}." in mistake["text"]


def test_photographs_are_those_that_the_net_is_certain_of(documents):
    net, X, y = pets()
    samples = documents["pets"]["samples"]
    right = [sample for sample in samples if sample["correct"]]
    assert [s["correct"] for s in samples] == [True] * len(right) + [False] * (
        len(samples) - len(right)
    )
    assert 1 <= len(samples) - len(right) <= pets_lesson.MISTAKES
    labels = [sample["label"] for sample in right]
    assert labels == sorted(labels) and set(labels) == {"cat", "dog"}
    sure = [max(sample["values"]) for sample in right if sample["label"] == "cat"]
    assert sure == sorted(sure, reverse=True)
    assert samples[0]["name"].endswith(".jpg")
    accuracy = f"{100 * np.mean(net.predict(X) == y):.0f}%"
    assert accuracy in documents["pets"]["lesson"]["summary"]


def test_the_part_of_the_image_that_a_value_depends_on():
    """A window of 2 with stride 2, then four times a 3×3 convolution, with three pools of 2×2 between them."""
    net, _, _ = pets()
    fields = {"pool1": 2, "conv1": 2 + 2 * 2, "conv2": 8 + 2 * 4, "activation4": 44 + 2 * 16}
    for name, expected in fields.items():
        assert pets_lesson.receptive_field(net, name) == expected


def test_steps_without_their_fact_are_left_out(tmp_path):
    net, X, _ = digits()
    page = digit_lesson.build(net, X, net.predict(X), tmp_path / "a.html")
    steps = document_of(page.path)["lesson"]["steps"]
    assert "A mistake" not in [step["title"] for step in steps] and len(steps) >= 8


def test_wrong_data(tmp_path):
    net, X, y = digits()
    with pytest.raises(ValueError, match="none of the images of a 7 correctly"):
        digit_lesson.build(net, X[y != 7], y[y != 7], tmp_path / "a.html")
    net, X, y = pets()
    with pytest.raises(ValueError, match="no photograph of a cat correctly"):
        pets_lesson.build(net, X, np.full(len(X), "dog"), tmp_path / "a.html")


def test_wrong_lessons():
    step = TourStep("a", "b", "layer=", "lab")
    with pytest.raises(ValueError, match=r"step 1 looks at the panel 'lab'.*Use net"):
        Lesson("", [step], ["net"])
    with pytest.raises(ValueError, match=r"panel 'map' is not known\. Use images, "):
        Lesson("", [], ["map"])


def run(*arguments, monkeypatch):
    monkeypatch.setattr(sys, "argv", [PROGRAM, *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(PROGRAM, run_name="__main__")
    return ended.value.code


def test_the_program(tmp_path, monkeypatch, capsys):
    net, X, y = digits()
    monkeypatch.setattr(digit_lesson, "train", lambda *arrays: net)
    np.savez(tmp_path / "mnist.npz", X_train=X, y_train=y, X_test=X, y_test=y)
    options = ("--out", tmp_path / "out", "--mnist", tmp_path / "mnist.npz", "--nets", tmp_path)
    assert run(*options, monkeypatch=monkeypatch) == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["digit.html", "edge.html"]
    monkeypatch.setattr(digit_lesson, "train", None)  # the net is read
    assert run("digit", *options, monkeypatch=monkeypatch) == 0
    assert "digit.html: 0." in capsys.readouterr().out
    for names, message in ((["none"], "no lesson 'none'"), (["pets"], "needs --photographs")):
        assert run(*names, *options, monkeypatch=monkeypatch) == 2
        assert message in capsys.readouterr().err


def test_photographs_are_read_from_a_folder(tmp_path, monkeypatch):
    image = pytest.importorskip("PIL.Image")
    net, X, y = pets()
    for part in ("train", "validation"):
        for i, (pixels, label) in enumerate(zip(X, y, strict=True)):
            (tmp_path / part / label).mkdir(parents=True, exist_ok=True)
            image.fromarray(pixels).save(tmp_path / part / label / f"{i}.png")
    monkeypatch.setattr(pets_lesson, "SIDE", 48)
    monkeypatch.setattr(pets_lesson, "train", lambda images, labels: net)
    options = ("--out", tmp_path / "out", "--photographs", tmp_path)
    assert run("pets", *options, monkeypatch=monkeypatch) == 0
    found = document_of(tmp_path / "out" / "pets.html")
    assert found["samples"][0]["label"] == "cat" and found["samples"][0]["name"].endswith(".png")


def test_a_translation_is_another_file(tmp_path, monkeypatch, capsys):
    for name in NAMES:
        text = (lesson_text.FOLDER / f"{name}.en.toml").read_text(encoding="utf-8")
        (tmp_path / f"{name}.de.toml").write_text(
            text.replace("The edge image", "Das Kantenbild"), encoding="utf-8"
        )
    monkeypatch.setattr(lesson_text, "FOLDER", tmp_path)
    options = ("edge", "--out", tmp_path / "out", "--language")
    assert run(*options, "de", monkeypatch=monkeypatch) == 0
    assert document_of(tmp_path / "out" / "edge.html")["title"] == "Das Kantenbild"
    assert run(*options, "fr", monkeypatch=monkeypatch) == 2
    assert "'de'" in capsys.readouterr().err
