"""Files that PyTorch writes: a net of the same architecture computes the same logits, to 1e-5."""

import numpy as np
import pytest
from torch_files import weights_file

from convnet import ConvNetClassifier, ModelFileError
from convnet.layers import (
    AvgPool2D,
    BatchNorm,
    Conv1D,
    Conv2D,
    Conv2DTranspose,
    Dense,
    DepthwiseConv2D,
    Flatten,
    GlobalAvgPool2D,
    GroupNorm,
    MaxPool2D,
    Parallel,
    PReLU,
    ReLU,
    Residual,
)
from convnet.persistence.weight_files.reading import read_weights

RNG = np.random.default_rng(0)
X = RNG.random((12, 10, 8, 3)).astype(np.float32)
SIGNALS = RNG.random((12, 9, 3)).astype(np.float32)
Y = np.arange(12) % 4


def plain(nn):
    """Convolutions with and without bias, depthwise ones, and dense layers after a flattened map."""
    return nn.Sequential(
        *(nn.Conv2d(3, 6, (3, 5), padding=(1, 2)), nn.BatchNorm2d(6), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(6, 12, 3, padding=1, groups=6, bias=False), nn.BatchNorm2d(12), nn.ReLU()),
        *(nn.Conv2d(12, 6, 3, padding=1, groups=3), nn.ReLU(), nn.Flatten(), nn.BatchNorm1d(120)),
        *(nn.Linear(120, 7), nn.ReLU(), nn.Linear(7, 4)),
    )


PLAIN = [
    *(Conv2D(6, (3, 5), padding="same"), BatchNorm(), ReLU(), MaxPool2D(2)),
    *(DepthwiseConv2D(3, padding="same", depth_multiplier=2), BatchNorm(), ReLU()),
    *(Conv2D(6, 3, padding="same", groups=3, activation="relu"), Flatten(), BatchNorm()),
    Dense(7, activation="relu"),
]


def residual(nn):
    """A block as torchvision's: the names of its modules are not in the order of their texts."""

    class Block(nn.Module):
        def __init__(self, c, f, stride):
            super().__init__()
            self.conv1, self.bn1 = nn.Conv2d(c, f, 3, stride, 1, bias=False), nn.BatchNorm2d(f)
            self.conv2, self.bn2 = nn.Conv2d(f, f, 3, 1, 1, bias=False), nn.BatchNorm2d(f)
            self.downsample = nn.Sequential(nn.Conv2d(c, f, 1, stride), nn.BatchNorm2d(f))

        def forward(self, x):
            out = self.bn2(self.conv2(self.bn1(self.conv1(x)).relu()))
            return (out + self.downsample(x)).relu()

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1, self.bn1 = nn.Conv2d(3, 6, 3, padding=1, bias=False), nn.BatchNorm2d(6)
            self.layer1 = nn.Sequential(Block(6, 6, 1), Block(6, 6, 2))
            self.layer2 = nn.Sequential(Block(6, 8, 2))
            self.fc = nn.Linear(8, 4)

        def forward(self, x):
            x = self.layer2(self.layer1(self.bn1(self.conv1(x)).relu()))
            return self.fc(x.mean((2, 3)))

    return Net()


def block(filters, stride):
    body = [
        *(Conv2D(filters, 3, stride=stride, padding=1, use_bias=False), BatchNorm(), ReLU()),
        *(Conv2D(filters, 3, padding=1, use_bias=False), BatchNorm()),
    ]
    return Residual(body, "relu", [Conv2D(filters, 1, stride=stride), BatchNorm()])


RESIDUAL = [
    *(Conv2D(6, 3, padding=1, use_bias=False), BatchNorm(), ReLU()),
    *(block(6, 1), block(6, 2), block(8, 2), GlobalAvgPool2D()),
]


def branches(nn):
    """Flattened maps of two branches, joined before a dense layer."""
    from torch import concatenate

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.left = nn.Sequential(nn.Conv2d(3, 4, 3), nn.AvgPool2d(2), nn.Flatten())
            self.right = nn.Sequential(nn.Conv2d(3, 5, 5), nn.Flatten())
            self.fc = nn.Linear(4 * 4 * 3 + 5 * 6 * 4, 4)

        def forward(self, x):
            return self.fc(concatenate([self.left(x), self.right(x)], 1))

    return Net()


