"""Names of files and classes that hold anything, in all commands."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from photographs import SMALL, write_photographs

import convnet
from convnet import ConvNetClassifier, cli

CODE = "import sys; from convnet.cli import main; sys.exit(main())"
EVIL = "e\x1b[31mv\u202eil\nx"
UNSAFE = set("\x1b\u202e")

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="names of files are bytes on Linux alone"
)


@pytest.fixture
def odd(folder):
    """Make a folder whose name is not UTF-8, with classes and files of such names; return its path."""
    write_photographs("plain", 8)
    root = os.fsdecode(b"f\xe9")
    os.mkdir(root)
    for kind, name in (("day", os.fsdecode(b"caf\xe9")), ("night", EVIL)):
        os.rename(f"plain/{kind}", os.path.join(root, name))
        for path in list(Path(root, name).iterdir()):
            path.rename(path.with_name(os.fsdecode(b"\xff" + os.fsencode(path.name))))
    return root


def test_every_command(odd, capsys):
    model = os.fsdecode(b"m\xe9.npz")
    train = ["train", odd, *SMALL, "--epochs", "20", "--out", model]
    for argv in [
        train,
        ["predict", model, odd],
        ["predict", model, odd, "--csv", "p.csv"],
        ["evaluate", model, odd],
        ["evaluate", model, odd, "--labels", "p.csv", "--out", "more"],
        ["inspect", model, odd],
        ["summary", model],
        ["train", odd, "--from", model, "--epochs", "1", "--out", "t.npz"],
        ["train", odd, "--labels", "p.csv", *SMALL, "--epochs", "1", "--out", "l.npz"],
    ]:
        assert cli.main(argv) == 0, argv
        out, err = capsys.readouterr()
        assert not UNSAFE & set(out + err) and not any("\udc80" <= c <= "\udcff" for c in out + err)
        if argv[0] in ("train", "evaluate"):
            assert "caf\\xe9" in out and "e\\x1b[31mv\\u202eil\\nx" in out
    assert convnet.load(model).classes_.tolist() == [os.fsdecode(b"caf\xe9"), EVIL]
    assert cli.main(["predict", model, odd, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["classes"][1] == EVIL


def test_errors(odd, failed):
    text = failed("train", odd, "--val", odd, "--out", os.fsdecode(b"\xe9/m.npz"))
    assert "there is no folder" in text and "\\udce9" in text
    ConvNetClassifier([], max_iter=1).fit(np.zeros((2, 16, 16, 3), np.uint8), ["a", "b"]).save(
        "m.npz"
    )
    text = failed("evaluate", "m.npz", odd, "--fit", "crop")
    assert "has the class caf\\xe9 and 1 more" in text and not UNSAFE & set(text)


def test_classes_of_a_model_from_a_stranger(folder, capsys):
    X = np.zeros((4, 3, 3))
    np.savez("X.npz", X=X, y=["a", EVIL] * 2)
    ConvNetClassifier([], max_iter=1).fit(X, ["a", EVIL] * 2).save("m.npz")
    for argv in (
        ["predict", "m.npz", "X.npz"],
        ["evaluate", "m.npz", "X.npz"],
        ["summary", "m.npz"],
    ):
        assert cli.main(argv) == 0
        out, err = capsys.readouterr()
        assert not UNSAFE & set(out + err)
    assert cli.main(["predict", "m.npz", "X.npz", "--csv", "out.csv"]) == 0
    assert EVIL in Path("out.csv").read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.parametrize(
    "argv",
    [
        [],
        ["-h"],
        ["train", "-h"],
        ["--version"],
        ["specs"],
        ["specs", "catdog"],
        ["summary", "pets.npz"],
        ["predict", "pets.npz", "others"],
        ["predict", "pets.npz", "others", "--json"],
        ["evaluate", "pets.npz", "others"],
        ["inspect", "pets.npz", "others", "--only", "history,architecture"],
        ["train", "photos", *SMALL, "--epochs", "3"],
        ["train", "photos", *SMALL, "--epochs", "3", "--json"],
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("both", [False, True], ids=["stdout", "both"])
def test_a_closed_pipe_ends_quietly(pets, argv, both):
    reader, writer = os.pipe()
    os.close(reader)
    err = writer if both else subprocess.PIPE
    done = subprocess.run([sys.executable, "-c", CODE, *argv], stdout=writer, stderr=err, text=True)
    os.close(writer)
    assert done.returncode in (0, 1)
    if not both and "--json" not in argv:
        assert not done.stderr
    assert "Traceback" not in (done.stderr or "") and "BrokenPipe" not in (done.stderr or "")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk_is_one_line(folder):
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-c", CODE, "specs"], stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert done.returncode == 2
    assert done.stderr == "convnet: error: [Errno 28] No space left on device\n"
