"""A trainer's memory: it grows, and the moments go on."""

import numpy as np
import pytest
from netcheck import assert_exact

from convnet.graph import Network, Trainer, trainer as module
from convnet.layers import Conv2D, Dense, Dropout

LAYERS = [Conv2D(4, 3, activation="relu"), Dropout(0.2), Dense(9)]


def start(batch_size, solver):
    net = Network(LAYERS, (6, 5, 2), 3, seed=1)
    return net, Trainer(net, loss="softmax", batch_size=batch_size, solver=solver, alpha=0.1)


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_resize(solver):
    rng = np.random.default_rng(0)
    X, y = rng.random((40, 6, 5, 2), dtype=np.float32), np.arange(40, dtype=np.int32) % 3
    results = []
    for first in (2, 40):
        net, trainer = start(first, solver)
        losses = []
        for size in (2, 2, 40, 7):
            if size > trainer.batch_size:
                trainer.resize(size)
            rows = np.arange(size)
            losses.append(trainer.step(X, y, rows, None, scale=1.0, learning_rate=0.01, epoch=size))
        results.append((losses, net.get_weights()))
    np.testing.assert_allclose(results[0][0], results[1][0], rtol=1e-6)
    for name, weights in results[1][1].items():
        np.testing.assert_allclose(results[0][1][name], weights, rtol=0, atol=1e-6)


def test_a_resize_that_fails_changes_nothing(monkeypatch):
    X, y = np.ones((4, 6, 5, 2), np.float32), np.arange(4, dtype=np.int32) % 3

    def fails(compiled):
        raise MemoryError

    nets = []
    for broken in (False, True):
        net, trainer = start(4, "adam")
        if broken:
            with monkeypatch.context() as patch:
                patch.setattr(module, "Memory", fails)
                with pytest.raises(MemoryError):
                    trainer.resize(400)
        assert trainer.batch_size == 4
        trainer.step(X, y, np.arange(4), None, scale=1.0, learning_rate=0.01, epoch=0)
        nets.append(net.get_weights())
    for name, weights in nets[0].items():
        assert_exact(nets[1][name], weights, name)
