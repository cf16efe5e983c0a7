"""Modules of PyTorch: the outputs of the estimators, layer by layer; the weights on their way back; training."""

import copy
import doctest
import subprocess
import sys
import warnings

import numpy as np
import pytest
from layer_table import TABLE
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator

from convnet import ConvNetClassifier, ConvNetRegressor, ConvNetTransformer
from convnet.engine import ACTIVATIONS
from convnet.layers import (
    LRN,
    Activation,
    AvgPool2D,
    BatchNorm,
    Conv1D,
    Conv2D,
    Conv2DTranspose,
    Dense,
    Dropout,
    Flatten,
    GroupNorm,
    Layer,
    MaxPool2D,
    Normalize,
    Parallel,
    PReLU,
    ReLU,
    Rescale,
    Residual,
    Resize,
    SeparableConv2D,
    layer_types,
    presets,
)

N, TOLERANCE = 6, 1e-5
SLOW = {"resnet34", "resnet50", "densenet121", "vgg16"}


def with_random_weights(net, seed=0):
    """Change all weights of a net, so that none is 0 or 1 and variances are positive."""
    rng = np.random.default_rng(seed)
    weights = {}
    for name, array in net.weights_.items():
        positive = name.rpartition("/")[2] in ("gamma", "moving_variance", "deviation")
        fan_in = np.prod(array.shape[:-1]) if array.ndim > 1 else 10
        noise = rng.normal(size=array.shape) / np.sqrt(fan_in)
        weights[name] = rng.uniform(0.5, 1.5, array.shape) if positive else 1.5 * noise
    return net.set_weights(weights)


def data(shape, n=N, n_classes=3):
    X = np.random.default_rng(1).normal(size=(n, *shape)).astype(np.float32)
    return X, np.arange(n) % n_classes


def made(layers, shape=(6, 5, 3), **params):
    """Return a classifier of three classes with random weights, and its X and y."""
    X, y = data(shape)
    shape = shape if len(shape) < 3 else None
    clf = ConvNetClassifier(layers, input_shape=shape, random_state=0, **params)
    return with_random_weights(clf.initialize(X, y)), X, y


def outputs(torch, net, X):
    with torch.no_grad():
        return net(torch.as_tensor(X)).numpy()


def assert_close(got, want, tolerance=TOLERANCE):
    assert got.shape == want.shape
    np.testing.assert_allclose(got, want, rtol=0, atol=tolerance * np.abs(want).max())


def assert_returns(clf, net, X, y, source=None):
    """Assert that an estimator with the same layers takes all weights of a module back."""
    params = clf.get_params(deep=False) | {"random_state": 1}
    params["init_weights"] = net.state_dict() if source is None else source
    again = type(clf)(**params).initialize(X, y)
    assert not again.init_report_["missing"]
    for name, array in clf.weights_.items():
        np.testing.assert_array_equal(again.weights_[name], array, err_msg=name)
    return again


def net_row(row):
    """Return the layers of a row in a net. A softmax must not be the last layer."""
    last = getattr(row.layer, "activation", None) == "softmax"
    return [row.layer, ReLU()] if last else [row.layer]


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.repr)
def test_each_layer(torch, row):
    clf, X, y = made(net_row(row), row.input_shape)
    net = clf.to_torch()
    assert_close(outputs(torch, net, X), clf.decision_function(X))
    assert_returns(clf, net, X, y)


def test_no_layer_is_missing(torch):
    from convnet.model_io.torch_module import chains, registry

    own = {kind for kind in layer_types().values() if kind.__module__.startswith("convnet.")}
    assert own == set(registry.CONVERTERS) and chains.convert is registry.convert


@pytest.mark.parametrize("name", [*ACTIVATIONS, "prelu", "softmax"])
def test_each_activation(torch, name):
    """As a layer, as a part of layers, and after branches."""
    body = [SeparableConv2D(3, 3, padding="same", activation=name)]
    merged = Parallel([[], [Conv2D(3, 1)]], "max", activation=name)
    layers = [Activation(name), Residual(body, activation=name), merged, Dense(4, activation=name)]
    clf, X, y = made([*layers, Dense(4)])
    X[0] *= 30  # both ends of each function
    net = clf.to_torch()
    assert_close(outputs(torch, net, X), clf.decision_function(X))
    assert_returns(clf, net, X, y)


