"""Every number of a trace against the engine.

A step computes its value in float64 from the engine's float32 inputs, so that it differs from the engine's value by the
rounding of that one operation: up to 4 times 4 eps sqrt(K) ||w o x||_2 of the K products of a sum by Winograd's
algorithm, less than once otherwise (docs/architecture.md), and by eps of what it rounds along the way.
"""

import re
from itertools import pairwise

import numpy as np
import oracle
import pytest
from example_nets import NETS
from layer_table import TABLE
from netcheck import EPS, normals, product_bound, set_random_weights

from convnet.graph import Network
from convnet.inspection.trace import FinalStep, Trace
from convnet.layers import (
    Activation,
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    Normalize,
    ReLU,
    Rescale,
    Residual,
    Resize,
)

WINOGRAD = 4.0  # times the bound of a direct sum
PLACES = 12  # that are looked at in each layer


def traced(layers, shape, rng, **options):
    net = Network(layers, shape, **options)
    set_random_weights(net, rng, scale=0.5)
    return net, Trace(net, normals(rng, (1, *shape)))


def bound(step, largest):
    """Return the allowed error of the engine's value; `largest` is the largest magnitude of the step's input."""
    before = getattr(step, "before", None)
    if before is not None:  # a softmax is not steeper than 1
        return 2 * bound(before, largest) + 8 * EPS
    if hasattr(step, "products"):
        products = np.append(step.products, getattr(step, "bias", None) or 0.0)
        error = WINOGRAD * product_bound((products**2).sum(), products.size)
        return 2 * error + 4 * EPS * abs(step.value)  # no activation is steeper than 1.13
    if hasattr(step, "gamma"):
        # The engine folds it into the sum before it, whose error is of the order of the map's largest value.
        scale = abs(step.gamma) / np.sqrt(step.variance + step.epsilon)
        return 16 * EPS * (scale * (largest + abs(step.mean)) + abs(step.beta))
    if getattr(step, "pooling", "") == "avg":
        return product_bound((step.window**2).sum(), step.window.size)
    moves = type(step).__name__ == "IdentityStep" or getattr(step, "pooling", "") == "max"
    if moves:
        return 0.0
    # GELU's error is relative to z: 1 + erf(z / √2) cancels.
    z = getattr(step, "preactivation", getattr(step, "input", 0.0))
    return 8 * EPS * max(abs(step.value), abs(z))


def check(trace, layer, place):
    """Check one step: its value is the engine's and follows from its arrays; its source lies where it says."""
    step = trace.at(layer, *place)
    assert step.value == trace.feature_map(layer)[place], (layer, place)
    before = trace.feature_map(step.input_layer)
    error = abs(step.computed - step.value)
    assert error <= bound(step, np.abs(before).max()), f"{step}: {step.computed!r}, {step.value!r}"
    if step.source is not None:
        source = float(trace.feature_map(step.source.layer)[step.source.index])
        step = getattr(step, "before", None) or step
        if hasattr(step, "patch"):
            assert step.patch[step.tap] == source and step.inside[step.tap[:2]]
        elif hasattr(step, "window"):
            assert step.window[step.winner] == source
            assert not hasattr(step, "inside") or step.inside[step.winner]
        elif hasattr(step, "inputs"):
            assert source in step.inputs
        else:
            assert source == getattr(step, "body", getattr(step, "input", None))
    return step


def places(rng, shape):
    """Return the corners of an output, where windows reach into the padding, and some random positions."""
    corners = np.array(np.meshgrid(*([0, n - 1] for n in shape))).reshape(len(shape), -1).T
    others = np.stack([rng.integers(0, n, PLACES) for n in shape], axis=1)
    return {tuple(map(int, place)) for place in (*corners, *others)}


