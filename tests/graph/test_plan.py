"""The plan: names, shapes, counts, the automatic head, and every shape error."""

import re

import numpy as np
import pytest

from convnet.graph import Plan
from convnet.layers import (
    Activation,
    BatchNorm,
    Conv1D,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAvgPool2D,
    MaxPool1D,
    MaxPool2D,
    Residual,
)

WALKTHROUGH = [
    Conv2D(2, 5, activation="relu"), MaxPool2D(2), Conv2D(4, 3, activation="sigmoid"), MaxPool2D(2),
]  # fmt: skip


def test_walkthrough():
    plan = Plan(WALKTHROUGH, (28, 28, 1), 10)
    assert [info.name for info in plan.layers] == [
        "conv1",
        "pool1",
        "conv2",
        "pool2",
        "flatten",
        "output",
    ]
    assert [tuple(info.output_shape) for info in plan.layers] == [
        (24, 24, 2), (12, 12, 2), (10, 10, 4), (5, 5, 4), (100,), (10,),
    ]  # fmt: skip
    assert [info.n_parameters for info in plan.layers] == [52, 0, 76, 0, 0, 1010]
    by_name = {info.name: info for info in plan.layers}
    assert by_name["conv1"].multiply_adds == 28_800
    assert by_name["conv2"].multiply_adds == 7_200
    assert by_name["output"].multiply_adds == 1_000
    assert plan.n_parameters == 1138
    assert tuple(plan.output_shape) == (10,)
    assert tuple(plan.input_shape) == (28, 28, 1)


def test_head_and_flatten_are_put_in_only_where_needed():
    assert [i.name for i in Plan([Dense(4)], (5,), 3).layers] == ["dense1", "output"]
    assert [i.name for i in Plan([Flatten(), Dense(4)], (2, 2, 1), 3).layers] == [
        "flatten1", "dense1", "output",
    ]  # fmt: skip
    assert [i.name for i in Plan([GlobalAvgPool2D()], (2, 2, 1), 3).layers] == [
        "globalpool1",
        "output",
    ]
    assert [i.name for i in Plan([Dense(4)], (5,), None).layers] == ["dense1"]
    assert [i.name for i in Plan([Conv2D(4, 1)], (5, 5, 1), None).layers] == ["conv1"]


def test_parameters_lie_side_by_side():
    """Offsets neither overlap nor leave the flat array; running statistics are not trained."""
    plan = Plan([Conv2D(5, 3), BatchNorm(), Dropout(0.5)], (6, 6, 3), 4)
    ends = 0
    for parameter in sorted(plan.parameters, key=lambda p: p.offset):
        assert parameter.offset >= ends
        ends = parameter.offset + int(np.prod(parameter.shape))
    trainable = {p.name: p.trainable for p in plan.parameters}
    assert not trainable.pop("batchnorm1/moving_mean")
    assert not trainable.pop("batchnorm1/moving_variance")
    assert all(trainable.values())
    assert {p.name for p in plan.parameters if p.decay} == {"conv1/weights", "output/weights"}


def test_why_not_dense():
    plan = Plan([Dense(1000, use_bias=False)], (100, 100, 3), 2)
    assert {i.name: i.n_parameters for i in plan.layers}["dense1"] == 30_000_000


@pytest.mark.parametrize(
    ("n", "kernel", "stride", "padding", "out"),
    [(6, 3, 1, 0, 4), (28, 5, 1, 0, 24), (150, 3, 1, 0, 148), (150, 3, 1, 1, 150), (7, 2, 2, 0, 3)],
)
def test_output_sizes(n, kernel, stride, padding, out):
    plan = Plan([Conv2D(1, kernel, stride=stride, padding=padding)], (n, n, 1), None)
    assert tuple(plan.output_shape) == (out, out, 1)