@pytest.mark.parametrize(
    "layer",
    [
        MaxPool2D(3, stride=2, padding=((2, 0), (0, 1))),
        MaxPool2D((3, 2), stride=(2, 2), padding=(2, 1), ceil_mode=True),
        MaxPool2D(4, stride=3, padding=3, ceil_mode=True),
        AvgPool2D(3, stride=2, padding=((2, 0), (0, 1))),
        AvgPool2D(3, stride=2, padding=((2, 0), (0, 1)), count_include_pad=True),
        AvgPool2D(4, stride=3, padding=((3, 1), (0, 2)), ceil_mode=True),
        AvgPool2D(4, stride=3, padding=((3, 1), (0, 2)), ceil_mode=True, count_include_pad=True),
        Conv2DTranspose(2, 3, stride=2, padding=((2, 0), (0, 1))),
        Conv2DTranspose(2, 2, stride=3, padding="valid"),
        Conv2DTranspose(2, 4, stride=2, padding=((0, 3), (3, 0)), output_padding=1),
        Conv2DTranspose(2, 3, dilation=2, padding=((1, 0), (0, 2)), output_padding=(1, 0)),
        Resize((3, 4)),
        Resize((3, 2), method="area"),
        Resize((3, 1), method="area"),
        Resize((9, 3)),
        Resize((4, 7), method="bilinear"),
        Resize((6, 5)),
        Resize((11, 3), method="nearest"),
        Conv2D(4, (2, 4), stride=(1, 2), padding="same", groups=1, dilation=(3, 1)),
    ],
    ids=repr,
)
def test_windows_that_pytorch_does_not_have(torch, layer):
    clf, X, _ = made([layer], (6, 5, 3))
    assert_close(outputs(torch, clf.to_torch(), X), clf.decision_function(X))


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[pytest.mark.slow] * (n in SLOW)) for n in presets()]
)
def test_each_preset(torch, name):
    shape = presets()[name].input_shape
    shape = (64, 64, 3) if shape[0] == 224 else shape
    shape = (32, 32, 3) if name == "vgg16" else shape
    clf, X, y = made(name, shape)
    net, want = clf.to_torch(), clf.decision_function(X)
    exact = outputs(torch, copy.deepcopy(net).double(), X)
    rounding = np.abs(outputs(torch, net, X) - exact).max() / np.abs(want).max()
    assert rounding < 1e-4  # of PyTorch, in a deep net
    assert_close(outputs(torch, net, X), want, max(TOLERANCE, 3 * rounding))
    assert_returns(clf, net, X, y)


BODY = [Conv2D(4, 3, activation="relu"), MaxPool2D(2), Dense(5, activation="tanh")]


def test_binary_and_multilabel(torch):
    X, _ = data((8, 8, 2))
    for y, shape in [
        (np.array(["no", "yes"] * 3), (N,)),
        (np.arange(N * 3).reshape(N, 3) % 2, (N, 3)),
    ]:
        clf = with_random_weights(ConvNetClassifier(BODY, random_state=0).initialize(X, y))
        got = outputs(torch, clf.to_torch(), X)
        assert got.shape == shape
        assert_close(got, clf.decision_function(X))
        assert_returns(clf, clf.to_torch(), X, y)


@pytest.mark.parametrize("n_outputs", [1, 3])
@pytest.mark.parametrize("normalize_y", [True, False])
def test_regressors(torch, n_outputs, normalize_y):
    X, _ = data((8, 8, 2))
    y = 1000 + 50 * np.random.default_rng(0).normal(size=(N, n_outputs))
    y = y[:, 0] if n_outputs == 1 else y
    net = ConvNetRegressor(BODY, normalize_y=normalize_y, random_state=0)
    net = with_random_weights(net.initialize(X, y))
    module = net.to_torch()
    got = outputs(torch, module, X)
    assert_close(got, net.predict(X))
    assert ("output_scale.mean" in module.state_dict()) is normalize_y
    again = assert_returns(net, module, X, y)
    np.testing.assert_array_equal(again.predict(X), net.predict(X))