# Every layer ------------------------------------------------------------------------------------------
@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.repr)
def test_layers(row):
    rng = np.random.default_rng(0)
    _, trace = traced([row.layer], row.input_shape, rng)
    for layer in trace.layers:
        for place in places(rng, trace.feature_map(layer).shape):
            check(trace, layer, place)


@pytest.mark.parametrize("name", NETS)
def test_nets(name):
    layers, shape = NETS[name]
    rng = np.random.default_rng(1)
    net, trace = traced(layers, shape, rng, n_outputs=3)
    for layer in trace.layers:
        for place in places(rng, trace.feature_map(layer).shape):
            check(trace, layer, place)
    assert list(trace.layers) == list(net.plan.named)
    assert "output" in str(trace) and "input" in str(trace)


@pytest.mark.parametrize("name", NETS)
def test_the_chain_leads_from_the_input_to_the_largest_output(name):
    layers, shape = NETS[name]
    _, trace = traced(layers, shape, np.random.default_rng(2), n_outputs=3)
    steps = trace.steps
    assert steps[-1].index == (trace.outputs.argmax(),) and steps[-1].layer == "output"
    ends = [
        (end.layer, end.index)
        for step in steps
        for end in getattr(step, "sources", ())
        if end != step.source and end.layer.startswith(f"{step.layer}/")
    ]
    chain = [step for step in steps if (step.layer, step.index) not in ends]
    assert chain[0].source is None or chain[0].source.layer == "input"
    for earlier, later in pairwise(chain):
        assert (earlier.layer, earlier.index) == (later.source.layer, later.source.index)
    assert len(steps) == len(chain) + len(ends)  # other branches are shown at their ends


def test_preprocessing_printed():
    net = Network([Resize((1, 2)), Rescale(0.5, offset=-1), Normalize()], (2, 3, 1), None)
    net.set_weights({"normalize1/mean": [2], "normalize1/deviation": [4]})
    trace = Trace(net, np.array([[0, 6, 12], [24, 18, 60]], np.float32)[None, ..., None])
    assert str(trace).partition("[ ].\n\n")[2] == (
        """\
resize1[0, 1, 0] = 28     Resize((1, 2)), 2×3×1 → 1×2×1
    window of input, channel 0   × weight
      6   12                      0.1667   0.3333
     18  [60]                     0.1667  [0.3333]
    sum of the 4 products  28

rescale1[0, 1, 0] = 13     Rescale(0.5, offset=-1.0), 1×2×1 → 1×2×1
    resize1[0, 1, 0]  28.000
    × scale            0.500
    + offset          -1.000
    = output          13.000

normalize1[0, 1, 0] = 2.750     Normalize(), 1×2×1 → 1×2×1
    rescale1[0, 1, 0]     13.000
    - mean                 2.000
    / standard deviation   4.000
    = output               2.750"""
    )


def test_winograd():
    """The algorithm with the largest rounding errors, at every pixel of one map."""
    net, trace = traced([Conv2D(16, 3, padding="same")], (12, 12, 16), np.random.default_rng(3))
    assert net.plan.layers[0].algorithm == "winograd"
    for place in np.ndindex(12, 12):
        check(trace, "conv1", (*place, 5))


@pytest.mark.parametrize("name", list(oracle.ACTIVATIONS))
def test_activations(name):
    """As part of a layer and as a layer; the pre-activation is the output of a linear layer."""
    rng = np.random.default_rng(4)
    net, trace = traced([Conv2D(3, 2, activation=name), Activation(name)], (4, 5, 2), rng)
    weights = net.get_weights()
    image = trace.feature_map("input")[None]
    linear = oracle.conv2d(image, weights["conv1/weights"], weights["conv1/bias"])[0]
    for place in np.ndindex(3, 4, 3):
        step = check(trace, "conv1", place)
        assert step.preactivation == pytest.approx(linear[place], abs=1e-12)
        assert step.computed == pytest.approx(
            float(oracle.activation(linear[place], name)), abs=1e-12
        )
        after = check(trace, "activation1", place)
        assert after.computed == pytest.approx(
            float(oracle.activation(np.float64(step.value), name)), abs=1e-12
        )


