"""Each operator that `from_onnx` reads, compared with ONNX Runtime: attributes, forms and versions."""

from math import sqrt

import numpy as np
import pytest
from onnx_graphs import assert_imported, graph, onnx_outputs

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from convnet import ModelFileError, from_onnx

RNG = np.random.default_rng(0)
MAP, SIGNAL, FLAT = (2, 6, 9, 8), (2, 6, 11), (2, 7)
HEAD = [("Flatten", "y0", "flat", {}), ("MatMul", "flat head", "y", {})]


def random(*shape):
    return RNG.normal(size=shape).astype(np.float32)


def ints(*values):
    return np.array(values, dtype=np.int64)


def small(nodes, shape, arrays, *, batch="n", **options):
    """Return a model whose result "y0" goes through a dense layer, and X."""
    X = random(*shape)
    plain = graph(nodes, [batch, *shape[1:]], arrays, outputs=("y0",), **options)
    size = onnx_outputs(plain, X).shape[1]
    arrays = {**arrays, "head": random(size, 5) / np.float32(sqrt(size))}
    return graph([*nodes, *HEAD], [batch, *shape[1:]], arrays, **options), X


def conv(shape, **attributes):
    return ("Conv", "x w b", "y0", attributes), {"w": random(*shape), "b": random(shape[0])}


WINDOWS = {
    "convolution": conv((4, 6, 3, 2), pads=[1, 0, 2, 1], strides=[2, 1]),
    "dilation": conv((4, 6, 3, 3), dilations=[2, 1]),
    "groups": conv((4, 3, 3, 3), group=2),
    "depthwise": conv((12, 1, 3, 3), group=6, pads=[1, 1, 1, 1]),
    "same, odd pixel last": conv((4, 6, 4, 4), auto_pad="SAME_UPPER", strides=[2, 2]),
    "same, odd pixel first": conv((4, 6, 4, 4), auto_pad="SAME_LOWER", strides=[2, 2]),
    "valid": conv((4, 6, 3, 3), auto_pad="VALID"),
    "no bias": (("Conv", "x w", "y0", {}), {"w": random(4, 6, 3, 3)}),
    "transposed": (
        ("ConvTranspose", "x w b", "y0", dict(strides=[2, 3], pads=[0, 1, 1, 0], output_padding=[1, 0])),
        {"w": random(6, 4, 3, 3), "b": random(4)},
    ),
    "transposed, same": (
        ("ConvTranspose", "x w", "y0", dict(strides=[2, 2], auto_pad="SAME_UPPER")),
        {"w": random(6, 4, 3, 3)},
    ),
    "transposed, output shape": (
        ("ConvTranspose", "x w", "y0", dict(strides=[2, 2], output_shape=[18, 17])),
        {"w": random(6, 4, 3, 3)},
    ),
    "max pool": (("MaxPool", "x", "y0", dict(kernel_shape=[3, 2], strides=[2, 2], pads=[0, 0, 1, 1])), {}),
    "max pool, ceiling": (("MaxPool", "x", "y0", dict(kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1)), {}),
    "average": (("AveragePool", "x", "y0", dict(kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])), {}),
    "average with padding": (
        ("AveragePool", "x", "y0", dict(kernel_shape=[3, 3], pads=[0, 0, 1, 1], count_include_pad=1)),
        {},
    ),
    "average, same": (("AveragePool", "x", "y0", dict(kernel_shape=[2, 2], auto_pad="SAME_UPPER")), {}),
    "local response": (("LRN", "x", "y0", dict(size=5, alpha=0.5, beta=0.7, bias=2.0)), {}),
    "batch norm": (
        ("BatchNormalization", "x g b m v", "y0", dict(epsilon=1e-3)),
        {"g": random(6), "b": random(6), "m": random(6), "v": np.abs(random(6))},
    ),
    "instance norm": (("InstanceNormalization", "x g b", "y0", {}), {"g": random(6), "b": random(6)}),
    "slopes": (("PRelu", "x s", "y0", {}), {"s": random(6, 1, 1)}),
    "one slope": (("PRelu", "x s", "y0", {}), {"s": np.float32([0.3])}),
    "softmax of channels": (("Softmax", "x", "y0", dict(axis=1)), {}),
    "global average": (("GlobalAveragePool", "x", "y0", {}), {}),
    "global maximum": (("GlobalMaxPool", "x", "y0", {}), {}),
    "mean over a map": (("ReduceMean", "x", "y0", dict(axes=[2, 3], keepdims=0)), {}),
    "mean over a map, kept": (("ReduceMean", "x", "y0", dict(axes=[-1, -2])), {}),
    "scale per channel": (("Mul", "x s", "y0", {}), {"s": random(6, 1, 1)}),
    "offset per channel": (("Add", "s x", "y0", {}), {"s": random(1, 6, 1, 1)}),
    "from a constant": (("Sub", "s x", "y0", {}), {"s": np.float32(1.5)}),
    "divided": (("Div", "x s", "y0", {}), {"s": np.abs(random(6, 1, 1)) + 1}),
    "dropout": (("Dropout", "x", "y0", {}), {}),
}  # fmt: skip


