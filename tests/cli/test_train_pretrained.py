"""convnet train from the pretrained net: its stages, what they change, and which options leave it out."""

import json
import re

import numpy as np
import pytest

import convnet
from convnet import cli
from convnet._extras import install_command
from convnet.cli import recipe
from convnet.training.loop import Loop

pytestmark = pytest.mark.usefixtures("pretrained")

FEW = ["--val", "others", "--size", "32"]


def train(*options):
    assert cli.main(["train", "photos", *FEW, *options]) == 0
    return convnet.load("model.npz")


def changed_layers(clf):
    """The layers whose weights differ from those of the pretrained net."""
    known = convnet.load_pretrained("efficientnet-lite0").weights_
    return {
        name.rpartition("/")[0]
        for name, values in clf.weights_.items()
        if name not in known or not np.array_equal(values, known[name])
    }


def test_the_output_layer_alone_if_there_are_few(photos, capsys):
    clf = train()
    out = capsys.readouterr().out
    assert out.startswith("starting from efficientnet-lite0, a net that was trained on ImageNet")
    assert "test accuracy: 100.0 % (10 images never used in training)" in out
    assert "epoch 50/50" in out and "training a new output layer" not in out
    assert changed_layers(clf) == {"output"} and clf.init_weights is None
    assert (clf.batch_size, clf.image_form_["size"]) == (8, (32, 32))
    assert cli.main(["predict", "model.npz", "others/day/0.jpg"]) == 0
    assert re.match(r"others/day/0.jpg +day +\d", capsys.readouterr().out)


def test_the_last_block_afterwards(photos, capsys, monkeypatch):
    """Not the layers before it, and no batch norm."""
    monkeypatch.setattr(recipe, "FEWEST_TO_TUNE", 24)
    clf = train("--epochs", "2")
    out = capsys.readouterr().out
    assert "training a new output layer on the features of the pretrained net" in out
    assert "epoch 2/2" in out and "epoch 1/50" not in out
    assert changed_layers(clf) == {"conv13", "depthwise7", "conv14", "conv15", "output"}
    assert clf.learning_rate_init == 1e-4


def test_resume(photos, capsys, monkeypatch):
    """The bits are those of a training that was not interrupted."""
    monkeypatch.setattr(recipe, "FEWEST_TO_TUNE", 24)
    expected = train("--epochs", "3", "--quiet").weights_
    epoch = Loop._epoch

    def interrupt(self, number):
        if number == 2 and self.trainer.frozen_prefix == "residual9":
            raise KeyboardInterrupt
        return epoch(self, number)

    with monkeypatch.context() as patch:
        patch.setattr(Loop, "_epoch", interrupt)
        command = ["train", "photos", *FEW, "--epochs", "3", "--quiet", "--force"]
        assert cli.main(command) == 130
    assert "the model after 2 epochs was written to model.npz; --resume" in capsys.readouterr().err
    resumed = train("--epochs", "3", "--quiet", "--resume").weights_
    for name, values in expected.items():
        np.testing.assert_array_equal(resumed[name], values)


@pytest.mark.parametrize(
    "options",
    [["--from-scratch"], ["--layers", "lenet"], ["--channels", "1"], ["--from", "old.npz"]],
    ids=" ".join,
)
def test_options_that_leave_it_out(options, photos, capsys):
    small = ["--layers", "lenet", "--epochs", "1", "--quiet"]
    assert cli.main(["train", "photos", *FEW, *small, "--out", "old.npz"]) == 0
    clf = train(*options, "--epochs", "1")
    assert "efficientnet" not in capsys.readouterr().out
    assert clf.n_parameters_ < 300_000


def test_many_photographs_leave_it_out(photos, capsys, monkeypatch):
    monkeypatch.setattr(recipe, "MOST_PRETRAINED", 23)
    assert train("--epochs", "1").n_parameters_ < 300_000
    monkeypatch.setattr(recipe, "MOST_PRETRAINED", 24)
    assert train("--epochs", "1", "--force").n_parameters_ > 3_000_000


def test_augmented_versions(photos):
    clf = train("--augment", "flip,rotate:5", "--quiet")
    assert clf.cache_augmented == recipe.VERSIONS and len(clf.augment) == 2


def test_mixing_needs_other_partners_in_each_epoch(photos):
    clf = train("--augment", "flip,mixup", "--epochs", "1", "--quiet")
    assert clf.cache_augmented is None and len(clf.augment) == 2


def test_from_a_model_that_began_there(photos, capsys, monkeypatch):
    """Training has the same two stages, and keeps what is frozen."""
    monkeypatch.setattr(recipe, "FEWEST_TO_TUNE", 24)
    assert cli.main(["train", "photos", *FEW, "--epochs", "1", "--quiet", "--out", "old.npz"]) == 0
    capsys.readouterr()
    clf = train("--from", "old.npz", "--epochs", "1")
    assert "training a new output layer" in capsys.readouterr().out
    assert changed_layers(clf) == {"conv13", "depthwise7", "conv14", "conv15", "output"}


def test_the_other_options_reach_the_last_stage(photos, capsys, monkeypatch):
    monkeypatch.setattr(recipe, "FEWEST_TO_TUNE", 24)
    options = ["--batch-size", "6", "--learning-rate", "1e-5", "--seed", "3", "--keep-best"]
    clf = train(*options, "--epochs", "2", "--json", "--quiet")
    assert json.loads(capsys.readouterr().out)["trained_on"] == 24
    assert (clf.batch_size, clf.learning_rate_init, clf.random_state) == (6, 1e-5, 3)


def test_from_scratch_contradicts_from(photos, failed):
    error = failed("train", "photos", "--from-scratch", "--from", "old.npz")
    assert "--from starts from a model, and --from-scratch from none" in error
    assert "--from-scratch is for folders of photographs" in failed(
        "train", "digits", "--from-scratch"
    )


def test_the_hint_where_it_is_not_installed(photos, capsys, monkeypatch):
    monkeypatch.setattr(type(recipe.PRETRAINED), "is_installed", lambda self: False)
    train("--epochs", "1")
    assert install_command("pretrained") in capsys.readouterr().out
    for options in (["--from-scratch"], ["--layers", "lenet"], ["--channels", "1"]):
        train("--epochs", "1", *options, "--force")
        assert install_command("pretrained") not in capsys.readouterr().out
