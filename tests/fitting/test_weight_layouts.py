"""Arrays of other libraries in the layout of layers: slopes, pointwise convolutions, what follows a flattened map."""

import numpy as np
import pytest
from foreign_weights import conv, linear, norm, torch_arrays

from convnet import ConvNetClassifier
from convnet.graph import Plan
from convnet.graph.flattened_orders import channels_first_orders
from convnet.layers import (
    LRN,
    AvgPool2D,
    BatchNorm,
    Conv2D,
    Conv2DTranspose,
    Dense,
    Dropout,
    Flatten,
    GlobalAvgPool2D,
    GroupNorm,
    MaxPool2D,
    Normalize,
    Parallel,
    PReLU,
)

RNG = np.random.default_rng(0)
X = RNG.random((12, 4, 3, 2)).astype(np.float32)
Y = np.arange(12) % 3


def initialized(layers, weights, **params):
    return ConvNetClassifier(layers, init_weights=weights, random_state=0, **params).initialize(
        X, Y
    )


def slopes(name, n):
    return {f"{name}.weight": (n,)}


def test_orders_after_a_flattened_map():
    """Dropout and activations keep the order, a dense layer ends it; joined branches follow each other."""

    def orders_of(layers, shape):
        return channels_first_orders(Plan(layers, shape, 3).layers, shape)[0]

    layers = [Flatten(), Dropout(0.5), BatchNorm(), Dense(4, name="a"), Dense(5, name="b")]
    orders = orders_of(layers, (2, 3, 4))
    assert set(orders) == {"dropout1", "batchnorm1", "a"}
    want = [(c * 2 + h) * 3 + w for h, w, c in np.ndindex(2, 3, 4)]
    np.testing.assert_array_equal(orders["a"], want)
    joined = [Parallel([[Flatten()], [MaxPool2D(2), Flatten()], [Flatten(), Dense(3)]])]
    orders = orders_of(joined, (2, 3, 4))
    np.testing.assert_array_equal(orders["parallel1/2/dense1"], want)
    np.testing.assert_array_equal(orders["output"], [*want, *range(24, 31)])
    assert not orders_of([GlobalAvgPool2D(), Dense(3)], (2, 3, 4))
    assert not orders_of([Dense(3)], (2, 3, 1))


FLAT = [(c * 4 + h) * 3 + w for h, w, c in np.ndindex(4, 3, 2)]  # where PyTorch has the values of X


def test_slopes_go_to_their_layers():
    """Of a layer, of an activation, one for all channels; in the order of PyTorch only after a flattened map."""
    layers = [
        Conv2D(4, 3, padding=1, activation="prelu"),
        PReLU(),
        Conv2D(2, 1),
        Flatten(),
        PReLU(),
    ]
    layers.append(Dense(5, activation="prelu"))
    shapes = conv("a", 4, 2) | slopes("b", 4) | slopes("c", 1) | conv("d", 2, 4, 1)
    shapes |= slopes("e", 24) | linear("f", 5, 24) | slopes("g", 5) | linear("h", 3, 5)
    arrays = torch_arrays(shapes)
    clf = initialized(layers, arrays)
    assert clf.init_report_["missing"] == clf.init_report_["unexpected"] == []
    want = {"conv1": arrays["b.weight"], "activation1": np.full(4, arrays["c.weight"][0])}
    want |= {"activation2": arrays["e.weight"][FLAT], "dense1": arrays["g.weight"]}
    for layer, alpha in want.items():
        np.testing.assert_array_equal(clf.weights_[f"{layer}/alpha"], alpha)
    np.testing.assert_array_equal(clf.weights_["dense1/weights"], arrays["f.weight"][:, FLAT].T)