@pytest.mark.parametrize(("node", "arrays"), WINDOWS.values(), ids=WINDOWS)
def test_maps(node, arrays):
    model, X = small([node], MAP, arrays)
    assert_imported(model, X)


SIGNALS = {
    "convolution": (("Conv", "x w b", "y0", dict(pads=[2, 0], strides=[2])), {"w": random(4, 3, 3), "b": random(4)}),
    "transposed": (("ConvTranspose", "x w", "y0", dict(strides=[2])), {"w": random(6, 4, 3)}),
    "max pool": (("MaxPool", "x", "y0", dict(kernel_shape=[3], strides=[2], ceil_mode=1)), {}),
    "average": (("AveragePool", "x", "y0", dict(kernel_shape=[3], pads=[1, 1])), {}),
    "mean": (("ReduceMean", "x", "y0", dict(axes=[2])), {}),
    "global average": (("GlobalAveragePool", "x", "y0", {}), {}),
    "slopes": (("PRelu", "x s", "y0", {}), {"s": random(6, 1)}),
}  # fmt: skip
SIGNALS["convolution"][0][3]["group"] = 2


@pytest.mark.parametrize(("node", "arrays"), SIGNALS.values(), ids=SIGNALS)
def test_signals(node, arrays):
    model, X = small([node], SIGNAL, arrays)
    assert_imported(model, X)


def chain(*steps):
    """Return nodes from "x" to "y0": (operator, further inputs, attributes); "@" stands for the previous result."""
    nodes = []
    for i, (operator, inputs, *attributes) in enumerate(steps):
        before = "x" if i == 0 else f"t{i - 1}"
        after = "y0" if i == len(steps) - 1 else f"t{i}"
        nodes.append((operator, inputs.replace("@", before), after, *(attributes or [{}])))
    return nodes


