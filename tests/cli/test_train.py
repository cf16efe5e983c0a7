"""convnet train."""

import re
import sys

import numpy as np
import pytest

import convnet
from convnet import ConvNetClassifier, cli
from convnet._extras import install_command

FIT_OPTIONS = {
    "batch_size": 32,
    "learning_rate": "cosine",
    "learning_rate_init": 1e-3,
    "random_state": 0,
}


def test_train_digits(folder, capsys):
    assert cli.main(["train", "digits"]) == 0
    out = capsys.readouterr().out
    assert (
        float(re.search(r"test accuracy: ([\d.]+) % \(360 rows never used in training\)", out)[1])
        >= 98
    )
    assert (
        "epoch 20/20" in out
        and "true classes (rows)" in out
        and "model written to model.npz" in out
    )
    clf = convnet.load("model.npz")
    assert clf.n_iter_ == 20 and [path.name for path in folder.iterdir()] == ["model.npz"]


def test_given_test_set_and_string_labels(arrays, capsys):
    X, y = arrays
    y = np.array([f"digit {label}" for label in y])
    np.savez("split.npz", X_train=X[:200], y_train=y[:200], X_test=X[200:], y_test=y[200:])
    assert cli.main(["train", "split.npz", "--epochs", "1", "--layers", "[]"]) == 0
    out = capsys.readouterr().out
    assert "(100 rows never used in training)" in out and "digit 3" in out
    assert cli.main(["predict", "model.npz", "split.npz"]) == 0
    assert capsys.readouterr().out.count("\n") == 101


def test_another_file_to_test_on(arrays, capsys):
    options = ["--val", "digits.npz", "--epochs", "1", "--layers", "[]"]
    assert cli.main(["train", "digits.npz", *options]) == 0
    assert "(300 rows, all used in training)" in capsys.readouterr().out


def test_all_rows(arrays, capsys):
    assert (
        cli.main(["train", "digits.npz", "--epochs", "1", "--layers", "[]", "--val-fraction", "0"])
        == 0
    )
    assert "accuracy" not in capsys.readouterr().out


def test_bad_files(arrays, folder, failed):
    np.save("one.npy", np.zeros(3))
    np.savez("objects.npz", X=np.zeros((2, 4)), y=np.array(["a", 1], dtype=object))
    np.savez("nameless.npz", np.zeros(3))
    np.savez("lengths.npz", X=np.zeros((3, 4)), y=np.zeros(2))
    (folder / "text.npz").write_text("not an archive")
    for name, text in [
        (
            "none.npz",
            "there is no file or folder none.npz",
        ),
        ("one.npy", "holds a single array, but X and y are needed. Write the file with np.savez("),
        ("objects.npz", 'with labels as integers or strings (y.astype("U"))'),
        (
            "nameless.npz",
            "has no X and no y; it has arr_0. Write the file with np.savez(FILE, X=X, y=y).",
        ),
        ("lengths.npz", "X has 3 rows and y has 2"),
        ("text.npz", "cannot read text.npz"),
    ]:
        assert text in failed("train", name)
        assert not (folder / "model.npz").exists()


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
        "y_train has numbers (int64) and y_test has strings (<U21). Use the same type for both.",
    ),
    "one-hot": (lambda X, y: {"y_test": np.eye(10)[y[200:]]}, "y_test: y should be a 1d array"),
    "measurements": (lambda X, y: {"y_test": y[200:] + 0.5}, "y_test: Unknown label type"),
}


@pytest.mark.parametrize("key", BAD_SPLITS)
def test_a_test_set_that_does_not_fit_is_refused_before_training(
    arrays, folder, failed, monkeypatch, key
):
    change, text = BAD_SPLITS[key]
    monkeypatch.setattr(
        ConvNetClassifier, "_fit", lambda *args, **kwargs: pytest.fail("it was trained")
    )
    split_file(arrays, **change(*arrays))
    assert text in failed("train", "split.npz")
    assert not (folder / "model.npz").exists()