NESTED = [
    Conv2D(4, 3, padding="same", activation="relu"),
    Residual([Conv2D(6, 3, stride=2, padding="same", name="a"), BatchNorm(), Conv2D(6, 1)]),
    Parallel([[AvgPool2D(2)], [MaxPool2D(2), Residual([Conv2D(6, 1)], shortcut=[BatchNorm()])]]),
    SeparableConv2D(3, 1, depth_multiplier=2),
    Flatten(name="flat"),
    PReLU(),
    Dense(5, activation="elu"),
]


@pytest.mark.parametrize(
    "layer",
    [
        *("conv1", "residual1", "residual1/a", "residual1/conv1", "residual1/shortcut"),
        *("parallel1", "parallel1/0/pool1", "parallel1/1/residual1/conv1", "separable1"),
        *("parallel1/1/residual1/shortcut/batchnorm1", "separable1/depthwise"),
        *("flat", "activation1", "dense1", "output"),
    ],
)
def test_transformers(torch, layer):
    """The features of any layer, those inside others and those of flattened maps included."""
    clf, X, _ = made(NESTED, (8, 8, 3))
    transformer = ConvNetTransformer(FrozenEstimator(clf), layer=layer).fit(X)
    assert_close(outputs(torch, transformer.to_torch(), X), transformer.transform(X))


def test_a_transformer_gives_its_weights_back(torch):
    clf, X, y = made(NESTED, (8, 8, 3))
    net = ConvNetTransformer(FrozenEstimator(clf), layer="dense1").fit(X).to_torch()
    again = ConvNetClassifier(clf.layers_up_to("dense1"), init_weights=net.state_dict())
    again.initialize(X, y)
    assert again.init_report_["missing"] == ["output"]
    for name in clf.weights_.keys() - {"output/weights", "output/bias"}:
        np.testing.assert_array_equal(again.weights_[name], clf.weights_[name])


@pytest.mark.parametrize(
    "odd",
    [
        [LRN(3)],
        [GroupNorm(2)],
        [Parallel([[], [Dense(24)]], "add")],
    ],
    ids=str,
)
def test_flattened_maps_whose_order_matters(torch, odd):
    """Layers that combine neighboring features have no counterpart in PyTorch's order: the module uses convnet's."""
    layers = [Conv2D(4, 1), Flatten(name="flat"), *odd, Dense(5)]
    clf, X, y = made(layers, (2, 3, 3))
    net = clf.to_torch()
    assert_close(outputs(torch, net, X), clf.decision_function(X))
    for layer in ("flat", clf.layers_[2].name, "dense1"):
        transformer = ConvNetTransformer(FrozenEstimator(clf), layer=layer).fit(X)
        assert_close(outputs(torch, transformer.to_torch(), X), transformer.transform(X))
    with pytest.raises(ValueError, match=r"in the same order|in another order"):
        ConvNetClassifier(layers, init_weights=net.state_dict()).initialize(X, y)


def raw(shape, n=N, dtype=np.uint8):
    high = np.iinfo(dtype).max if dtype != np.float32 else 1
    return (np.random.default_rng(2).uniform(0, high, (n, *shape))).astype(dtype)


@pytest.mark.filterwarnings("ignore:.* with values up to:UserWarning")
@pytest.mark.parametrize("layers", [[], [Rescale(1 / 50)], [Resize(4), Normalize()]], ids=str)
@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64, np.int16])
def test_raw_images(torch, layers, dtype):
    X = raw((8, 8, 3), dtype=np.uint8).astype(dtype)
    y = np.arange(N) % 3
    clf = ConvNetClassifier([*layers, *BODY], random_state=0).initialize(X, y)
    net = clf.to_torch()
    assert_close(outputs(torch, net, X), clf.decision_function(X))
    other = X.astype(np.uint8 if dtype != np.uint8 else np.int32)
    if dtype == np.uint8 and layers[:1] != [Rescale(1 / 50)]:
        with pytest.raises(
            ValueError, match=r"Fitted on uint8 images .* but got int32 with max 25"
        ):
            net(torch.from_numpy(other))
        other = (X / 255).astype(np.float32)
    assert_close(outputs(torch, net, other), clf.decision_function(other))