NUMBERS = {
    name: np.float32(value)
    for name, value in dict(
        one=1,
        six=6,
        three=3,
        half=0.5,
        root=sqrt(2),
        zero=0,
        low=-0.7,
        high=1.3,
        minus=-2,
        twenty=20,
    ).items()
}
ACTIVATIONS = {
    "relu": ([("Relu", "@")], "relu"),
    "relu6": ([("Clip", "@ zero six")], "relu6"),
    "leaky": ([("LeakyRelu", "@", dict(alpha=0.01))], "leaky_relu"),
    "leaky, another slope": ([("LeakyRelu", "@", dict(alpha=0.2))], None),
    "elu": ([("Elu", "@")], "elu"),
    "sigmoid": ([("Sigmoid", "@")], "sigmoid"),
    "sigmoid of exponentials": ([("Neg", "@"), ("Exp", "@"), ("Add", "@ one"), ("Reciprocal", "@")], "sigmoid"),
    "tanh": ([("Tanh", "@")], "tanh"),
    "softplus": ([("Softplus", "@")], "softplus"),
    "softplus of exponentials": ([("Exp", "@"), ("Add", "@ one"), ("Log", "@")], "softplus"),
    "softplus, linear above a limit": (
        [("Greater", "x twenty"), ("Exp", "x"), ("Add", "@ one"), ("Log", "@"), ("Where", "t0 x @")],
        "softplus",
    ),
    "relu of a comparison": ([("Less", "x zero"), ("Where", "@ zero x")], "relu"),
    "hard sigmoid": ([("HardSigmoid", "@", dict(alpha=1 / 6))], "hard_sigmoid"),
    "hard sigmoid, clipped": ([("Add", "@ three"), ("Clip", "@ zero six"), ("Div", "@ six")], "hard_sigmoid"),
    "hard sigmoid, another slope": ([("HardSigmoid", "@", dict(alpha=0.2))], "hard_sigmoid"),
    "hard swish": ([("HardSwish", "@")], "hard_swish"),
    "hard swish, clipped": (
        [("Add", "@ three"), ("Clip", "@ zero six"), ("Mul", "x @"), ("Div", "@ six")],
        "hard_swish",
    ),
    "hard swish, divided first": (
        [("Add", "@ three"), ("Clip", "@ zero six"), ("Div", "@ six"), ("Mul", "@ x")],
        "hard_swish",
    ),
    "silu": ([("Sigmoid", "@"), ("Mul", "x @")], "silu"),
    "silu of exponentials": ([("Neg", "@"), ("Exp", "@"), ("Add", "@ one"), ("Div", "x @")], "silu"),
    "mish": ([("Softplus", "@"), ("Tanh", "@"), ("Mul", "x @")], "mish"),
    "mish of exponentials": ([("Exp", "@"), ("Add", "@ one"), ("Log", "@"), ("Tanh", "@"), ("Mul", "@ x")], "mish"),
    "gelu": ([("Div", "@ root"), ("Erf", "@"), ("Add", "@ one"), ("Mul", "x @"), ("Mul", "@ half")], "gelu"),
    "gelu, halved first": (
        [("Div", "@ root"), ("Erf", "@"), ("Add", "@ one"), ("Mul", "@ half"), ("Mul", "@ x")],
        "gelu",
    ),
    "clipped to two bounds": ([("Clip", "@ low high")], "hard_sigmoid"),
    "clipped from below": ([("Clip", "@ low")], "relu"),
    "clipped from above": ([("Min", "@ high")], "relu"),
    "maximum with a constant": ([("Max", "zero @")], "relu"),
    "another function of itself": ([("Tanh", "@"), ("Mul", "x @")], "tanh"),
    "twice": ([("Sigmoid", "@"), ("Mul", "@ minus"), ("Add", "@ one"), ("Tanh", "@")], "tanh"),
}  # fmt: skip


def words(layers):
    """Return the names of the activations in some layers, those inside others too."""
    found = []
    for info in layers:
        for one in info.walk():
            layer = one.layer
            found.append(
                "relu" if type(layer).__name__ == "ReLU" else getattr(layer, "activation", None)
            )
    return found


@pytest.mark.parametrize("shape", [MAP, FLAT], ids=["map", "flat"])
@pytest.mark.parametrize(("steps", "name"), ACTIVATIONS.values(), ids=ACTIVATIONS)
def test_activations(steps, name, shape):
    model, X = small(chain(*steps), shape, NUMBERS)
    net = assert_imported(model, 3 * X)
    assert name is None or name in words(net.layers_)


@pytest.mark.parametrize(
    "name", ["silu", "gelu", "mish", "hard swish, clipped", "silu of exponentials"]
)
def test_decomposed_activations_become_one_layer(name):
    steps, activation = ACTIVATIONS[name]
    model, X = small(chain(*steps), MAP, NUMBERS)
    net = assert_imported(model, X)
    kept = [word for word in words(net.layers_) if word is not None]
    assert kept == [activation]
    assert not any(info.layers for info in net.layers_)


