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
from convnet.cli import commands


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


def split_file(arrays, **changes):
    X, y = arrays
    file = {"X_train": X[:200], "y_train": y[:200], "X_test": X[200:], "y_test": y[200:]} | changes
    np.savez("split.npz", **{name: array for name, array in file.items() if array is not None})


def nan_in(X):
    X = X.astype(np.float32)
    X[3, 2, 1] = np.nan
    return X


BAD_SPLITS = {
    "fewer labels": (
        lambda X, y: {"y_test": y[:99]},
        "split.npz: X_test has 100 rows and y_test has 99. Make them equal.",
    ),
    "fewer labels to train on": (
        lambda X, y: {"y_train": y[:99]},
        "split.npz: X_train has 200 rows and y_train has 99. Make them equal.",
    ),
    "no labels": (lambda X, y: {"y_test": None}, "split.npz has no y_test; it has"),
    "no rows": (lambda X, y: {"X_test": None}, "split.npz has no X_test; it has"),
    "another size": (
        lambda X, y: {"X_test": X[200:, :7]},
        "X_test: X has shape (n, 7, 8); expected (n, 8, 8, 1)",
    ),
    "flat rows": (
        lambda X, y: {"X_test": X[200:].reshape(100, 64)[:, :60]},
        "X_test: input_shape (8, 8, 1) needs 64 features; X has 60.",
    ),
    "a scalar": (lambda X, y: {"X_test": 3}, "X_test: Expected 2D array, got scalar array"),
    "empty": (lambda X, y: {"X_test": X[:0], "y_test": y[:0]}, "X_test: Found array with 0 sample"),
    "words for X": (lambda X, y: {"X_test": np.full((100, 8, 8), "a")}, "X_test: "),
    "another range": (
        lambda X, y: {"X_test": X[200:].astype(float)},
        "X_test: Fitted on uint8 images (÷255) but got float64 with max",
    ),
    "NaN": (lambda X, y: {"X_test": nan_in(X[200:])}, "X_test: Input X contains NaN"),
    "strings": (
        lambda X, y: {"y_test": y[200:].astype(str)},
        "y_train has numbers (int64) and y_test strings (<U21). Write both alike.",
    ),
    "one-hot": (lambda X, y: {"y_test": np.eye(10)[y[200:]]}, "y_test: y should be a 1d array"),
    "measurements": (lambda X, y: {"y_test": y[200:] + 0.5}, "y_test: Unknown label type"),
}


@pytest.mark.parametrize("key", BAD_SPLITS)
def test_a_test_set_that_does_not_fit_is_refused_before_training(
    arrays, folder, capsys, monkeypatch, key
):
    change, text = BAD_SPLITS[key]
    monkeypatch.setattr(ConvNetClassifier, "fit", lambda *args: pytest.fail("it was trained"))
    split_file(arrays, **change(*arrays))
    assert text in failed(capsys, "train", "split.npz")
    assert not (folder / "model.pkl").exists()


def test_labels_of_any_kind_of_number(arrays, capsys):
    split_file(arrays, y_test=arrays[1][200:].astype(float), X_test=arrays[0][200:, :, :, None])
    assert cli.main(["train", "split.npz", "--epochs", "1", "--layers", "[]"]) == 0
    assert "on 100 rows" in capsys.readouterr().out


@pytest.mark.parametrize(
    "error, code, text",
    [
        (KeyboardInterrupt(), 130, "interrupted; the model was written to model.pkl"),
        (ValueError("no luck."), 2, "error: no luck. But the model was written to model.pkl."),
        (MemoryError("Unable to allocate"), 2, "smaller batch. But the model was written to"),
    ],
)
def test_what_fails_after_training_leaves_the_model(
    arrays, folder, capsys, monkeypatch, error, code, text
):
    def fails(self, X):
        raise error

    monkeypatch.setattr(ConvNetClassifier, "predict", fails)
    assert cli.main(["train", "digits.npz", "--epochs", "1", "--layers", "[]"]) == code
    err = capsys.readouterr().err
    assert text in err and err.count("\n") == 1
    assert pickle.loads((folder / "model.pkl").read_bytes()).n_iter_ == 1


def test_out_of_memory(arrays, folder, capsys, monkeypatch):
    def fails(self, X, y):
        raise MemoryError("Unable to allocate 14. TiB for an array with shape (3,)")

    monkeypatch.setattr(ConvNetClassifier, "fit", fails)
    text = failed(capsys, "train", "digits.npz")
    assert "out of memory" in text and "TiB" not in text and "written" not in text


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
    assert capsys.readouterr().err == "convnet: interrupted; nothing was written\n"
    assert [path.name for path in folder.iterdir()] == ["digits.npz"]


def test_ctrl_c_while_rows_are_written(arrays, folder, capsys, monkeypatch):
    def interrupt(file, *args):
        file.write("label,")
        raise KeyboardInterrupt

    assert cli.main(["train", "digits.npz", "--epochs", "1", "--layers", "[]"]) == 0
    capsys.readouterr()
    monkeypatch.setattr(commands, "_write_csv", interrupt)
    assert cli.main(["predict", "model.pkl", "digits.npz"]) == 130
    assert "interrupted; the rows are not complete" in capsys.readouterr().err
    assert cli.main(["predict", "model.pkl", "digits.npz", "--csv", "out.csv"]) == 130
    assert "interrupted; nothing was written" in capsys.readouterr().err
    assert not list(folder.glob("out*"))


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