def test_softmax_printed():
    net = Network([Dense(3, activation="softmax"), Activation("softmax")], (2,), None)
    weights = {"dense1/weights": [[1, 0, 2], [0, 1, 0]], "dense1/bias": [0, 1, 0]}
    net.set_weights(weights | {"dense1/bias": np.log([1.0, 2.0, 1.0])})
    trace = Trace(net, np.zeros((1, 2), np.float32))
    assert str(trace.at("dense1", 1)).partition("\n")[2] == (
        """\
    input  input  × weight  = product
      [0]      0         0          0
      [1]      0         1          0

    sum of the 2 products       0
    + bias                 0.6931
    = pre-activation z     0.6931

                    z  exp(z - max z)
    channel 0       0           0.500
    channel 1  0.6931           1.000
    channel 2       0           0.500

    sum of exp(z - max z)  2.000
    softmax                0.500"""
    )


def test_uint8_images_are_scaled_as_the_engine_does():
    rng = np.random.default_rng(5)
    net = Network([Conv2D(2, 3)], (6, 6, 3))
    image = rng.integers(0, 256, (1, 6, 6, 3), dtype=np.uint8)
    trace = Trace(net, image, 1 / 255)
    assert (trace.feature_map("input") == oracle.convert(image[0], 1 / 255)).all()
    for place in np.ndindex(4, 4, 2):
        check(trace, "conv1", place)
    assert "values × 0.003922" in str(trace)


# Odd cases --------------------------------------------------------------------------------------------
def test_a_window_in_the_padding_alone():
    """Its value is the bias; the chain ends there."""
    net = Network([Conv2D(1, 1, padding=1)], (2, 2, 1))
    net.set_weights({"conv1/weights": np.ones((1, 1, 1, 1)), "conv1/bias": np.ones(1)})
    trace = Trace(net, np.full((1, 2, 2, 1), -1.0, np.float32))
    step = check(trace, "conv1", (0, 0, 0))
    assert step.source is None and step.value == 1 and not step.inside.any()
    assert trace.steps[0].layer == "conv1" and "is padding" in str(trace)


def test_layers_that_do_nothing_are_in_the_chain():
    rng = np.random.default_rng(6)
    layers = [Flatten(), Dropout(0.0), Activation("linear"), Residual([Dropout(0.0)]), BatchNorm()]
    _, trace = traced(layers, (2, 3, 2), rng, n_outputs=2)
    assert [step.layer for step in trace.steps] == [*trace.layers[:3], "residual1/dropout1",
        "residual1", "batchnorm1", "output"]  # fmt: skip
    for layer in trace.layers:
        for place in np.ndindex(trace.feature_map(layer).shape):
            check(trace, layer, place)


def test_stochastic_depth_is_off():
    """The end of the body is the value of its last layer, at every place of the block."""
    rng = np.random.default_rng(6)
    block = [Conv2D(2, 3, padding="same"), BatchNorm()]
    layers = [Residual(block, drop_path=0.5, activation="relu"), Residual(block[:1], drop_path=0.1)]
    _, trace = traced(layers, (3, 4, 2), rng)
    for layer in trace.layers:
        for place in np.ndindex(trace.feature_map(layer).shape):
            check(trace, layer, place)
    step = trace.at("residual1", 1, 2, 0)
    assert [str(source)[:21] for source in step.sources] == [
        "residual1/batchnorm1[",
        "input[1, 2, 0]",
    ]