def test_slopes_by_name(capsys):
    """A layer and its slopes are named in any order, the slopes by module or by array."""
    arrays = torch_arrays(conv("a", 4, 2) | slopes("b", 4) | slopes("c", 1))
    layers = [Conv2D(4, 3, activation="prelu"), PReLU()]
    for there in ("b", "b.weight"):
        names = {"conv1/alpha": there, "conv1": "a", "activation1": "c"}
        for order in (names, dict(reversed(names.items()))):
            clf = initialized(layers, arrays, weight_names=order, verbose=True)
            np.testing.assert_array_equal(clf.weights_["conv1/alpha"], arrays["b.weight"])
            assert (clf.weights_["activation1/alpha"] == arrays["c.weight"]).all()
            assert clf.init_report_["missing"] == ["output"]
            assert "conv1 from" in capsys.readouterr().out
    with pytest.raises(ValueError, match=r"conv1 also needs conv1/alpha"):
        initialized(layers, arrays, weight_names={"conv1": "a"})


def test_slopes_of_keras():
    """alpha (1, 1, c) with shared_axes=[1, 2]; alpha of each pixel has no counterpart."""
    kernel = RNG.random((3, 3, 2, 4)).astype(np.float32)
    arrays = {"conv2d/kernel:0": kernel, "conv2d/bias:0": np.zeros(4)}
    alpha = RNG.random(4).astype(np.float32)
    for names in (["p_re_lu/alpha:0"], ["layers/p_re_lu/vars/0"]):
        for shape in ((1, 1, 4), (4,)):
            clf = initialized([Conv2D(4, 3), PReLU()], arrays | {names[0]: alpha.reshape(shape)})
            np.testing.assert_array_equal(clf.weights_["activation1/alpha"], alpha)
    with pytest.raises(
        ValueError, match=r"net: activation1 \(4,\).*in init_weights: p_re_lu \(2, 1, 4\)"
    ):
        initialized([Conv2D(4, 3), PReLU()], arrays | {"p_re_lu/alpha:0": np.zeros((2, 1, 4))})


@pytest.mark.parametrize(
    ("layers", "left"),
    [
        ([Conv2D(4, 3, padding=1, activation="prelu"), Conv2D(4, 1)], "conv1/alpha"),
        ([Conv2D(4, 3, padding=1), Conv2D(4, 1, activation="prelu")], "conv2/alpha"),
        ([Conv2D(4, 3, padding=1), PReLU(), Conv2D(4, 1)], "activation1"),
        ([Conv2D(4, 3, padding=1), GroupNorm(2), Conv2D(4, 1)], "groupnorm1"),
        ([Conv2D(4, 3, padding=1), Parallel([[], [GlobalAvgPool2D(), Dense(4)]], "multiply"), Conv2D(4, 1)],
         "parallel1/1/dense1"),
    ],
)  # fmt: skip
def test_a_layer_without_arrays_is_an_error(layers, left):
    """It would compute with random numbers between layers that come from the file."""
    arrays = torch_arrays(conv("a", 4, 2) | conv("b", 4, 4, 1) | linear("fc", 7, 48))
    with pytest.raises(ValueError, match=rf"Left over in the net: {left}.*weight_names=") as info:
        initialized([Normalize(), *layers], arrays)
    assert "normalize" not in str(info.value)
    ends = [Normalize(), *layers[:1], Flatten(), Dense(9, activation="prelu"), GroupNorm(3)]
    if layers[0].activation is None:  # a new head may have all of these
        clf = initialized(ends, torch_arrays(conv("a", 4, 2) | linear("fc", 7, 48)))
        assert clf.init_report_["missing"] == ["normalize1", "dense1", "groupnorm1", "output"]


def squeeze(name, n, few, pointwise):
    """Return the shapes of a squeeze-and-excite block, with linear layers or with convolutions."""
    if not pointwise:
        return linear(f"{name}.fc1", few, n) | linear(f"{name}.fc2", n, few)
    return conv(f"{name}.fc1", few, n, 1) | conv(f"{name}.fc2", n, few, 1)