def test_an_activation_that_is_almost_another_is_refused():
    """The tanh form of GELU differs from the exact one by up to 5e-4."""
    cubic = [("Pow", "@ three"), ("Mul", "@ c"), ("Add", "x @"), ("Mul", "@ r"), ("Tanh", "@"), ("Add", "@ one"),
             ("Mul", "x @"), ("Mul", "@ half")]  # fmt: skip
    arrays = {**NUMBERS, "c": np.float32(0.044715), "r": np.float32(sqrt(2 / np.pi))}
    model, _ = small(chain(*cubic), MAP, arrays)
    with pytest.raises(ModelFileError, match="Pow"):
        from_onnx(model)


def test_a_bound_far_away_is_not_missed():
    model, X = small(chain(("Clip", "@ zero far")), FLAT, {**NUMBERS, "far": np.float32(5e4)})
    assert_imported(model, 1e5 * np.abs(X), tolerance=1e-3)


@pytest.mark.parametrize(("low", "high"), [(-65504, 65504), (-1e7, 3e38), (-3e38, 1e7), (0, 1e6)])
def test_bounds_far_away_leave_small_values_exact(low, high):
    """Exporters limit values to the range of float16. Adding such a bound to a value would round it."""
    arrays = {"low": np.float32(low), "high": np.float32(high)}
    model, X = small(chain(("Clip", "@ low high")), MAP, arrays)
    net = assert_imported(model, X, tolerance=1e-5)
    beyond = X * np.float32(1e8)
    expected = onnx_outputs(model, beyond)
    found = net.predict(np.moveaxis(beyond, 1, -1))
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5 * np.abs(expected).max())


SHAPES = {
    "flattened": [("Flatten", "@")],
    "reshaped by numbers": [("Reshape", "@ flat_shape")],
    "reshaped by its own shape": [],
    "squeezed": [("GlobalAveragePool", "@"), ("Squeeze", "@ axes")],
    "squeezed, all": [("GlobalAveragePool", "@"), ("Squeeze", "@")],
    "unsqueezed": [("Flatten", "@"), ("Unsqueeze", "@ axes"), ("Flatten", "@")],
    "transposed, flattened": [("Transpose", "@", dict(perm=[0, 2, 3, 1])), ("Flatten", "@")],
    "transposed there and back": [
        ("Transpose", "@", dict(perm=[0, 3, 1, 2])),
        ("Relu", "@"),
        ("Transpose", "@", dict(perm=[0, 2, 3, 1])),
    ],
    "transposed, other sides": [("Transpose", "@", dict(perm=[0, 1, 3, 2])), ("Flatten", "@"), ("Mul", "@ wide")],
    "padded": [("Pad", "@ pads"), ("MaxPool", "@", dict(kernel_shape=[2, 2]))],
    "padded before a convolution": [("Pad", "@ pads"), ("Conv", "@ w", dict(pads=[1, 0, 0, 2]))],
    "cast": [("Cast", "@", dict(to=1)), ("Identity", "@")],
}  # fmt: skip
CONSTANTS = {
    "flat_shape": ints(-1, 432),
    "axes": ints(2, 3),
    "wide": random(1, 432),
    "pads": ints(0, 0, 1, 0, 0, 0, 2, 1),
    "w": random(4, 6, 3, 3),
}


@pytest.mark.parametrize(
    "steps", [steps for steps in SHAPES.values() if steps], ids=[k for k, v in SHAPES.items() if v]
)
def test_shapes(steps):
    model, X = small(chain(*steps), MAP, CONSTANTS)
    assert_imported(model, X)