def test_the_source_has_the_sign_of_the_output():
    """The strongest product has the sign of the sum, even if a product with the other sign is larger."""
    net = Network([Conv2D(1, (1, 3))], (1, 3, 1))
    weights = np.array([1.0, -2.0, 3.0]).reshape(1, 3, 1, 1)
    net.set_weights({"conv1/weights": weights, "conv1/bias": np.array([-3.0])})
    x = np.array([4.0, 3.0, 0.5], np.float32).reshape(1, 1, 3, 1)
    step = Trace(net, x).at("conv1", 0, 0, 0)
    assert step.value == -3.5 and step.tap == (0, 1, 0)
    net.set_weights({"conv1/weights": weights, "conv1/bias": np.array([3.0])})
    step = Trace(net, x).at("conv1", 0, 0, 0)
    assert step.value == 2.5 and step.tap == (0, 0, 0)


def test_groups_read_their_own_channels():
    rng = np.random.default_rng(7)
    net, trace = traced([Conv2D(6, 3, groups=3, dilation=2)], (7, 8, 9), rng)
    step = check(trace, "conv1", (1, 2, 3))
    assert step.first_channel == 3 and step.patch.shape == (3, 3, 3)
    assert (step.patch == trace.feature_map("input")[1:6:2, 2:7:2, 3:6]).all()
    assert (step.kernel == net.get_weights()["conv1/weights"][..., 3]).all()


@pytest.mark.parametrize(
    ("layer", "indices", "message"),
    [
        (
            "conv9",
            (0,),
            "no layer is called 'conv9'; the layers are conv1, activation1, flatten, output",
        ),
        (
            "conv1",
            (0, 0),
            "The output of conv1 has shape 4×4×2: expected row, column, channel, got [0, 0].",
        ),
        (
            "conv1",
            (0, 4, 0),
            "The output of conv1 has shape 4×4×2: column must be from 0 to 3, got 4.",
        ),
        (
            "conv1",
            (-1, 0, 0),
            "The output of conv1 has shape 4×4×2: row must be from 0 to 3, got -1.",
        ),
        ("output", (3,), "The output of output has shape 3: feature must be from 0 to 2, got 3."),
    ],
)
def test_wrong_places(layer, indices, message):
    trace = Trace(Network([Conv2D(2, 3), ReLU()], (6, 6, 1), 3), np.zeros((1, 6, 6, 1)))
    with pytest.raises(ValueError, match=re.escape(message)):
        trace.at(layer, *indices)


def test_an_unknown_map():
    trace = Trace(Network([Conv2D(2, 3)], (6, 6, 1)), np.zeros((1, 6, 6, 1)))
    with pytest.raises(ValueError, match="no layer is called 'pool1'; the layers are conv1"):
        trace.feature_map("pool1")
    with pytest.raises(TypeError):
        trace.at("conv1", 0.5, 0, 0)


# The final step -------------------------------------------------------------------------------------------
def test_softmax_on_paper():
    p = np.array([0.1, 0.2, 0.7])
    final = FinalStep(np.log(p) + 3, "c", p, np.array(["a", "b", "c"]))
    assert final.function == "softmax" and (final.unit, final.sign) == (2, 1)
    assert final.exponentials == pytest.approx(p / 0.7) and final.computed == pytest.approx(p)
    assert str(final).splitlines()[:2] == [
        "softmax: the prediction is c, with probability 0.7000",
        "    class  logit z  exp(z - max z)  / sum = probability",
    ]


def test_sigmoid_on_paper():
    """log 4 is the logit of 0.8."""
    final = FinalStep(np.log([4.0]), "yes", np.array([0.2, 0.8]), np.array(["no", "yes"]))
    assert final.function == "sigmoid" and final.sign is None
    assert final.computed == pytest.approx([0.2, 0.8])
    assert "the prediction is yes, with probability 0.8000" in str(final)


def test_only_the_likeliest_of_many_classes_are_listed():
    p = np.full(1000, 0.5 / 999)
    p[400] = 0.5
    text = str(FinalStep(np.log(p), 400, p, np.arange(1000)))
    assert "980 more classes: 0.4905 in total" in text and len(text.splitlines()) < 30
