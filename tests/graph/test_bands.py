"""Predictions of fewer samples than threads: each operation on bands of rows of a sample, with the same bits."""

import numpy as np
import pytest
from example_nets import NETS, WIDE_NETS
from netcheck import ISAS, assert_exact, normals, set_random_weights

from convnet.graph import Network
from convnet.layers import Conv2D, DepthwiseConv2D, MaxPool2D, Residual

MORE = {
    "all convolutions": (
        [
            Conv2D(5, (3, 2), padding="same", activation="relu"),  # planar
            Conv2D(32, 5, stride=2, padding=2, activation="tanh"),
            MaxPool2D(2),
            Residual([Conv2D(32, 3, padding="same"), DepthwiseConv2D(3, padding="same")]),
            Conv2D(48, 3, padding=2, activation="relu"),
            MaxPool2D(3),
            MaxPool2D(3, stride=2, padding=1),
        ],
        (75, 61, 3),
    ),
    "planar and pools": ([Conv2D(4, 3), MaxPool2D(2), Conv2D(8, 3, dilation=2)], (33, 29, 1)),
    "winograd and pools": (
        [Conv2D(16, 3, activation="relu"), MaxPool2D((2, 3)), Conv2D(16, 3), MaxPool2D(4)],
        (53, 31, 16),
    ),
}
CASES = NETS | WIDE_NETS | MORE


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("key", CASES)
def test_the_bits(isa, key):
    layers, shape = CASES[key]
    net = Network(layers, shape, 3, isa=isa)
    set_random_weights(net, np.random.default_rng(0), scale=0.1)
    x = normals(np.random.default_rng(1), (4, *shape))
    program = net._predictor((None, None))[0].compiled.program
    program.worth_bands = np.inf
    want = net.forward(x)
    program.worth_bands = 0.0
    for n, n_threads in ((1, 2), (1, 3), (1, 7), (2, 4), (2, 7), (3, 6)):
        assert_exact(net.forward(x[:n], n_threads=n_threads), want[:n], f"{n} on {n_threads}")


def test_single_predictions():
    layers, shape = MORE["all convolutions"]
    net = Network(layers, shape, 3)
    x = normals(np.random.default_rng(1), (4, *shape))
    program = net._predictor((None, None))[0].compiled.program
    want = net.forward(x)
    single = net.single_prediction(np.dtype(np.float32), 1.0, {}, ())
    for worth in (np.inf, 0.0):
        program.worth_bands = worth
        assert program.divides_samples == (worth == 0.0)
        for n_jobs in (1, 3, 2, None):
            for i in range(4):
                assert_exact(single.outputs(x[i : i + 1], n_jobs), want[i : i + 1])


def test_few_rows_are_not_worth_it():
    assert (
        not Network([Conv2D(8, 3)], (9, 9, 3))
        ._predictor((None, None))[0]
        .compiled.program.divides_samples
    )