def test_padding_goes_into_the_convolution():
    model, X = small(chain(*SHAPES["padded before a convolution"]), MAP, CONSTANTS)
    net = assert_imported(model, X)
    assert [info.type for info in net.layers_] == ["Conv2D", "Flatten", "Dense"]
    model, _ = small(chain(*SHAPES["padded"]), MAP, CONSTANTS)
    assert [info.type for info in from_onnx(model).layers_][:2] == ["ZeroPad2D", "MaxPool2D"]


@pytest.mark.parametrize("batch", ["n", 2])
def test_a_shape_that_the_graph_computes(batch):
    """Shape, Gather, Unsqueeze, Concat and Reshape, as PyTorch exports ``x.view(x.size(0), -1)``."""
    nodes = [
        ("Shape", "x", "shape", {}),
        ("Gather", "shape first", "n", {}),
        ("Unsqueeze", "n axis", "n1", {}),
        ("Concat", "n1 rest", "target", dict(axis=0)),
        ("Reshape", "x target", "flat", {}),
        ("MatMul", "flat w", "product", {}),
        ("Add", "product b", "y", {}),
    ]
    arrays = {
        "first": np.int64(0),
        "axis": ints(0),
        "rest": ints(-1),
        "w": random(432, 3),
        "b": random(3),
    }
    model = graph(nodes, [batch, *MAP[1:]], arrays)
    net = assert_imported(model, random(*MAP))
    assert [info.type for info in net.layers_] == ["Flatten", "Dense"]


@pytest.mark.parametrize("opset", [11, 13, 18])
@pytest.mark.parametrize("mode", ["nearest", "linear"])
@pytest.mark.parametrize("sizes", [(18, 16), (18, 24), (5, 13)], ids=str)
def test_resize(opset, mode, sizes):
    nodes = [
        (
            "Resize",
            "x roi scales sizes",
            "y0",
            dict(mode=mode, coordinate_transformation_mode="half_pixel"),
        )
    ]
    arrays = {"roi": np.float32([]), "scales": np.float32([]), "sizes": ints(2, 6, *sizes)}
    attributes = dict(nearest_mode="round_prefer_ceil") if mode == "nearest" else {}
    nodes[0][3].update(attributes)
    model, X = small(nodes, MAP, arrays, batch=2, opset=opset)
    net = assert_imported(model, X)
    kind = "UpSample2D" if sizes[0] == 18 else "Resize"
    assert net.layers_[0].type == kind


def test_upsample_of_pytorch():
    nodes = [("Resize", "x  scales", "y0", dict(mode="nearest", coordinate_transformation_mode="asymmetric",
                                                 nearest_mode="floor"))]  # fmt: skip
    model, X = small(nodes, MAP, {"scales": np.float32([1, 1, 2, 3])})
    assert_imported(model, X)


def test_group_norm_of_pytorch():
    """An InstanceNormalization of the groups, then a scale and an offset of each channel."""
    nodes = [
        ("Reshape", "x grouped", "g", {}),
        ("InstanceNormalization", "g ones zeros", "normal", {}),
        ("Shape", "x", "shape", {}),
        ("Reshape", "normal shape", "back", {}),
        ("Mul", "back gamma", "scaled", {}),
        ("Add", "scaled beta", "y0", {}),
    ]
    arrays = {
        "grouped": ints(0, 3, -1),
        "ones": np.ones(3, np.float32),
        "zeros": np.zeros(3, np.float32),
        "gamma": random(6, 1, 1),
        "beta": random(6, 1, 1),
    }
    for shape in (MAP, SIGNAL):
        model, X = small(
            nodes,
            shape,
            arrays | {k: random(6, *[1] * (len(shape) - 2)) for k in ("gamma", "beta")},
        )
        net = assert_imported(model, X)
        assert [info.type for info in net.layers_] == ["GroupNorm", "Flatten", "Dense"]


@pytest.mark.parametrize("values", [3, 6])
def test_group_normalization(values):
    """Its scale has a value for each group in version 18, and one for each channel from version 21 on."""
    nodes = [("GroupNormalization", "x g b", "y0", dict(num_groups=3))]
    arrays = {"g": random(values), "b": random(values)}
    model, X = small(nodes, MAP, arrays, opset=18 if values == 3 else 21)
    assert_imported(model, X)


