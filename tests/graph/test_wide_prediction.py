"""Predictions through layers with wide weights, by blocks of these, for many samples together."""

import numpy as np
import pytest
from example_nets import WIDE_NETS
from netcheck import ISAS, assert_exact, normals, set_random_weights

from convnet.engine import STAGES
from convnet.graph import Network
from convnet.graph.compiler import prediction
from convnet.layers import Activation, Conv2D, MaxPool2D

pytestmark = pytest.mark.parametrize("isa", ISAS)


def network(key, isa):
    layers, shape = WIDE_NETS[key]
    net = Network(layers, shape, 3, isa=isa)
    set_random_weights(net, np.random.default_rng(0), scale=0.05)
    return net


def stages_of(net):
    return net._predictor((None, None))[0].compiled.stages


@pytest.mark.parametrize("key", WIDE_NETS)
@pytest.mark.parametrize("shared_samples", [5, 64])
def test_the_bits_do_not_depend_on_the_call(isa, key, shared_samples, monkeypatch):
    monkeypatch.setattr(prediction, "SHARED_SAMPLES", shared_samples)
    net = network(key, isa)
    x = normals(np.random.default_rng(1), (23, *net.plan.input_shape))
    want = net.forward(x)
    for n, n_threads in ((1, 1), (1, 3), (2, 2), (3, 8), (11, 1), (23, 2), (23, 3)):
        for i in (0, 23 - n):
            assert_exact(net.forward(x[i : i + n], n_threads=n_threads), want[i : i + n])


@pytest.mark.parametrize("size", [(4, 4), (7, 9), (1, 13)])
@pytest.mark.parametrize("filters", [(96, 96), (112, 80), (144, 272)])
@pytest.mark.parametrize("activation", ["relu", "tanh", "linear"])
def test_the_bits_of_training(isa, size, filters, activation):
    """Training computes the same convolutions sample by sample."""
    layers = [
        Conv2D(filters[1], 3, padding="same", activation=activation),
        Conv2D(368, 3, padding="same", stride=2, activation=activation),
    ]
    net = Network(layers, (*size, filters[0]), isa=isa)
    set_random_weights(net, np.random.default_rng(0), scale=0.05)
    x = normals(np.random.default_rng(1), (13, *size, filters[0]))
    want = net.forward_training(x)
    assert_exact(net.forward(x, n_threads=2), want)
    wide = {stage.name for stage in stages_of(net)}
    assert "conv2d_wide_fwd" in wide
    if min(size) > 3 and filters[0] * filters[1] > 8000:
        assert "winograd_wide_fwd" in wide


def test_a_pool_behind_it(isa):
    """It is not fused, with the same bits."""
    layers = [Conv2D(96, 3), Activation("relu"), MaxPool2D(2)]
    net = Network(layers, (9, 12, 96), isa=isa)
    set_random_weights(net, np.random.default_rng(0), scale=0.05)
    x = normals(np.random.default_rng(1), (6, 9, 12, 96))
    assert "maxpool_fwd" in {stage.name for stage in stages_of(net)}
    assert_exact(net.forward(x, n_threads=2), net.forward_training(x))


@pytest.mark.parametrize("key", WIDE_NETS)
def test_phases(isa, key):
    """A batch stage may read what the stage before wrote, so no two share a phase."""
    stages = stages_of(network(key, isa))
    for phase in range(1, stages[-1].phase + 1):
        names = [stage.name for stage in stages if stage.phase == phase]
        assert names
        assert len(names) == 1 or not any(STAGES[name].is_batch for name in names)


def test_memory_is_bounded(isa, monkeypatch):
    monkeypatch.setattr(prediction, "SHARED_BYTES", 2**19)
    net = network("wide weights", isa)
    program = net._predictor((None, None))[0].compiled.program
    assert 1 < program.shared_samples < 16
    assert 4 * program.shared_floats <= 2**19
    x = normals(np.random.default_rng(1), (33, *net.plan.input_shape))
    assert_exact(net.forward(x, n_threads=2), network("wide weights", isa).forward(x))