def test_channels_that_count_as_constant(torch):
    X, y = raw((8, 8, 3)), np.arange(N) % 3
    clf = ConvNetClassifier([Normalize(epsilon=1e-3), *BODY], random_state=0).initialize(X, y)
    deviation = np.float32([0.2, 1e-4, 0.3])  # the second one counts as 1
    clf.set_weights({"normalize1/deviation": deviation})
    assert_close(outputs(torch, clf.to_torch(), X), clf.decision_function(X))


def test_units_of_uint16(torch):
    X, y = raw((8, 8, 1), dtype=np.uint16), np.arange(N) % 3
    clf = ConvNetClassifier(BODY, random_state=0).initialize(X, y)
    net = clf.to_torch()
    assert_close(outputs(torch, net, X), clf.decision_function(X))
    eight_bits = (X // 257).astype(np.uint8)
    assert_close(outputs(torch, net, eight_bits), clf.decision_function(eight_bits))


def test_channels_first_flat_signals_and_gray(torch):
    X, y = raw((3, 8, 6)), np.arange(N) % 3
    clf = ConvNetClassifier(BODY, data_format="channels_first", random_state=0).initialize(X, y)
    net = clf.to_torch()
    assert_close(outputs(torch, net, X), clf.decision_function(X))
    flat = X.reshape(N, -1)
    assert_close(outputs(torch, net, flat), clf.decision_function(flat))
    with pytest.raises(ValueError, match=r"Expected X of shape \(n, 3, 8, 6\) or \(n, 144\), got"):
        net(torch.from_numpy(np.moveaxis(X, 1, -1).copy()))
    X = raw((2, 20), dtype=np.float32)
    clf = ConvNetClassifier([Conv1D(4, 3)], data_format="channels_first", random_state=0)
    clf.initialize(X, y)
    assert_close(outputs(torch, clf.to_torch(), X), clf.decision_function(X))
    X = raw((8, 6))
    clf = ConvNetClassifier(BODY, random_state=0).initialize(X, y)
    for same in (X, X[..., None], X.reshape(N, -1)):
        assert_close(outputs(torch, clf.to_torch(), same), clf.decision_function(X))


def test_a_step_of_training(torch):
    """The statistics of batch normalization move by the momentum; those of a step of convnet are the same."""
    X, y = data((6, 6, 3), n=8)
    layers = [Conv2D(4, 3), BatchNorm(momentum=0.7), ReLU()]
    options = dict(solver="sgd", learning_rate_init=1e-12, learning_rate="constant", batch_size=8)
    clf = ConvNetClassifier(layers, random_state=0, **options)
    with_random_weights(clf.initialize(X, y))
    net = clf.to_torch()
    assert not net.training
    net.train()(torch.from_numpy(X))
    before = clf.weights_
    clf.partial_fit(X, y)
    mean, variance = (clf.weights_[f"batchnorm1/moving_{n}"] for n in ("mean", "variance"))
    np.testing.assert_allclose(net.batchnorm1.running_mean, mean, rtol=1e-4, atol=1e-5)
    m = 8 * 4 * 4  # PyTorch divides by m - 1
    old = 0.7 * before["batchnorm1/moving_variance"]
    np.testing.assert_allclose(
        net.batchnorm1.running_var, old + (variance - old) * m / (m - 1), rtol=1e-4
    )


def test_dropout_and_stochastic_depth(torch):
    torch.manual_seed(0)
    layers = [Dropout(0.25), Residual([Activation("linear")], drop_path=0.75)]
    clf, _, _ = made(layers, (500,))
    x = torch.ones(400, 500)
    net = clf.to_torch()
    dropped = net.train().dropout1(x)
    assert dropped.unique().tolist() == [0, pytest.approx(1 / 0.75)]
    assert (dropped == 0).float().mean().item() == pytest.approx(0.25, abs=0.01)
    rows = net.residual1(x)
    assert set(rows.unique().tolist()) == {1, 5} and len(rows.unique(dim=1)[0]) == 1
    assert (rows[:, 0] == 5).float().mean().item() == pytest.approx(0.25, abs=0.1)
    assert (net.eval().residual1(x) == 2).all()


def test_fine_tuning_there_and_prediction_here(torch, tmp_path):
    """A head for other classes; files of torch.save and of safetensors."""
    safetensors = pytest.importorskip("safetensors.torch")
    torch.manual_seed(0)
    clf, X, _ = made(NESTED, (8, 8, 3))
    y = np.arange(N) % 4
    net = clf.to_torch()
    net.output = torch.nn.Linear(5, 4)
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-2)
    losses = []
    for _ in range(20):
        loss = torch.nn.functional.cross_entropy(
            net.train()(torch.from_numpy(X)), torch.from_numpy(y)
        )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] / 2
    torch.save(net.state_dict(), tmp_path / "net.pth")
    safetensors.save_file(net.state_dict(), tmp_path / "net.safetensors")
    want = outputs(torch, net.eval(), X)
    for name in ("net.pth", "net.safetensors"):
        again = ConvNetClassifier(NESTED, init_weights=tmp_path / name).initialize(X, y)
        assert not again.init_report_["missing"] and not again.init_report_["unexpected"]
        assert_close(again.decision_function(X), want)


