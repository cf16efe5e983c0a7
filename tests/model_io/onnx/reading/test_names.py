"""Names of nodes as names of layers."""

import pytest

pytest.importorskip("onnx")

from convnet.layers import ReLU
from convnet.model_io.onnx.reading.names import Names, short_name


@pytest.mark.parametrize(
    ("node", "name"),
    [
        ("/layer1/layer1.0/conv1/Conv", "layer1-0-conv1"),
        ("/layer1/layer1.0/Relu_1", "layer1-0"),
        ("/Relu_1", "Relu_1"),
        ("node_conv2d_3", "conv2d_3"),
        ("model/block__1/conv:0", "model-block-1-conv-0"),
        ("_private_", "private"),
        ("12", "n12"),
        ("", "n"),
        ("é/ü", "n"),
        ("x" * 500, "x" * 56),
    ],
)
def test_short_names(node, name):
    assert short_name(node) == name
    assert ReLU(name=name).name == name


def test_names_are_unique_and_do_not_repeat_the_layer_around():
    names = Names(["output"], "layer1-0")
    given = ["/layer1/layer1.0/conv1/Conv", "/layer1/layer1.0/Relu", "/layer1/layer1.0/Relu_1"]
    assert [names.unique(node) for node in given] == ["conv1", "Relu", "Relu_1"]
    assert [names.unique("output"), names.unique("conv1"), names.unique("conv1")] == [
        "output-2",
        "conv1-2",
        "conv1-3",
    ]
