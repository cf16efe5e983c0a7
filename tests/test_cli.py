"""The console command."""

import csv
import json
import pickle
import re
import subprocess
import sys

import numpy as np
import pytest
from sklearn.datasets import load_digits

from convnet import ConvNetClassifier, cli


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def arrays(folder):
    data = load_digits()
    X, y = (data.images[:300] * 15).astype(np.uint8), data.target[:300]
    np.savez("digits.npz", X=X, y=y)
    return X, y


def failed(capsys, *argv):
    """Run a command that must fail; return the one line it says."""
    assert cli.main(list(argv)) == 2
    err = capsys.readouterr().err
    assert err.startswith("convnet: error: ") and err.count("\n") == 1
    return err


def test_train_digits(folder, capsys):
    assert cli.main(["train", "digits"]) == 0
    out = capsys.readouterr().out
    assert float(re.search(r"test accuracy: ([\d.]+) on 360 rows", out)[1]) >= 0.98
    assert "epoch 20/20" in out and "confusion" in out and "model written to model.pkl" in out
    clf = pickle.loads((folder / "model.pkl").read_bytes())
    assert clf.n_iter_ == 20 and [path.name for path in folder.iterdir()] == ["model.pkl"]


def test_train_and_predict(arrays, folder, capsys):
    X, _ = arrays
    spec = [
        {"type": "Conv2D", "filters": 6, "kernel_size": 3, "activation": "relu"},
        {"type": "MaxPool2D"},
    ]
    (folder / "spec.json").write_text(json.dumps(spec))
    options = [
        "--layers",
        "spec.json",
        "--out",
        "net.pkl",
        "--epochs",
        "3",
        "--seed",
        "7",
        "--jobs",
        "1",
    ]
    options += ["--batch-size", "32", "--learning-rate", "0.01", "--test-size", "0.25", "--quiet"]
    assert cli.main(["train", "digits.npz", *options]) == 0
    out = capsys.readouterr().out
    assert "on 75 rows" in out and "epoch" not in out
    clf = pickle.loads((folder / "net.pkl").read_bytes())
    assert (clf.n_iter_, clf.random_state, clf.batch_size, clf.learning_rate_init, clf.n_jobs) == (
        3,
        7,
        32,
        0.01,
        1,
    )
    assert clf.layers_[0].layer.filters == 6

    assert cli.main(["predict", "net.pkl", "digits.npz", "--csv", "out.csv"]) == 0
    with open("out.csv", newline="") as file:
        header, *rows = csv.reader(file)
    assert header == ["label", *(f"p_{i}" for i in range(10))]
    assert [row[0] for row in rows] == [str(label) for label in clf.predict(X)]
    np.testing.assert_allclose(
        np.array(rows)[:, 1:].astype(float), clf.predict_proba(X), rtol=1e-5, atol=1e-9
    )
    capsys.readouterr()
    assert cli.main(["predict", "net.pkl", "digits.npz", "--jobs", "1"]) == 0
    assert capsys.readouterr().out == (folder / "out.csv").read_text()


def test_given_test_set_and_string_labels(arrays, capsys):
    X, y = arrays
    y = np.array([f"digit {label}" for label in y])
    np.savez("split.npz", X_train=X[:200], y_train=y[:200], X_test=X[200:], y_test=y[200:])
    assert cli.main(["train", "split.npz", "--epochs", "1", "--layers", "[]"]) == 0
    out = capsys.readouterr().out
    assert "on 100 rows" in out and "digit 3" in out
    assert cli.main(["predict", "model.pkl", "split.npz"]) == 0
    assert capsys.readouterr().out.count("\n") == 101


def test_all_rows(arrays, capsys):
    assert (
        cli.main(["train", "digits.npz", "--epochs", "1", "--layers", "[]", "--test-size", "0"])
        == 0
    )
    assert "accuracy" not in capsys.readouterr().out