def test_tensors_that_numpy_does_not_have(torch):
    """float8 is widened; sparse tensors, and those without values, are refused."""
    clf = ConvNetClassifier([Conv2D(2, 3)]).initialize(np.zeros((2, 4, 4, 1)), [0, 1])
    bias = torch.tensor([0.5, -2.0])
    for dtype in (torch.float8_e4m3fn, torch.float8_e5m2):
        clf.set_weights({"conv1/bias": bias.to(dtype)})
        assert clf.weights_["conv1/bias"].tolist() == [0.5, -2.0]
    for wrong in (bias.to_sparse(), torch.empty(2, device="meta"), torch.complex(bias, bias)):
        with pytest.raises(TypeError, match=r"\['conv1/bias'\] must be an array of real numbers"):
            clf.set_weights({"conv1/bias": wrong})


def test_tensors_that_numpy_does_not_take(torch):
    """bfloat16, and parameters with gradients; those of a GPU go the same way."""
    clf, X, y = made([Conv2D(4, 3), Dense(5)], (8, 8, 3))
    assert_returns(clf, clf.to_torch(), X, y, source=dict(clf.to_torch().named_parameters()))
    net = clf.to_torch().bfloat16()
    params = {"random_state": 1, "init_weights": net.state_dict()}
    again = ConvNetClassifier(clf.layers, **params).initialize(X, y)
    want = clf.to_torch().conv1.weight.bfloat16().float().permute(2, 3, 1, 0)
    np.testing.assert_array_equal(again.weights_["conv1/weights"], want.detach().numpy())


AWKWARD = [
    Conv2D(3, 1, activation="prelu", name="half"),
    Conv2D(3, 1, activation="relu", name="conv1"),
    Conv2D(3, 1, name="conv1_relu"),
    Residual(
        [Conv2D(3, 1, name="forward"), PReLU(name="drop_path")], drop_path=0.5, name="training"
    ),
    Conv2D(3, 1, name="input"),
    Parallel([[Conv2D(3, 1, name="type")], []], name="modules"),
]


def test_names_that_modules_use_themselves(torch):
    clf, X, y = made(AWKWARD)
    net = clf.to_torch()
    assert {"half_", "half_prelu", "conv1_relu", "conv1_relu_", "training_", "input_"} <= set(
        dict(net.named_children())
    )
    assert_close(outputs(torch, net, X), clf.decision_function(X))
    names = list(net.state_dict())
    shuffled = {name: net.state_dict()[name] for name in reversed(names)}  # names, not the order
    assert_returns(clf, net, X, y, source=shuffled)


def test_what_is_printed(torch):
    clf, _, _ = made([Conv2D(4, 3, padding="same", stride=2, activation="relu"), ReLU()])
    text = str(clf.to_torch())
    for line in (
        "(input): InputModule((6, 5, 3), 'channels_last', scale=1)",
        "(conv1_pad): ZeroPad2d((1, 1, 0, 1))",
        "(conv1): Conv2d(3, 4, kernel_size=(3, 3), stride=(2, 2))",
        "(conv1_relu): ReLU()",
        "(output): Linear(in_features=36, out_features=3, bias=True)",
    ):
        assert line in text


