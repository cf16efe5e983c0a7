"""What the machine cannot hold is refused before any of it is taken."""

import numpy as np
import pytest

from convnet.graph import Network, Trainer
from convnet.graph.plan import memory_limits
from convnet.layers import Conv2D, Dense

MIB = 2**20


@pytest.fixture
def small_machine(monkeypatch):
    monkeypatch.setattr(memory_limits, "machine_bytes", lambda: 4 * MIB)


def test_parameters(small_machine):
    """4 copies of 4 bytes each: 2^18 parameters and no more."""
    layers = [Dense(500), Dense(500, name="wide"), Dense(20)]
    with pytest.raises(
        ValueError, match=r"4 times its parameters.* wide/weights of shape \(500, 500\)"
    ):
        Network(layers, (20,))
    assert Network(layers[:1], (20,)).plan.n_parameters == 10500


def test_the_batch_of_a_training(small_machine):
    net = Network([Conv2D(8, 3, padding="same", name="first"), Dense(2)], (32, 32, 1))
    options = dict(loss="softmax", n_threads=1)
    assert Trainer(net, batch_size=8, **options).batch_size == 8
    with pytest.raises(
        ValueError, match=r"A pass of 99 samples.* layer 'first', .*Lower batch_size"
    ):
        Trainer(net, batch_size=99, **options)
    trainer = Trainer(net, batch_size=8, **options)
    with pytest.raises(ValueError, match="A pass of 99 samples"):
        trainer.resize(99)
    assert trainer.batch_size == 8


def test_predictions(monkeypatch):
    net = Network([Conv2D(8, 3), Dense(2)], (32, 32, 1))
    monkeypatch.setattr(memory_limits, "machine_bytes", lambda: 1000)
    with pytest.raises(ValueError, match=r"A pass of 1 samples.* of a prediction n_jobs"):
        net.forward(np.zeros((1, 32, 32, 1)))


def test_the_memory_of_this_machine(monkeypatch, tmp_path):
    found = memory_limits.machine_bytes()
    assert 2**28 < found < 2**50
    limit, none = tmp_path / "limit", tmp_path / "max"
    limit.write_text(f"{2**28}\n")
    none.write_text("max\n")
    for paths, expected in (([limit], 2**28), ([none, tmp_path / "nowhere"], None)):
        monkeypatch.setattr(memory_limits, "LIMITS", paths)
        assert memory_limits.machine_bytes.__wrapped__() == (expected or memory_limits._physical())