@pytest.mark.parametrize("kernel", [1, 2, 3, 4, 7])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("n", [1, 2, 5, 6, 28])
def test_same_gives_the_ceiling(n, stride, kernel):
    plan = Plan([Conv2D(1, kernel, stride=stride, padding="same")], (n, n + 1, 1), None)
    assert tuple(plan.output_shape) == (-(-n // stride), -(-(n + 1) // stride), 1)


def test_kernel_that_does_not_fit():
    """The message names the layer, the cause, the shapes so far and a remedy."""
    layers = [
        Conv2D(4, 3), MaxPool2D(2), Conv2D(4, 3), MaxPool2D(2), Conv2D(4, 3), MaxPool2D(2),
        Conv2D(4, 3, name="conv4"),
    ]  # fmt: skip
    with pytest.raises(ValueError) as caught:
        Plan(layers, (28, 28, 1), 10)
    assert str(caught.value) == (
        "layers[6] 'conv4': kernel 3×3 does not fit its 1×1 input. Shapes: 28→26→13→11→5→3→1. "
        'Set padding="same" in convolutions, or remove a pooling layer.'
    )


def test_softmax_is_automatic():
    layers = [*WALKTHROUGH, Dense(10, activation="softmax")]
    with pytest.raises(ValueError) as caught:
        Plan(layers, (28, 28, 1), 10)
    assert str(caught.value) == (
        'layers[4] is Dense(activation="softmax"), but the output layer (10 classes) is automatic. Remove it.'
    )


def test_softmax_elsewhere():
    """Inside a net, inside a block, and as the last layer of a net without an output layer."""
    attention = [Dense(9, activation="softmax"), Dense(4)]
    assert [type(op).__name__ for op in Plan(attention, (5,), 3).graph.ops][1] == "SoftmaxOp"
    block = Residual([Conv2D(3, 1, activation="softmax")], activation="softmax")
    assert Plan([block, Activation("softmax"), Dropout(0.5)], (8, 8, 3), 3).output_shape == (3,)
    assert Plan([Dense(9, activation="softmax")], (5,), None).output_shape == (9,)


@pytest.mark.parametrize(
    ("layers", "shape", "name"),
    [
        ([Dense(3), Conv2D(4, 3)], (6, 6, 1), "conv1"),
        ([MaxPool2D(3)], (2, 9, 1), "pool1"),
        ([Conv2D(4, 3, groups=2)], (6, 6, 3), "conv1"),
        ([Conv2D(4, 3)], (36,), "conv1"),
    ],
)
def test_errors_name_the_layer(layers, shape, name):
    with pytest.raises(ValueError, match=rf"layers\[\d\] '{name}'"):
        Plan(layers, shape, 3)


@pytest.mark.parametrize("shape", [(), (0, 5, 1), (5, 0), (5, -1, 1), (2, 3, 4, 5)])
def test_impossible_input_shapes(shape):
    with pytest.raises(ValueError):
        Plan([Dense(3)], shape, 3)


def test_two_layers_of_one_name():
    with pytest.raises(ValueError, match="stem"):
        Plan([Dense(3, name="stem"), Dense(4, name="stem")], (5,), 3)


def test_signals():
    """(length, channels) all the way, weights of as many axes; 2-D layers are refused, and 1-D ones of maps."""
    plan = Plan([Conv1D(4, 5, stride=2), MaxPool1D(3), BatchNorm()], (28, 3), 2)
    assert [i.output_shape for i in plan.layers] == [(12, 4), (4, 4), (4, 4), (16,), (2,)]
    assert [i.name for i in plan.layers] == ["conv1", "pool1", "batchnorm1", "flatten", "output"]
    assert {p.name: p.shape for p in plan.parameters}["conv1/weights"] == (5, 3, 4)
    assert plan.named["conv1"].multiply_adds == 12 * 5 * 3 * 4
    text = "layers[1] 'pool1': window 9 does not fit its input of length 6. Shapes: 8→6."
    with pytest.raises(ValueError, match=re.escape(text)):
        Plan([Conv1D(4, 3), MaxPool1D(9)], (8, 3), 2)
    with pytest.raises(ValueError, match=r"layers\[1\] 'conv2': it needs a \(height"):
        Plan([Conv1D(4, 3), Conv2D(4, 3)], (8, 3), 2)
    with pytest.raises(
        ValueError, match=r"layers\[0\] 'pool1': it needs a \(length, channels\) signal"
    ):
        Plan([MaxPool1D(2)], (8, 8, 3), 2)