def test_copies_files_and_random_state(torch, tmp_path):
    clf, X, _ = made(NESTED, (8, 8, 3))
    torch.manual_seed(3)
    state = torch.get_rng_state()
    net = clf.to_torch()
    assert torch.equal(torch.get_rng_state(), state)
    torch.save(net, tmp_path / "whole.pt")
    want = outputs(torch, net, X)
    for same in (copy.deepcopy(net), torch.load(tmp_path / "whole.pt", weights_only=False)):
        np.testing.assert_array_equal(outputs(torch, same, X), want)
    other, _, _ = made(NESTED, (8, 8, 3))
    other = with_random_weights(other, seed=5).to_torch()
    assert not np.allclose(outputs(torch, other, X), want)
    other.load_state_dict(net.state_dict())
    np.testing.assert_array_equal(outputs(torch, other, X), want)
    before = clf.decision_function(X)
    with torch.no_grad():
        net.conv1.weight.zero_()  # a copy
    np.testing.assert_array_equal(clf.decision_function(X), before)


def test_traced_and_exported(torch):
    """For any number of samples. The check of the units of X is left out: it would read the values."""
    X = raw((8, 8, 3))
    layers = [Conv2D(4, 3), Residual([Conv2D(4, 1)], drop_path=0.1), Flatten(), LRN(3), Dense(5)]
    clf = ConvNetClassifier(layers, random_state=0).initialize(X, np.arange(N) % 3)
    net, floats = clf.to_torch(), torch.from_numpy(X / 255)
    with warnings.catch_warnings():  # tracing is deprecated, and warns of checks that it leaves out
        warnings.simplefilter("ignore")
        traced = torch.jit.trace(net, floats)
    any_number = ({0: torch.export.Dim("n", min=1)},)
    torch.export.export(net.train(), (floats,), dynamic_shapes=any_number)
    exported = torch.export.export(net.eval(), (floats,), dynamic_shapes=any_number).module()
    for same in (traced, exported):
        for n in (N, 2):
            assert_close(outputs(torch, same, floats[:n]), clf.decision_function(X[:n]))


def test_exported_by_pytorch_as_onnx(torch, tmp_path):
    pytest.importorskip("onnx")
    onnxruntime = pytest.importorskip("onnxruntime")
    X = raw((8, 8, 3))
    clf = ConvNetClassifier(BODY, random_state=0).initialize(X, np.arange(N) % 3)
    path = str(tmp_path / "net.onnx")
    names = dict(input_names=["x"], dynamic_axes={"x": {0: "n"}}, dynamo=False)
    with warnings.catch_warnings():  # this exporter is deprecated
        warnings.simplefilter("ignore")
        torch.onnx.export(clf.to_torch(), (torch.from_numpy(X),), path, **names)
    session = onnxruntime.InferenceSession(path)
    for n in (N, 2):
        assert_close(session.run(None, {"x": X[:n]})[0], clf.decision_function(X[:n]))


def test_the_example(torch):
    finder, runner = doctest.DocTestFinder(), doctest.DocTestRunner()
    for case in finder.find(ConvNetClassifier.to_torch, "to_torch", globs={}):
        assert runner.run(case).attempted == 7
    assert runner.failures == 0


class OwnLayer(Layer):
    """A user's layer."""

    def lower(self, builder):
        builder.activation("relu")


def test_errors(torch):
    with pytest.raises(NotFittedError):
        ConvNetClassifier(BODY).to_torch()
    with pytest.raises(NotFittedError):
        ConvNetTransformer(ConvNetClassifier(BODY)).to_torch()
    clf, _, _ = made([OwnLayer(name="mine")])
    with pytest.raises(
        TypeError, match="layer 'mine' is a OwnLayer, which has no counterpart in PyTorch"
    ):
        clf.to_torch()


def test_without_pytorch():
    program = (
        "import sys, numpy as np, convnet\n"
        "clf = convnet.ConvNetClassifier([]).initialize(np.zeros((2, 3, 3)), [0, 1])\n"
        "sys.modules['torch'] = None\n"
        "try:\n    clf.to_torch()\n"
        "except ImportError as error:\n    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "to_torch needs PyTorch. Install it with: pip install torch\n", (
        done.stderr
    )
