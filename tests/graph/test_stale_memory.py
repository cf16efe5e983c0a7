"""What memory held before has no bearing on results: maps share it, batches differ in size, steps follow steps."""

import numpy as np
import pytest
from example_nets import NETS, WIDE_NETS
from netcheck import ISAS, assert_exact, normals

from convnet.graph import Network, Trainer
from convnet.layers import BatchNorm, Conv2D, DepthwiseConv2D, MaxPool2D, Residual

# Padded maps beside maps without, so that what was a map is a halo later; pools that leave pixels out.
MIXED = (
    [
        Conv2D(16, 3, padding="same", activation="relu"),
        Residual([Conv2D(16, 3, padding="same"), BatchNorm(), DepthwiseConv2D(5, padding="same")]),
        Conv2D(33, 1),
        BatchNorm(),
        MaxPool2D((3, 2)),
        Residual([Conv2D(5, (2, 3), stride=2, padding="same", activation="gelu")]),
        MaxPool2D(2, stride=1, padding="same"),
    ],
    (13, 11, 3),
)
CASES = NETS | WIDE_NETS | {"mixed": MIXED}

pytestmark = [pytest.mark.parametrize("isa", ISAS), pytest.mark.parametrize("key", CASES)]


def test_prediction(isa, key, monkeypatch):
    """In memory full of NaN, all layers."""
    layers, shape = CASES[key]
    net = Network(layers, shape, 3, isa=isa)
    x = normals(np.random.default_rng(0), (17, *shape))
    for layer in [None, *net.plan.named]:
        predictor, weights = net._predictor((None, layer))
        want = predictor.run(weights, x, scale=1.0, n_threads=2)
        arena, scratch = predictor._pool[0][1]
        arena[...] = scratch[...] = np.nan
        assert_exact(predictor.run(weights, x, scale=1.0, n_threads=2), want, layer)
        assert len(predictor._pool) == 1  # it was this memory


def test_training(isa, key):
    """A step of one row after steps of more is that of a trainer in new memory, whatever the scratch holds."""
    layers, shape = CASES[key]
    rng = np.random.default_rng(0)
    x, y = normals(rng, (20, *shape)), rng.integers(0, 3, 20).astype(np.int32)
    nets = [Network(layers, shape, 3, isa=isa) for _ in range(2)]
    used, new = (
        Trainer(net, loss="softmax", batch_size=20, clip_norm=1.0, seed=1, n_threads=2)
        for net in nets
    )
    call = dict(scale=1.0, learning_rate=1e-3)
    for epoch in range(2):
        used.step(x, y, np.arange(20), None, epoch=epoch, **call)
    nets[1].set_weights(nets[0].get_weights())
    new.set_state(used.state())
    used._memory.scratch[...] = np.nan
    row = np.array([7])
    losses = [trainer.step(x, y, row, None, epoch=2, **call) for trainer in (used, new)]
    assert losses[0] == losses[1] and np.isfinite(losses[0])
    for name, value in nets[1].get_weights().items():
        assert_exact(nets[0].get_weights()[name], value, name)
