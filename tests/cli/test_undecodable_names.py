"""Folders and files whose names are not valid text, or would change the terminal, in every command and display."""

import json
import os
import shutil
import subprocess
import sys

import matplotlib.pyplot as plt
import numpy as np
import pytest
from photographs import SMALL, write_photographs

from convnet import ConvNetClassifier, cli, inspection
from convnet.data import load_images
from convnet.layers import Conv2D

NAMES = {"latin": os.fsdecode(b"caf\xe9"), "red": "\x1b[31mred", "math": "$\\frac{$"}
SHOWN = [r"caf\xe9", r"\x1b[31mred", "$\\frac{$"]


@pytest.fixture
def strange(folder):
    """Make photos, three classes whose names are those of `NAMES`."""
    write_photographs("photos", 6, kinds=tuple(NAMES))
    try:
        for kind, name in NAMES.items():
            os.rename(f"photos/{kind}", f"photos/{name}")
    except OSError:
        pytest.skip("the file system refuses these names")
    first = os.path.join("photos", NAMES["latin"])
    os.rename(f"{first}/0.jpg", os.path.join(first, os.fsdecode(b"bild 0 \xfc.jpg")))
    return folder


def run(*argv, **env):
    """Run a command in a process with a terminal that takes UTF-8 only; return standard output and error as bytes."""
    done = subprocess.run(
        [sys.executable, "-m", "convnet", *argv],
        capture_output=True,
        env=os.environ
        | {"PYTHONUTF8": "1", "PYTHONIOENCODING": "utf-8:strict", "OMP_NUM_THREADS": "1"}
        | env,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def test_every_command(strange):
    commands = [
        ("train", "photos", "--val-fraction", "0.34", *SMALL, "--epochs", "1"),
        ("evaluate", "model.npz", "photos", "--out", "seen"),
        ("inspect", "model.npz", "photos", "--out", "drawn"),
        ("predict", "model.npz", "photos"),
    ]
    for argv in commands:
        text = run(*argv)
        assert b"\x1b" not in text and b"\xe9" not in text and b"\xfc" not in text, text
        text.decode()
        if argv[0] != "inspect":
            assert all(name in text.decode() for name in SHOWN), text.decode()
    assert os.path.getsize("seen/mistakes.png") and os.path.getsize("drawn/confusion.png")
    found = json.loads(run("evaluate", "model.npz", "photos", "--json", "--quiet").splitlines()[0])
    assert sorted(one["name"] for one in found["classes"]) == sorted(NAMES.values())


def test_skipped_and_missing_files_are_told_safely(strange, capsys):
    run("train", "photos", "--val-fraction", "0", *SMALL, "--epochs", "1")
    name = os.fsdecode(b"photos/\x1b[2J\xe9.jpg")
    shutil.copy(__file__, name)
    assert cli.main(["predict", "model.npz", name]) == 2
    err = capsys.readouterr().err
    assert r"photos/\x1b[2J\xe9.jpg is not an image" in err and "\x1b" not in err


def test_the_description_of_a_folder_can_be_printed(strange):
    images = load_images("photos", size=8)
    images.DESCR.encode()
    assert r"caf\xe9: 6" in images.DESCR
    assert sorted(images.target_names) == sorted(NAMES.values())


def test_displays_and_traces():
    names = np.array([*NAMES.values(), "a\nb"])
    y = np.arange(40) % 4
    X = np.random.default_rng(0).random((40, 6, 6)) + y[:, None, None]
    for labels in (names, names[:2]):
        net = ConvNetClassifier([Conv2D(2, 3)], max_iter=1, random_state=0).fit(
            X, labels[y % len(labels)]
        )
        given = labels[(y + 1) % len(labels)]
        displays = [
            inspection.ConfusionDisplay.from_estimator(net, X, given),
            inspection.MistakesDisplay.from_estimator(net, X, given),
            inspection.ExplanationDisplay.from_estimator(net, X, given),
            inspection.ExplanationDisplay.from_estimator(net, X, target=labels[0]),
            inspection.FeatureMapDisplay.from_estimator(net, X[0]),
        ]
        for display in displays:
            display.figure_.canvas.draw()
        texts = [text.get_text() for text in displays[0].figure_.findobj(plt.Text)]
        assert SHOWN[0] in texts
        trace = str(net.trace(X[0]))
        trace.encode()
        assert "\x1b" not in trace and SHOWN[0] in trace
    plt.close("all")
