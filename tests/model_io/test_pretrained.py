"""The nets that come with convnet are small, accurate and described."""

import re
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits

import convnet

FOLDER = Path(convnet.__file__).parent / "pretrained"


def enlarged(images):
    """Return 8×8 images enlarged to the middle 20×20 pixels of 28×28, as uint8, bilinear."""
    at = np.clip((np.arange(20) + 0.5) * 8 / 20 - 0.5, 0, 7)
    low = np.minimum(at.astype(int), 6)
    share = at - low
    rows = images[:, low] * (1 - share)[:, None] + images[:, low + 1] * share[:, None]
    both = rows[:, :, low] * (1 - share) + rows[:, :, low + 1] * share
    return np.pad(both * (255 / 16), ((0, 0), (4, 4), (4, 4))).astype(np.uint8)


def test_mnist_small_reads_other_digits():
    """These digits come from another scanner and were not used in training. Chance gives 10%."""
    net = convnet.load_pretrained("mnist-small")
    digits = load_digits()
    X = enlarged(digits.images)
    assert net.score(X, digits.target) > 0.85
    np.testing.assert_array_equal(net.classes_, np.arange(10))
    as_floats = net.predict_proba(X[:50] / 255)
    np.testing.assert_allclose(as_floats, net.predict_proba(X[:50]), atol=1e-4)


def test_files():
    names = {path.name for path in FOLDER.iterdir()}
    assert names == {"mnist-small.npz", "mnist-small.md"}
    assert (FOLDER / "mnist-small.npz").stat().st_size <= 300 * 1024


def test_card():
    card = (FOLDER / "mnist-small.md").read_text(encoding="utf-8")
    net = convnet.load_pretrained("mnist-small")
    accuracy = float(re.search(r"Test accuracy \| ([\d.]+)%", card)[1])
    assert accuracy >= 99
    assert f"| {net.n_parameters_:,}, float32; file of" in card
    assert f"{(FOLDER / 'mnist-small.npz').stat().st_size:,} bytes" in card
    for layer in net.layers:
        assert repr(layer) in card
    for name in ("augment", "learning_rate", "learning_rate_init", "max_iter", "random_state"):
        assert f"{name}={getattr(net, name)!r}" in card


def test_each_call_returns_a_net_of_its_own():
    net = convnet.load_pretrained("mnist-small")
    net.set_params(alpha=7)
    assert convnet.load_pretrained("mnist-small").alpha != 7


@pytest.mark.parametrize("name", ["mnist", "", None, 3, "../pretrained/mnist-small"])
def test_unknown(name):
    with pytest.raises(ValueError, match=r"no pretrained net .*\. Available: mnist-small\."):
        convnet.load_pretrained(name)
