"""convnet predict."""

import csv
import json
import pickle
import subprocess
import sys

import numpy as np
import pytest

from convnet import ConvNetClassifier, ConvNetRegressor, cli
from convnet.cli import predict


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
    options += [
        "--batch-size",
        "32",
        "--learning-rate",
        "0.01",
        "--val-fraction",
        "0.25",
        "--quiet",
    ]
    assert cli.main(["train", "digits.npz", *options]) == 0
    out = capsys.readouterr().out
    assert "(75 rows never used in training)" in out and "epoch 1" not in out
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


def test_bad_models(arrays, folder, failed):
    (folder / "text.pkl").write_text("not a pickle")
    (folder / "list.pkl").write_bytes(pickle.dumps([1]))
    ConvNetRegressor([], max_iter=1).fit(*arrays).save("numbers.npz")
    (folder / "unfitted.pkl").write_bytes(pickle.dumps(ConvNetClassifier()))
    for name, text in [
        ("none.pkl", "there is no file none.pkl. Train a model first: convnet train"),
        ("text.pkl", "is not a model"),
        ("list.pkl", "holds a list, not a ConvNetClassifier"),
        ("digits.npz", "is not a model that this convnet can read"),
        ("numbers.npz", "holds a ConvNetRegressor, not a ConvNetClassifier"),
        ("unfitted.pkl", "is not fitted yet"),
    ]:
        assert text in failed("predict", name, "digits.npz")


def test_ctrl_c_while_rows_are_written(arrays, folder, capsys, monkeypatch):
    def interrupt(file, *args):
        file.write("label,")
        raise KeyboardInterrupt

    assert cli.main(["train", "digits.npz", "--epochs", "1", "--layers", "[]"]) == 0
    capsys.readouterr()
    monkeypatch.setattr(predict, "_write_csv", interrupt)
    assert cli.main(["predict", "model.npz", "digits.npz"]) == 130
    assert "interrupted; the rows are not complete" in capsys.readouterr().err
    assert cli.main(["predict", "model.npz", "digits.npz", "--csv", "out.csv"]) == 130
    assert "interrupted; nothing was written" in capsys.readouterr().err
    assert sorted(path.name for path in folder.iterdir()) == ["digits.npz", "model.npz"]


@pytest.mark.slow
def test_a_reader_that_leaves(arrays):
    code = "import sys; from convnet.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", code]
    subprocess.run(
        [*command, "train", "digits.npz", "--epochs", "1", "--layers", "[]", "--quiet"], check=True
    )
    np.savez("many.npz", X=np.repeat(arrays[0], 10, axis=0))  # more than a pipe holds
    shell = f"{sys.executable} -c '{code}' predict model.npz many.npz | head -n 1"
    out = subprocess.run(shell, shell=True, capture_output=True, text=True)
    assert out.stdout.startswith("label,p_0") and "Traceback" not in out.stderr


def test_a_model_file_that_save_wrote(arrays, capsys):
    X, y = arrays
    clf = ConvNetClassifier([], max_iter=1, random_state=0).fit(X, y)
    clf.save("net.npz")
    assert cli.main(["predict", "net.npz", "digits.npz"]) == 0
    rows = list(csv.reader(capsys.readouterr().out.splitlines()))
    assert [row[0] for row in rows[1:]] == [str(label) for label in clf.predict(X)]


def test_several_labels_a_row(arrays, capsys):
    X, y = arrays
    indicator = np.stack([y % 2, y > 4, y > 100], axis=1).astype(int)
    clf = ConvNetClassifier([], max_iter=10, random_state=0).fit(X, indicator)
    clf.save("net.npz")
    assert cli.main(["predict", "net.npz", "digits.npz"]) == 0
    rows = list(csv.reader(capsys.readouterr().out.splitlines()))
    assert rows[0] == ["label", "p_0", "p_1", "p_2"]
    labels = [" ".join(map(str, np.flatnonzero(row))) for row in clf.predict(X)]
    assert [row[0] for row in rows[1:]] == labels and {"", "0 1"} <= set(labels)