def test_labels_of_any_kind_of_number(arrays, capsys):
    split_file(arrays, y_test=arrays[1][200:].astype(float), X_test=arrays[0][200:, :, :, None])
    assert cli.main(["train", "split.npz", "--epochs", "1", "--layers", "[]"]) == 0
    assert "(100 rows never used in training)" in capsys.readouterr().out


@pytest.mark.parametrize(
    "error, code, text",
    [
        (KeyboardInterrupt(), 130, "interrupted; the model was written to model.npz"),
        (ValueError("no luck."), 2, "error: no luck. But the model was written to model.npz."),
        (MemoryError("Unable to allocate"), 2, "smaller batch. But the model was written to"),
    ],
)
def test_what_fails_after_training_leaves_the_model(
    arrays, folder, capsys, monkeypatch, error, code, text
):
    def fails(self, X):
        raise error

    monkeypatch.setattr(ConvNetClassifier, "predict_proba", fails)
    assert cli.main(["train", "digits.npz", "--epochs", "1", "--layers", "[]"]) == code
    err = capsys.readouterr().err
    assert text in err and err.count("\n") == 1
    assert convnet.load("model.npz").n_iter_ == 1


def test_out_of_memory(arrays, folder, failed, monkeypatch):
    def fails(self, *args, **kwargs):
        raise MemoryError("Unable to allocate 14. TiB for an array with shape (3,)")

    monkeypatch.setattr(ConvNetClassifier, "_fit", fails)
    text = failed("train", "digits.npz")
    assert "out of memory" in text and "TiB" not in text and "written" not in text


def test_bad_options(arrays, folder, failed):
    before = (folder / "model.npz").write_text("precious")
    for options, text in [
        (["--layers", "none.json"], "cannot read"),
        (["--layers", '[{"type": "Conv2D", "fliters": 3}]'], "Did you mean 'filters'?"),
        (["--val-fraction", "1.5"], "--val-fraction must be at least 0 and below 1"),
        (["--val-fraction", "0.001"], "or --val-fraction 0 to train on all."),
        (
            ["--out", "nowhere/model.npz"],
            "--out: there is no folder",
        ),
        (["--out", "."], "--out: '.' is a folder. Pass the path of a file"),
        (["--out", "/dev/null"], "is a device"),
        (["--learning-rate", "1e30"], "Lower --learning-rate"),
    ]:
        assert text in failed("train", "digits.npz", *options, "--force")
    assert len((folder / "model.npz").read_text()) == before
    assert sorted(path.name for path in folder.iterdir()) == ["digits.npz", "model.npz"]


def test_ctrl_c(arrays, folder, capsys, monkeypatch):
    def interrupt(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(ConvNetClassifier, "_fit", interrupt)
    assert cli.main(["train", "digits.npz"]) == 130
    assert capsys.readouterr().err == "convnet: interrupted; nothing was written\n"
    assert [path.name for path in folder.iterdir()] == ["digits.npz"]


@pytest.mark.parametrize("ending", ["npz", "safetensors"])
def test_a_model_file_without_pickles(arrays, folder, capsys, ending):
    path = f"model.{ending}"
    options = ["--epochs", "1", "--layers", "[]", "--val-fraction", "0", "--out", path]
    assert cli.main(["train", "digits.npz", *options]) == 0
    assert f"model written to {path}" in capsys.readouterr().out
    X, y = arrays
    found = convnet.load(path)
    expected = ConvNetClassifier([], max_iter=1, **FIT_OPTIONS).fit(X, y)
    np.testing.assert_array_equal(found.predict_proba(X), expected.predict_proba(X))


def test_a_missing_library_is_said_before_training(arrays, failed, monkeypatch):
    monkeypatch.setitem(sys.modules, "safetensors", None)
    monkeypatch.setattr(
        ConvNetClassifier, "_fit", lambda *args, **kwargs: pytest.fail("it was trained")
    )
    text = failed("train", "digits.npz", "--out", "model.safetensors")
    assert install_command("safetensors") in text