@pytest.mark.parametrize("operator", ["Add", "Mul", "Sub", "Max", "Sum", "Mean"])
def test_merges(operator):
    nodes = [
        ("Conv", "x w", "a", {}),
        ("Conv", "x v", "b", {}),
        (operator, "a b", "y0", {}),
    ]
    model, X = small(nodes, MAP, {"w": random(4, 6, 1, 1), "v": random(4, 6, 1, 1)})
    assert_imported(model, X)


def test_squeeze_and_excite():
    nodes = [
        ("Conv", "x w", "a", {}),
        ("GlobalAveragePool", "a", "s", {}),
        ("Conv", "s u", "hidden", {}),
        ("Relu", "hidden", "active", {}),
        ("Conv", "active v", "logits", {}),
        ("Sigmoid", "logits", "gate", {}),
        ("Mul", "a gate", "y0", {}),
    ]
    arrays = {"w": random(4, 6, 3, 3), "u": random(2, 4, 1, 1), "v": random(4, 2, 1, 1)}
    model, X = small(nodes, MAP, arrays)
    net = assert_imported(model, X)
    assert [info.type for info in net.layers_] == ["Conv2D", "Parallel", "Flatten", "Dense"]


def test_normalization_of_the_input_keeps_training_apart():
    nodes = [("Sub", "x mean", "a", {}), ("Div", "a deviation", "y0", {})]
    arrays = {"mean": random(6, 1, 1), "deviation": np.abs(random(6, 1, 1)) + 0.5}
    model, X = small(nodes, MAP, arrays)
    net = assert_imported(model, X)
    assert net.layers_[0].type == "Normalize"
    np.testing.assert_allclose(net.weights_["sub_0/mean"], arrays["mean"].ravel(), rtol=1e-6)


def test_scale_and_offset_go_into_the_layer_before():
    nodes = [
        ("Conv", "x w", "a", {}),
        ("Mul", "a s", "b", {}),
        ("Add", "b o", "c", {}),
        ("Relu", "c", "y0", {}),
    ]
    model, X = small(
        nodes, MAP, {"w": random(4, 6, 3, 3), "s": random(4, 1, 1), "o": random(4, 1, 1)}
    )
    net = assert_imported(model, X)
    assert [info.type for info in net.layers_] == ["Conv2D", "ReLU", "Flatten", "Dense"]
    nodes.insert(1, ("Sigmoid", "a", "other", {}))  # the convolution has a second reader
    nodes[-1] = ("Add", "c other", "y0", {})
    model, X = small(
        nodes, MAP, {"w": random(4, 6, 3, 3), "s": random(4, 1, 1), "o": random(4, 1, 1)}
    )
    assert_imported(model, X)