BRANCHES = [
    Parallel([[Conv2D(4, 3), AvgPool2D(2), Flatten()], [Conv2D(5, 5), Flatten()]], "concat")
]


def signals(nn):
    return nn.Sequential(nn.Conv1d(3, 5, 4), nn.ReLU(), nn.Flatten(), nn.Linear(30, 4))


def slopes(nn):
    """Slopes of channels and of features, one for all of them, and one behind a dense layer."""
    return nn.Sequential(
        *(nn.Conv2d(3, 6, 3), nn.PReLU(6), nn.Conv2d(6, 4, 3), nn.PReLU(), nn.Flatten(), nn.PReLU(96)),
        *(nn.Linear(96, 7), nn.PReLU(7), nn.Linear(7, 4)),
    )  # fmt: skip


SLOPES = [
    *(Conv2D(6, 3, activation="prelu"), Conv2D(4, 3), PReLU(), Flatten(), PReLU()),
    Dense(7, activation="prelu"),
]


def squeezed(nn):
    """A block whose squeeze-and-excite branch has convolutions, as torchvision's MobileNetV3 has them."""

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1, self.conv2 = nn.Conv2d(3, 6, 1), nn.Conv2d(6, 6, 1)
            self.conv3, self.conv4 = nn.Conv2d(6, 6, 1), nn.Conv2d(6, 6, 1)
            self.conv5 = nn.Conv2d(6, 4, 1)

        def forward(self, x):
            x = self.conv1(x)
            x = x * self.conv3(self.conv2(x.mean((2, 3), keepdim=True)).relu()).sigmoid()
            return self.conv5(self.conv4(x).mean((2, 3), keepdim=True)).flatten(1)

    return Net()


SQUEEZED = [
    Conv2D(6, 1),
    Parallel(
        [[], [GlobalAvgPool2D(), Dense(6, activation="relu"), Dense(6, activation="sigmoid")]],
        "multiply",
    ),
    *(Conv2D(6, 1), GlobalAvgPool2D()),
]


def decoder(nn):
    """Transposed convolutions, and normalizations of groups: of a map, of flat values, and over a whole map."""
    return nn.Sequential(
        *(nn.Conv2d(3, 4, 3, stride=2), nn.GroupNorm(2, 4), nn.ConvTranspose2d(4, 4, 4, 2, 1)),
        *(nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 5, (8, 6)), nn.Flatten(), nn.GroupNorm(1, 5)),
        nn.Linear(5, 4),
    )


DECODER = [
    *(Conv2D(4, 3, stride=2), GroupNorm(2), Conv2DTranspose(4, 4, stride=2, padding=1), BatchNorm()),
    *(ReLU(), Flatten(), Dense(5), GroupNorm(1)),
]  # fmt: skip


NETS = {
    "plain": (plain, PLAIN, X),
    "residual": (residual, RESIDUAL, X),
    "branches": (branches, BRANCHES, X),
    "slopes": (slopes, SLOPES, X),
    "squeezed": (squeezed, SQUEEZED, X),
    "decoder": (decoder, DECODER, X),
    "signals": (signals, [Conv1D(5, 4, activation="relu")], SIGNALS),
}


@pytest.fixture
def peer(torch):
    """Return a function that makes a net with statistics that are not the initial ones."""

    def make(name):
        torch.manual_seed(0)
        net = NETS[name][0](torch.nn).eval()
        for module in net.modules():
            if hasattr(module, "running_var"):
                torch.nn.init.uniform_(module.weight, 0.5, 2)
                torch.nn.init.normal_(module.bias)
                module.running_mean.normal_()
                module.running_var.uniform_(0.5, 2)
            elif isinstance(module, torch.nn.PReLU | torch.nn.GroupNorm):
                torch.nn.init.normal_(module.weight)
        return net

    return make


def logits(torch, net, images):
    with torch.no_grad():
        return net(torch.tensor(np.moveaxis(images, -1, 1))).numpy()