@pytest.mark.parametrize("ours", ["Dense", "Conv2D"])
@pytest.mark.parametrize("pointwise", [True, False])
@pytest.mark.parametrize("classes", [3, 9])
def test_squeeze_and_excite_by_order(ours, pointwise, classes):
    """Convolutions outside the branches have the same shapes as those inside, and as dense layers."""
    shapes, layers = conv("stem", 4, 2, 1), [Conv2D(4, 1)]
    for i in range(2):
        shapes |= squeeze(f"block{i}.se", 4, 4, pointwise) | conv(f"block{i}.conv", 4, 4, 1)
        if ours == "Dense":
            branch = [GlobalAvgPool2D(), Dense(4), Dense(4)]
        else:
            branch = [AvgPool2D((4, 3)), Conv2D(4, 1), Conv2D(4, 1), Flatten()]
        layers += [Parallel([[], branch], "multiply"), Conv2D(4, 1)]
    arrays = torch_arrays(shapes | linear("fc", classes, 4))
    clf = initialized([*layers, GlobalAvgPool2D()], arrays)
    assert clf.init_report_["missing"] == (["output"] if classes == 9 else [])
    inner = "dense" if ours == "Dense" else "conv"
    for i in range(2):
        for here, there in (
            (f"parallel{i + 1}/1/{inner}1", f"block{i}.se.fc1"),
            (f"parallel{i + 1}/1/{inner}2", f"block{i}.se.fc2"),
            (f"conv{i + 2}", f"block{i}.conv"),
        ):
            want = arrays[f"{there}.weight"].reshape(4, 4).T
            np.testing.assert_array_equal(clf.weights_[f"{here}/weights"].reshape(4, 4), want)
    by_name = {f"parallel1/1/{inner}1": "block0.se.fc1"}
    clf = initialized([*layers, GlobalAvgPool2D()], arrays, weight_names=by_name)
    assert clf.init_report_["loaded"] == [f"parallel1/1/{inner}1"]


def test_a_convolution_more_than_the_file_has():
    """It is named. By kind alone, the convolution of the branch would take the weights of the one behind it."""
    branch = [AvgPool2D((4, 3)), Conv2D(4, 1), Flatten()]
    layers = [Conv2D(4, 1), Parallel([[], branch], "multiply"), Conv2D(4, 1), Conv2D(4, 1)]
    shapes = conv("stem", 4, 2, 1) | linear("se", 4, 4) | conv("after", 4, 4, 1)
    with pytest.raises(ValueError, match=r"Left over in the net: conv3 .*weight_names="):
        initialized([*layers, GlobalAvgPool2D()], torch_arrays(shapes))


def test_an_output_layer_that_is_a_convolution():
    """As SqueezeNet has it. A convolution left over in a longer net does not become a new dense layer, however."""
    clf = initialized(
        [Conv2D(4, 3), GlobalAvgPool2D()], torch_arrays(conv("a", 4, 2) | conv("b", 3, 4, 1))
    )
    assert clf.init_report_["loaded"] == ["conv1", "output"]
    longer = torch_arrays(
        conv("a", 4, 2, 1) | conv("b", 5, 4, 1) | conv("c", 6, 5, 1) | conv("d", 8, 4, 1)
    )
    clf = initialized([Conv2D(4, 1), GlobalAvgPool2D(), Dense(8)], longer)
    assert clf.init_report_["missing"] == ["dense1", "output"]
    assert clf.init_report_["unexpected"] == ["b", "c", "d"]


def test_a_convolution_over_a_whole_map():
    """timm's VGG begins its head with one, in place of a flattened map and a dense layer."""
    arrays = torch_arrays({"a.weight": (5, 2, 4, 3), "a.bias": (5,)} | linear("b", 3, 5))
    clf = initialized([Flatten(), Dense(5)], arrays)
    assert clf.init_report_["missing"] == clf.init_report_["unexpected"] == []
    want = X.reshape(12, 24) @ arrays["a.weight"].transpose(2, 3, 1, 0).reshape(24, 5)
    got = X.reshape(12, 24) @ clf.weights_["dense1/weights"]
    np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-5)


