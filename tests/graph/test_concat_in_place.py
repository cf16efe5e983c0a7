"""Convolutions that write their channels of a concatenation themselves, in prediction."""

import numpy as np
import pytest
from netcheck import ISAS, assert_exact, normals, set_random_weights

from convnet.graph import Network
from convnet.graph.compiler import fusion
from convnet.layers import (
    Activation,
    BatchNorm,
    Conv2D,
    Dense,
    DepthwiseConv2D,
    Dropout,
    GlobalAvgPool2D,
    MaxPool2D,
    Parallel,
    Residual,
)


def same(filters, kernel, activation="relu", **options):
    return Conv2D(filters, kernel, padding="same", activation=activation, **options)


def four(activation):
    """The direct algorithm, Winograd's with both sizes of tiles, and groups."""
    branches = [
        [same(17, 1, activation)],
        [same(24, 1, activation), same(33, 3, activation)],
        [same(16, 5, activation)],
        [same(10, 3, activation, groups=2, dilation=2)],
    ]
    return Parallel(branches)


# Layers, input shape, and the branches whose outputs are copied.
CASES = {
    "relu, no halo": ([four("relu"), GlobalAvgPool2D()], (9, 11, 16), 0),
    "tanh, halo": ([four("tanh"), same(16, 3)], (9, 11, 16), 0),
    "gelu by itself, batch norm": (
        [Parallel([[same(9, 1, None), BatchNorm(), Activation("gelu")], [same(16, 3)]])],
        (9, 11, 16),
        0,
    ),
    "stride and pools": (
        [
            Parallel(
                [
                    [same(16, 3, "tanh"), MaxPool2D(2)],
                    [same(12, 1, "elu"), MaxPool2D(2)],
                    [same(13, 3, stride=2)],
                    [same(16, 3, "linear"), MaxPool2D(2)],
                ]
            ),
            same(16, 5),
        ],
        (12, 10, 16),
        0,
    ),
    "nested": (
        [
            Parallel(
                [
                    [Parallel([[same(18, 3)], [MaxPool2D(3, 1, padding="same")], [same(9, 1)]])],
                    [Parallel([[Parallel([[same(12, 1, "tanh")], [same(16, 3)]])], [same(10, 1)]])],
                    [same(11, 1)],
                ]
            ),
            same(16, 3),
        ],
        (9, 11, 16),
        1,
    ),
    "wide": (
        [Parallel([[same(96, 3)], [same(96, 3, "tanh")], [same(2800, 1, "elu")]]), same(16, 3)],
        (5, 6, 96),
        0,
    ),
    "wide behind narrow": (
        [Parallel([[same(20, 1)], [same(96, 3), same(96, 3, "tanh")]]), same(128, 3)],
        (6, 5, 64),
        0,
    ),
    "dropout behind a nested one": (
        [Parallel([[Parallel([[same(18, 3)], [same(9, 1)]]), Dropout(0.5)], [same(11, 1)]])],
        (9, 11, 16),
        1,
    ),
    "a sum in place": (
        [Parallel([[Residual([Parallel([[same(6, 1)], [same(10, 3)]])])], [same(16, 3)]])],
        (9, 11, 16),
        1,
    ),
    "not by convolutions": (
        [
            Parallel(
                [
                    [],
                    [same(16, 1), MaxPool2D(3, 1, padding="same")],
                    [same(16, 1), DepthwiseConv2D(3, padding="same")],
                    [MaxPool2D(1), BatchNorm()],
                ]
            ),
            Parallel([[same(3, 3)], [same(9, 3)]]),  # the first of them reads many channels
            same(4, 1),
            Parallel([[same(3, 3)], [same(9, 3)]]),  # planar; direct
        ],
        (9, 11, 16),
        5,
    ),
    "two readers": (
        [Parallel([[same(16, 3), Parallel([[], [same(16, 3), same(7, 1)]])], [same(9, 1)]])],
        (9, 11, 16),
        1,
    ),
    "dense": ([GlobalAvgPool2D(), Parallel([[Dense(5)], [Dense(3)]])], (4, 4, 3), 2),
}


def network(key, isa=None):
    layers, shape, _ = CASES[key]
    net = Network(layers, shape, 3, isa=isa)
    set_random_weights(net, np.random.default_rng(0), scale=0.1)
    return net


def program_of(net):
    return net._predictor((None, None))[0].compiled.program


@pytest.mark.parametrize("key", CASES)
def test_which_branches_are_copied(key):
    stages = network(key)._predictor((None, None))[0].compiled.stages
    assert sum(stage.name == "concat_fwd" for stage in stages) == CASES[key][2]


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("key", CASES)
def test_the_bits_of_copies(isa, key, monkeypatch):
    """On one thread and several, on few samples by bands of rows, and one sample by itself."""
    net = network(key, isa)
    x = normals(np.random.default_rng(1), (9, *net.plan.input_shape))
    with monkeypatch.context() as patch:
        patch.setattr(fusion, "_concat_in_place", lambda ops: None)
        copying = network(key, isa)
        want = copying.forward(x)
    program = program_of(net)
    for worth in (np.inf, 0.0):
        program.worth_bands = worth
        for n, n_threads in ((9, 1), (9, 3), (1, 1), (1, 2), (1, 7), (2, 5), (3, 6)):
            got = net.forward(x[:n], n_threads=n_threads)
            assert_exact(got, want[:n], f"{n} samples on {n_threads} threads")
        single = net.single_prediction(np.dtype(np.float32), 1.0, {}, ())
        for n_jobs in (1, 3):
            assert_exact(single.outputs(x[:1], n_jobs), want[:1])


@pytest.mark.parametrize("key", CASES)
def test_features(key, monkeypatch):
    """The output of each layer, of those inside branches too."""
    net = network(key)
    x = normals(np.random.default_rng(1), (3, *net.plan.input_shape))
    got = {name: net.features(x, name) for name in net.plan.named}
    monkeypatch.setattr(fusion, "_concat_in_place", lambda ops: None)
    copying = network(key)
    for name in net.plan.named:
        assert_exact(got[name], copying.features(x, name), name)