def write(torch, net, form, folder):
    state = net.state_dict()
    path = folder / ("w.safetensors" if form == "safetensors" else "w.pth")
    if form == "safetensors":
        import safetensors.torch

        safetensors.torch.save_file(state, path)
    elif form == "dict":
        return {name: array.numpy() for name, array in state.items()}
    elif form == "npz":
        np.savez(folder / "w.npz", **{name: array.numpy() for name, array in state.items()})
        return folder / "w.npz"
    elif form == "checkpoint":
        optimizer = torch.optim.Adam(net.parameters())
        sum(parameter.sum() for parameter in net.parameters()).backward()
        optimizer.step()
        state = {f"module.{name}": array for name, array in state.items()}
        saved = {"epoch": 3, "model": state, "optimizer": optimizer.state_dict()}
        torch.save(saved, path, _use_new_zipfile_serialization=False)
    else:
        torch.save(state, path, _use_new_zipfile_serialization=form == "archive")
    return str(path)


@pytest.mark.parametrize("form", ["archive", "sequence", "safetensors", "dict", "npz"])
@pytest.mark.parametrize("name", NETS)
def test_logits_are_those_of_pytorch(torch, peer, tmp_path, name, form):
    _, layers, images = NETS[name]
    net = peer(name)
    source = write(torch, net, form, tmp_path)
    clf = ConvNetClassifier(layers, init_weights=source).initialize(images, Y)
    assert not clf.init_report_["missing"] and not clf.init_report_["unexpected"]
    np.testing.assert_allclose(
        clf._outputs(images), logits(torch, net, images), rtol=1e-5, atol=1e-5
    )


def test_a_checkpoint_in_the_old_format(torch, peer, tmp_path):
    """The moments of Adam lie between the weights; all names have a prefix."""
    net = peer("plain")
    found = read_weights(write(torch, net, "checkpoint", tmp_path)).arrays
    state = net.state_dict()
    assert list(found) == list(state)
    for name, array in found.items():
        np.testing.assert_array_equal(array, state[name].numpy())


@pytest.mark.parametrize("new", [True, False], ids=["archive", "sequence"])
def test_tensors_of_all_kinds(torch, tmp_path, new):
    base = torch.arange(24, dtype=torch.float32)
    tensors = {
        "view": base.view(4, 6)[1:, 2:],
        "transposed": base.view(4, 6).T,
        "strided": base[1::5],
        "scalar": torch.tensor(3.5),
        "empty": torch.zeros(0, 3),
        "parameter": torch.nn.Parameter(torch.ones(2, 3)),
        "channels last": torch.rand(2, 3, 4, 5).to(memory_format=torch.channels_last),
        "half": torch.rand(5).half(),
        "bfloat16": torch.randn(5, 2).bfloat16()[1:],
        "double": torch.rand(3, dtype=torch.float64),
        "long": torch.tensor([2**40, -1]),
        "uint16": torch.tensor([1, 2, 65535], dtype=torch.uint16),
        "bool": torch.tensor([True, False]),
    }
    torch.save(tensors, tmp_path / "w.pth", _use_new_zipfile_serialization=new)
    found = read_weights(str(tmp_path / "w.pth")).arrays
    assert list(found) == list(tensors)
    for name, tensor in tensors.items():
        tensor = tensor.detach().float() if name == "bfloat16" else tensor.detach()
        np.testing.assert_array_equal(found[name], tensor.numpy())
        assert found[name].dtype == tensor.numpy().dtype


@pytest.mark.parametrize("new", [True, False], ids=["archive", "sequence"])
def test_a_pickled_module_is_refused(torch, tmp_path, new):
    torch.save(torch.nn.Linear(2, 3), tmp_path / "w.pth", _use_new_zipfile_serialization=new)
    with pytest.raises(ModelFileError, match=r"torch.nn.modules.linear.Linear.*state_dict\(\)"):
        read_weights(str(tmp_path / "w.pth"))


@pytest.mark.parametrize("form", ["archive", "sequence"])
def test_pytorch_reads_the_files_of_other_tests(torch, tmp_path, form):
    """`tests/torch_files.py` writes what torch.save would."""
    arrays = {"a.weight": RNG.random((3, 2)).astype(np.float32), "b": np.ones(4, np.float32)}
    (tmp_path / "w.pth").write_bytes(weights_file(arrays, form))
    found = torch.load(tmp_path / "w.pth", weights_only=True)
    for name, array in arrays.items():
        np.testing.assert_array_equal(found[name].numpy(), array)
