"""convnet train --resume: a training that was interrupted goes on from its checkpoint."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from photographs import SMALL

import convnet
from convnet import ConvNetClassifier, cli
from convnet.callbacks import Progress

TRAIN = ["train", "photos", *SMALL, "--epochs", "30", "--out", "m.npz"]
CHECKPOINT = "m.npz.checkpoint"


@pytest.fixture
def interrupted(photos, capsys, monkeypatch):
    """Interrupt a training after its third epoch."""
    with monkeypatch.context() as patch:

        def interrupt(self, run):
            if run.epoch == 4:
                raise KeyboardInterrupt

        patch.setattr(Progress, "on_epoch_end", interrupt)
        assert cli.main(TRAIN) == 130
    return capsys.readouterr().err


def test_the_same_model_as_without_interruption(interrupted, failed):
    assert interrupted == (
        "convnet: interrupted; the model after 4 epochs was written to m.npz; --resume continues the training\n"
    )
    assert convnet.load("m.npz").n_iter_ == 4 and os.path.exists(CHECKPOINT)
    assert cli.main([*TRAIN, "--resume", "--quiet"]) == 0
    assert not os.path.exists(CHECKPOINT)
    assert cli.main([*TRAIN[:-1], "other.npz", "--quiet"]) == 0
    found, expected = convnet.load("m.npz"), convnet.load("other.npz")
    for name, array in expected.weights_.items():
        np.testing.assert_array_equal(found.weights_[name], array)
    assert found.n_iter_ == 30 and found.validation_scores_ == expected.validation_scores_
    assert found._seen_images == expected._seen_images


def test_without_the_option_nothing_is_lost(interrupted, failed, capsys):
    text = failed(*TRAIN)
    assert (
        f"{CHECKPOINT} holds a training that was interrupted. Pass --resume to continue it" in text
    )
    assert cli.main([*TRAIN, "--force", "--quiet"]) == 0
    assert convnet.load("m.npz").n_iter_ == 30 and not os.path.exists(CHECKPOINT)


def test_another_command(interrupted, failed):
    text = failed("train", "photos", *SMALL, "--epochs", "20", "--out", "m.npz", "--resume")
    assert (
        "--resume: m.npz.checkpoint: the file was written by a fit with --epochs=30; this fit has"
        in text
    )
    assert (
        "Repeat the command that was interrupted, with the same data and options, or pass --force"
        in text
    )
    assert os.path.exists(CHECKPOINT)
    Path("photos/day/0.jpg").unlink()
    assert "with data=" in failed(*TRAIN, "--resume")


def test_nothing_to_resume(photos, failed):
    text = failed(*TRAIN, "--resume")
    assert (
        "--resume: there is no interrupted training, m.npz.checkpoint. Leave out --resume" in text
    )
    Path(CHECKPOINT).write_text("no checkpoint")
    assert "is not a checkpoint of convnet" in failed(*TRAIN, "--resume")


def test_a_training_that_diverged_leaves_nothing(photos, failed, monkeypatch):
    def diverges(self, run):
        if run.epoch == 2:
            raise ValueError("The loss became nan.")

    monkeypatch.setattr(Progress, "on_epoch_end", diverges)
    assert "The loss became nan." in failed(*TRAIN)
    assert not os.path.exists(CHECKPOINT) and not os.path.exists("m.npz")


@pytest.mark.slow
def test_after_a_power_failure(photos):
    code = "import sys; from convnet.cli import main; sys.exit(main())"
    command = [sys.executable, "-u", "-c", code, *TRAIN, "--epochs", "2000"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            if line.startswith("epoch    5/"):
                process.send_signal(signal.SIGKILL)
                break
    assert not os.path.exists("m.npz")
    done = subprocess.run([*command, "--resume"], stdout=subprocess.PIPE, text=True)
    first = next(line for line in done.stdout.splitlines() if line.startswith("epoch"))
    assert done.returncode == 0 and int(first.split()[1].partition("/")[0]) >= 5
    assert convnet.load("m.npz").n_iter_ == 2000


def test_options_of_the_estimator_are_not_left(photos):
    assert cli.main([*TRAIN, "--quiet"]) == 0
    clf = convnet.load("m.npz")
    defaults = ConvNetClassifier().get_params()
    assert all(
        getattr(clf, name) == defaults[name] for name in ("warm_start", "callbacks", "init_weights")
    )
