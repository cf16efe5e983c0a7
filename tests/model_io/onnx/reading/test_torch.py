"""Nets that PyTorch exports, by both of its exporters, with fixed and with dynamic axes."""

import contextlib
import io
import logging
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from onnx_graphs import TOLERANCE, channels_last

torch = pytest.importorskip(
    "torch", reason="PyTorch is not installed: pip install torch==2.13.0, as .ci/run does"
)
pytest.importorskip("onnx")
pytest.importorskip("onnxscript", reason="pip install onnxscript, as .ci/run does")

sys.path.insert(0, str(Path(__file__).parents[3] / "parity"))

from torch import nn  # noqa: E402
from torch_models import MODELS as PUBLISHED  # noqa: E402

from convnet import from_onnx  # noqa: E402


def vgg11(n):
    layers, channels = [], 3
    for width in (64, None, 128, None, 256, 256, None, 512, 512, None, 512, 512, None):
        if width is None:
            layers.append(nn.MaxPool2d(2))
        else:
            layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU()]
            channels = width
    head = [nn.Linear(512 * 4, 256), nn.ReLU(), nn.Dropout(), nn.Linear(256, n)]
    return nn.Sequential(nn.Sequential(*layers), nn.Flatten(), *head)


MAPS = {
    name: PUBLISHED[name]
    for name in (
        *("resnet18", "mobilenet-v2", "mobilenet-v3-small"),
        *("squeezenet1-1", "efficientnet-b0", "densenet121"),
    )
} | {"vgg11": vgg11}
SIGNALS = {name: PUBLISHED[name] for name in ("fcn", "resnet-1d", "inceptiontime", "time-cnn")}
QUICK = {
    ("resnet18", False),
    ("squeezenet1-1", True),
    ("mobilenet-v3-small", False),
    ("vgg11", False),
}


def made(build):
    torch.manual_seed(0)
    net = build(7).eval()
    for module in net.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 1.5)
    return net


def exported(net, x, *, dynamo, dynamic):
    """Return the bytes of a model. With `dynamic`, all sizes but that of the channels are left open."""
    file, open_axes = io.BytesIO(), [0, *range(2, x.ndim)]
    options = {}
    if dynamic and dynamo:
        shapes = dict.fromkeys(open_axes[1:], torch.export.Dim.AUTO)
        options["dynamic_shapes"] = ({0: torch.export.Dim("n"), **shapes},)
    elif dynamic:
        options |= dict(input_names=["x"], dynamic_axes={"x": {a: f"axis{a}" for a in open_axes}})
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()), torch.no_grad():
        warnings.simplefilter("ignore")
        if dynamo:
            program = torch.onnx.export(net, (x,), dynamo=True, verbose=False, **options)
            return program.model_proto.SerializeToString()
        torch.onnx.export(net, (x,), file, dynamo=False, **options)
    return file.getvalue()


def assert_same(net, x, content, **options):
    """Assert that the imported net computes what PyTorch computes, and return it."""
    found = from_onnx(content, **options)
    with torch.no_grad():
        expected = net(x).numpy()
    X = channels_last(x.numpy())
    scale = np.abs(expected).max()
    np.testing.assert_allclose(found.predict(X), expected, rtol=0, atol=TOLERANCE * scale)
    return found


def marks(name, dynamo, dynamic):
    """Return the marks of a case. The exporter "dynamo" takes up to a minute for a net."""
    if dynamo and name not in ("resnet18", "squeezenet1-1"):
        return [pytest.mark.long]
    return [] if (name, dynamo) in QUICK and not (dynamo and dynamic) else [pytest.mark.slow]


CASES = [
    pytest.param(
        name,
        dynamo,
        dynamic,
        id=f"{name}-{'dynamo' if dynamo else 'script'}-{'dynamic' if dynamic else 'fixed'}",
        marks=marks(name, dynamo, dynamic),
    )
    for name in MAPS
    for dynamo in (False, True)
    for dynamic in (False, True)
]


@pytest.mark.parametrize(("name", "dynamo", "dynamic"), CASES)
def test_published_nets(name, dynamo, dynamic):
    net, x = made(MAPS[name]), torch.randn(2, 3, 64, 64)
    content = exported(net, x, dynamo=dynamo, dynamic=dynamic)
    options = {"input_shape": (64, 64, 3)} if dynamic else {}
    found = assert_same(net, x, content, **options)
    assert found.n_outputs_ == 7


@pytest.mark.parametrize("dynamo", [False, pytest.param(True, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", SIGNALS)
def test_nets_for_signals(name, dynamo):
    net, x = made(SIGNALS[name]), torch.randn(2, 1, 64)
    assert_same(net, x, exported(net, x, dynamo=dynamo, dynamic=False))


def test_names_are_those_of_the_modules():
    net, x = made(PUBLISHED["resnet18"]), torch.randn(1, 3, 64, 64)
    found = from_onnx(exported(net, x, dynamo=False, dynamic=False))
    names = [info.name for info in found.layers_]
    assert names[:6] == ["conv1", "Relu", "MaxPool", "layer1-0", "layer1-0-Relu_1", "layer1-1"]
    assert "layer2-0/shortcut/downsample-0/weights" in found.weights_
    assert [one.name for one in found.layers_[3].layers] == [
        f"layer1-0/{name}" for name in ("conv1", "Relu", "conv2")
    ]
    text = str(found.summary())
    assert "Residual" in text and max(map(len, text.splitlines())) < 120


ACTIVATIONS = {
    "gelu": nn.GELU(),
    "silu": nn.SiLU(),
    "mish": nn.Mish(),
    "hard_swish": nn.Hardswish(),
    "hard_sigmoid": nn.Hardsigmoid(),
    "relu6": nn.ReLU6(),
    "elu": nn.ELU(),
    "softplus": nn.Softplus(),
    "prelu": nn.PReLU(5),
}


@pytest.mark.parametrize("dynamo", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_activations_become_one_layer_each(dynamo):
    layers = [nn.Conv2d(3, 5, 3)]
    for activation in ACTIVATIONS.values():
        layers += [activation, nn.GroupNorm(5, 5)]
    net = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(5, 4)).eval()
    x = torch.randn(2, 3, 9, 8)
    found = assert_same(net, x, exported(net, x, dynamo=dynamo, dynamic=False))
    types = [info.type for info in found.layers_]
    assert types.count("GroupNorm") == len(ACTIVATIONS)
    assert types.count("Activation") + types.count("PReLU") == len(ACTIVATIONS)