def test_bad_files(arrays, folder, capsys):
    np.save("one.npy", np.zeros(3))
    np.savez("objects.npz", X=np.zeros((2, 4)), y=np.array(["a", 1], dtype=object))
    np.savez("nameless.npz", np.zeros(3))
    np.savez("lengths.npz", X=np.zeros((3, 4)), y=np.zeros(2))
    (folder / "text.npz").write_text("not an archive")
    for name, text in [
        ("none.npz", 'there is no file none.npz. Pass "digits" or the path of an .npz file.'),
        ("one.npy", "holds one array. Write np.savez("),
        ("objects.npz", 'labels as integers or strings (y.astype("U"))'),
        ("nameless.npz", "has no X and no y; it has arr_0. Write np.savez(FILE, X=X, y=y)."),
        ("lengths.npz", "X has 3 rows and y has 2"),
        ("text.npz", "cannot read text.npz"),
    ]:
        assert text in failed(capsys, "train", name)
        assert not (folder / "model.pkl").exists()


def test_bad_options(arrays, folder, capsys):
    before = (folder / "model.pkl").write_text("precious")
    for options, text in [
        (["--epochs", "0"], "max_iter must be an integer, 1 or more; got 0"),
        (["--layers", "none.json"], "cannot read"),
        (["--layers", '[{"type": "Conv2D", "fliters": 3}]'], "Did you mean 'filters'?"),
        (["--test-size", "1.5"], "--test-size must be from 0 to below 1"),
        (["--test-size", "0.001"], "Pass --test-size 0 to train on all rows"),
        (
            ["--out", "nowhere/model.pkl"],
            "cannot write nowhere/model.pkl: No such file or directory",
        ),
        (["--out", "."], "it is a folder"),
        (["--learning-rate", "1e30"], "Lower learning_rate_init"),
    ]:
        assert text in failed(capsys, "train", "digits.npz", *options)
    assert len((folder / "model.pkl").read_text()) == before
    assert not list(folder.glob("*.part"))


def test_bad_models(arrays, folder, capsys):
    (folder / "text.pkl").write_text("not a pickle")
    (folder / "list.pkl").write_bytes(pickle.dumps([1]))
    (folder / "unfitted.pkl").write_bytes(pickle.dumps(ConvNetClassifier()))
    for name, text in [
        ("none.pkl", "there is no file none.pkl. Write one with: convnet train"),
        ("text.pkl", "is not a model"),
        ("list.pkl", "holds a list, not a ConvNetClassifier"),
        ("unfitted.pkl", "is not fitted yet"),
    ]:
        assert text in failed(capsys, "predict", name, "digits.npz")


def test_usage(capsys):
    for argv in ([], ["fly"], ["train"], ["train", "digits", "--epochs", "many"]):
        with pytest.raises(SystemExit) as caught:
            cli.main(argv)
        assert caught.value.code == 2


@pytest.mark.parametrize("argv", [["-h"], ["train", "-h"], ["predict", "-h"]])
def test_help(argv, capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main(argv)
    out = capsys.readouterr().out
    assert caught.value.code == 0 and "convnet train digits" in out
    assert ("runs the code in it" in out) == (argv[0] == "predict")


def test_ctrl_c(arrays, folder, capsys, monkeypatch):
    def interrupt(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(ConvNetClassifier, "fit", interrupt)
    assert cli.main(["train", "digits.npz"]) == 130
    assert "interrupted" in capsys.readouterr().err
    assert [path.name for path in folder.iterdir()] == ["digits.npz"]


def test_a_reader_that_leaves(arrays):
    code = "import sys; from convnet.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", code]
    subprocess.run(
        [*command, "train", "digits.npz", "--epochs", "1", "--layers", "[]", "--quiet"], check=True
    )
    np.savez("many.npz", X=np.repeat(arrays[0], 10, axis=0))  # more than a pipe holds
    shell = f"{sys.executable} -c '{code}' predict model.pkl many.npz | head -n 1"
    out = subprocess.run(shell, shell=True, capture_output=True, text=True)
    assert out.stdout.startswith("label,p_0") and "Traceback" not in out.stderr