def test_transposed_convolutions():
    """PyTorch has (in, out, h, w). Keras numbers them by themselves, so their order beside others is their own."""
    layers = [Conv2D(4, 3, padding=1), Conv2DTranspose(4, 3), Conv2D(4, 3, padding=1)]
    shapes = conv("a", 4, 2) | conv("b", 4, 4) | conv("c", 4, 4)
    arrays = torch_arrays(shapes)
    clf = initialized([*layers, GlobalAvgPool2D()], arrays)
    np.testing.assert_array_equal(
        clf.weights_["convtranspose1/weights"], arrays["b.weight"].transpose(2, 3, 1, 0)
    )
    names = ("conv2d", "conv2d_1", "conv2d_transpose")
    kernels = {name: RNG.random((3, 3, 2 if name == "conv2d" else 4, 4)) for name in names}
    arrays = {f"{name}/kernel": kernel for name, kernel in kernels.items()}
    clf = initialized([*layers, GlobalAvgPool2D()], arrays)
    for here, there in (("conv2", "conv2d_1"), ("convtranspose1", "conv2d_transpose")):
        np.testing.assert_array_equal(
            clf.weights_[f"{here}/weights"], kernels[there].astype(np.float32)
        )


def merge(branches, how, *after):
    return [Parallel(branches, how), *after]


REFUSED = {
    "groups": ([Flatten(), GroupNorm(3)], norm("a", 24), "groupnorm1 combines neighboring values"),
    "lrn": ([Flatten(), LRN(), Dense(5)], linear("a", 5, 24), "lrn1 combines neighboring values"),
    "add": (
        merge([[Flatten()], [Flatten(), Dense(24)]], "add", Dense(5)),
        linear("a", 24, 24) | linear("b", 5, 24),
        "parallel1 merges a flattened map",
    ),
    "scaled channels": (
        merge([[Conv2D(24, 1)], [Flatten()]], "multiply", Conv2D(5, 1)),
        conv("a", 24, 2, 1) | conv("b", 5, 24, 1),
        "parallel1 merges a flattened map",
    ),
    "joined": (
        merge([[Flatten(), LRN()], [Flatten()]], "concat", Dropout(0.5), Dense(5)),
        linear("a", 5, 48),
        "lrn1 combines neighboring values",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_orders_that_cannot_be_converted(name):
    """A layer that reads such values cannot take the weights of PyTorch; others can, and so can Keras's."""
    layers, shapes, text = REFUSED[name]
    shapes = {key.replace(".running_mean", ".x"): shape for key, shape in shapes.items()}
    shapes = {
        key: shape for key, shape in shapes.items() if not key.endswith((".x", ".running_var"))
    }
    with pytest.raises(
        ValueError, match=rf"{text}.*so that weights of PyTorch cannot.*Pass a dict"
    ):
        initialized(layers, torch_arrays(shapes))


def test_layers_before_a_new_head_of_any_kind():
    clf = initialized([Conv2D(3, 1), Flatten(), LRN(), Dense(5)], torch_arrays(conv("a", 3, 2, 1)))
    assert clf.init_report_["loaded"] == ["conv1"]


@pytest.mark.parametrize("groups", [1, -1, 24])
def test_group_norms_in_any_order(groups):
    """One group, and groups of one value each, are the same in any order; gamma and beta follow it."""
    shapes = {"a.weight": (24,), "a.bias": (24,)} | linear("b", 3, 24)
    arrays = torch_arrays(shapes)
    clf = initialized([Flatten(), GroupNorm(groups)], arrays)
    np.testing.assert_array_equal(clf.weights_["groupnorm1/gamma"], arrays["a.weight"][FLAT])
    np.testing.assert_array_equal(clf.weights_["output/weights"], arrays["b.weight"].T[FLAT])
