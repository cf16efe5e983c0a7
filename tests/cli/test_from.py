"""convnet train --from: fine-tuning."""

import json

import numpy as np
import pytest
from photographs import SMALL, write_photographs

import convnet
from convnet import ConvNetClassifier, cli
from convnet.data import ImageFolder
from convnet.layers import Conv2D


@pytest.fixture
def birds(pets, capsys):
    """Make pets.npz, now with a hidden layer, and a folder of three other classes."""
    options = [*SMALL[:2], "--layers", '[{"type": "Dense", "units": 5}]', "--epochs", "2"]
    assert cli.main(["train", "photos", *options, "--out", "pets.npz", "--force", "--quiet"]) == 0
    capsys.readouterr()
    write_photographs("birds", 5, seed=3, kinds=("owl", "robin", "swan"))


def tuned(capsys, *argv):
    assert (
        cli.main(["train", *argv, "--from", "pets.npz", "--out", "t.npz", "--quiet", "--json"]) == 0
    )
    out, err = capsys.readouterr()
    assert not err
    return json.loads(out), convnet.load("t.npz")


def test_layers_weights_and_form_come_from_the_model(photos, capsys):
    layers = '[{"type": "Conv2D", "filters": 3, "kernel_size": 3}, {"type": "Dense", "units": 4}]'
    argv = [
        "train",
        "photos",
        "--size",
        "12x20",
        "--channels",
        "1",
        "--fit",
        "pad",
        "--layers",
        layers,
    ]
    assert cli.main([*argv, "--epochs", "2", "--out", "pets.npz", "--quiet"]) == 0
    capsys.readouterr()
    found, clf = tuned(capsys, "others", "--epochs", "1", "--learning-rate", "1e-9")
    base = convnet.load("pets.npz")
    assert clf.image_form_ == base.image_form_ == {"size": (12, 20), "channels": 1, "fit": "pad"}
    assert clf.n_parameters_ == base.n_parameters_ and found["classes"] == ["day", "night"]
    for name, array in base.weights_.items():
        np.testing.assert_allclose(clf.weights_[name], array, atol=1e-6)
    assert clf.init_report_["loaded"] and not clf.init_report_["missing"]


def test_other_classes(birds, capsys):
    found, clf = tuned(capsys, "birds", "--epochs", "2")
    assert found["classes"] == clf.classes_.tolist() == ["owl", "robin", "swan"]
    assert clf.init_weights is None and clf.learning_rate_init == 0.001
    images = ImageFolder("birds", **clf.image_form_)
    assert clf.predict(images).shape == (15,)


def test_it_starts_ahead(pets, capsys):
    """With the same few steps, the tuned model is right where one from the beginning is not."""
    argv = ["others", "--val", "photos", "--epochs", "1", "--learning-rate", "1e-6"]
    found, _ = tuned(capsys, *argv)
    assert found["test"]["accuracy"] == 1
    assert cli.main(["train", *argv, *SMALL[:6], "--out", "new.npz", "--quiet", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["test"]["accuracy"] < 1


def test_arrays(arrays, capsys):
    X, y = arrays
    np.savez("more.npz", X=X, y=y % 3)
    np.savez("flat.npz", X=X.reshape(len(X), 64), y=y)
    ConvNetClassifier([Conv2D(2, 3)], max_iter=2).fit(X, y).save("pets.npz")
    _, clf = tuned(capsys, "more.npz", "--epochs", "1")
    assert clf.classes_.tolist() == [0, 1, 2] and clf.init_report_["loaded"] == ["conv1"]
    assert cli.main(["train", "flat.npz", "--from", "pets.npz", "--epochs", "1", "--quiet"]) == 0


def test_bad_input(birds, arrays, failed):
    X, y = arrays
    ConvNetClassifier([], max_iter=1).fit(X, y).save("digits-net.npz")
    for argv, text in [
        (["birds", "--from", "none.npz"], "there is no file none.npz"),
        (["birds", "--from", "birds"], "birds is not a model"),
        (
            ["birds", "--from", "pets.npz", "--layers", "lenet"],
            "--from uses the layers of its model",
        ),
        (
            ["birds", "--from", "pets.npz", "--size", "20"],
            "--size: pets.npz takes photographs of 16×16",
        ),
        (
            ["birds", "--from", "pets.npz", "--channels", "1"],
            "--channels: pets.npz takes photographs",
        ),
        (
            ["birds", "--from", "digits-net.npz"],
            "was trained on arrays of 8×8 pixels, not on photographs",
        ),
        (
            ["birds", "--from", "pets.npz", "--out", "pets.npz", "--force"],
            "this command reads pets.npz",
        ),
        (
            ["digits.npz", "--from", "pets.npz"],
            "--from: pets.npz was trained on other arrays. X has shape (n, 8, 8)",
        ),
        (
            ["birds", "--from", "digits-net.npz", "--fit", "pad"],
            "the output layer, which is for 10 classes, and birds has 3. Leave out --from.",
        ),
    ]:
        assert text in failed("train", *argv, "--quiet")


def test_the_same_size_may_be_repeated(birds, capsys):
    assert (
        cli.main(
            ["train", "birds", "--from", "pets.npz", "--size", "16", "--epochs", "1", "--quiet"]
        )
        == 0
    )