@pytest.mark.parametrize("shape", [(2, 9, 8, 6), (2, 11, 6)], ids=["map", "signal"])
def test_channels_last_input(shape):
    """What converters from TensorFlow write: a Transpose at the input, and one before a Reshape."""
    axes = len(shape)
    nodes = [
        ("Mul", "x half", "scaled", {}),
        ("Transpose", "scaled", "first", dict(perm=[0, axes - 1, *range(1, axes - 1)])),
        ("Conv", "first w", "a", {}),
        ("Transpose", "a", "last", dict(perm=[0, *range(2, axes), 1])),
        ("Flatten", "last", "y0", {}),
    ]
    model, X = small(nodes, shape, {"w": random(4, 6, *[3] * (axes - 2)), **NUMBERS})
    net = from_onnx(model)
    assert net.input_shape_ == shape[1:]
    np.testing.assert_allclose(net.predict(X), onnx_outputs(model, X), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("channels", [1, 3])
def test_flat_input_that_the_graph_reshapes(channels):
    nodes = [("Reshape", "x maps", "m", {}), ("Conv", "m w", "y0", {})]
    arrays = {"maps": ints(-1, channels, 5, 4), "w": random(2, channels, 3, 3)}
    model, X = small(nodes, (2, 20 * channels), arrays)
    net = assert_imported(model, X)
    assert net.input_shape_ == (5, 4, channels)


def test_image_without_an_axis_for_channels():
    nodes = [("Unsqueeze", "x axes", "m", {}), ("Conv", "m w", "y0", {})]
    model, X = small(nodes, (2, 6, 5), {"axes": ints(1), "w": random(2, 1, 3, 3)})
    np.testing.assert_allclose(
        from_onnx(model).predict(X), onnx_outputs(model, X), rtol=1e-4, atol=1e-4
    )


@pytest.mark.parametrize("opset", [9, 10, 11, 13, 18])
def test_older_forms(opset):
    """Attributes that became inputs: of Clip in 11, of Squeeze and Unsqueeze in 13, of ReduceMean in 18."""
    arrays = {
        "zero": np.float32(0),
        "six": np.float32(6),
        "axes": ints(2, 3),
        "ratio": np.float32(0.3),
    }
    nodes = [
        ("Clip", "x", "a", dict(min=0.0, max=6.0))
        if opset < 11
        else ("Clip", "x zero six", "a", {}),
        ("ReduceMean", "a axes", "b", {})
        if opset >= 18
        else ("ReduceMean", "a", "b", dict(axes=[2, 3])),
        ("Squeeze", "b axes", "c", {}) if opset >= 13 else ("Squeeze", "b", "c", dict(axes=[2, 3])),
        ("Dropout", "c ratio", "y0", {})
        if opset >= 12
        else ("Dropout", "c", "y0", dict(ratio=0.3)),
    ]
    model, X = small(nodes, MAP, arrays, opset=opset)
    net = assert_imported(model, X)
    (dropout,) = [info.layer for info in net.layers_ if info.type == "Dropout"]
    assert dropout.rate == pytest.approx(0.3)


def test_half_precision_weights():
    nodes = [("Cast", "w16", "w", dict(to=1)), ("Conv", "x w", "y0", {})]
    model, X = small(nodes, MAP, {"w16": random(4, 6, 3, 3).astype(np.float16)})
    assert_imported(model, X)


@pytest.mark.parametrize("to", ["int32", "int64"])
def test_a_cast_of_integers_to_integers(to):
    onnx = pytest.importorskip("onnx")
    codes = dict(int32=onnx.TensorProto.INT32, int64=onnx.TensorProto.INT64)
    nodes = [
        ("Cast", "x", "a", dict(to=codes[to])),
        ("Cast", "a", "b", dict(to=1)),
        ("Gemm", "b w", "y", {}),
    ]
    model = graph(nodes, ["n", 7], {"w": random(7, 3)}, x_type=onnx.TensorProto.UINT8)
    assert_imported(model, RNG.integers(0, 256, FLAT).astype(np.uint8))


def test_gemm_with_factors():
    nodes = [("Gemm", "x w b", "y", dict(alpha=0.5, beta=2.0, transB=1))]
    assert_imported(graph(nodes, ["n", 7], {"w": random(3, 7), "b": random(3)}), random(*FLAT))


def test_images_that_are_flattened_at_once():
    """Which axis holds the channels is seen from their number."""
    for dims in ((5, 4, 1), (5, 4, 3), (3, 5, 4)):
        nodes = [("Flatten", "x", "f", {}), ("MatMul", "f w", "y", {})]
        model = graph(nodes, ["n", *dims], {"w": random(np.prod(dims), 3)})
        X = random(2, *dims)
        net = from_onnx(model)
        assert net.input_shape_ == (5, 4, 1 if 1 in dims else 3)
        given = X if net.input_shape_ == dims else np.moveaxis(X, 1, -1)
        np.testing.assert_allclose(net.predict(given), onnx_outputs(model, X), rtol=1e-4, atol=1e-4)
