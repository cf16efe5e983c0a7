"""A working folder, synthetic photographs, and commands that must fail."""

import numpy as np
import pytest
from photographs import trained, write_photographs
from sklearn.datasets import load_digits

from convnet import cli
from convnet.cli import recipe
from convnet.layers.pretrained_wheels import PretrainedWheel


@pytest.fixture(autouse=True)
def from_scratch(request, monkeypatch):
    """Without the pretrained net, whether it is installed or not, unless a test uses the fixture `pretrained`."""
    if "pretrained" not in request.fixturenames:
        monkeypatch.setattr(PretrainedWheel, "is_installed", lambda self: False)


@pytest.fixture
def pretrained():
    """Skip the test unless the pretrained net is installed."""
    if not recipe.PRETRAINED.is_installed():
        pytest.skip(
            f"{recipe.PRETRAINED.distribution} is not installed: pip install it, as .ci/run does"
        )


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


@pytest.fixture
def photos(folder):
    """Make the folders photos, to train on, and others, to test on: two classes with 12 and 5 images each."""
    write_photographs("photos", 12)
    write_photographs("others", 5, seed=1)
    return folder / "photos"


@pytest.fixture
def pets(photos, capsys):
    """Train pets.npz, a small net, on all of photos, and return the JSON output."""
    return trained(capsys, "photos", "--val-fraction", "0", "--out", "pets.npz")


@pytest.fixture
def failed(capsys):
    """Return a function that runs a command that must fail, and returns its one line of error."""

    def run(*argv):
        assert cli.main(list(argv)) == 2
        err = capsys.readouterr().err
        assert err.startswith("convnet: error: ") and err.count("\n") == 1
        return err

    return run
