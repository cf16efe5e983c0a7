"""The model of larger clusters: its bytes are those that ranks send."""

import numpy as np
import pytest
from cluster import LINKS, exchanges, network_seconds, on_line, step_seconds
from nets import Net
from tcp_ranks import run_tcp_ranks

from convnet.graph import Network, Trainer
from convnet.layers import BatchNorm, Conv2D, Dense, MaxPool2D

LAYERS = (Conv2D(8, 3), BatchNorm(), MaxPool2D(2), Dense(16))
NET = Net((10, 10, 1), LAYERS, n_classes=3, batch=32, samples=32)


def sent_by(communicator):
    return communicator.bytes_sent + communicator.background.bytes_sent


@pytest.mark.parametrize("size", [2, 3, 4])
def test_the_bytes_are_those_that_ranks_send(size):
    X, y = NET.data(32)

    def run(communicator):
        network = Network(list(NET.layers), NET.input_shape, NET.n_outputs, seed=0)
        trainer = Trainer(network, loss="softmax", batch_size=32, communicator=communicator)
        before = sent_by(communicator)
        trainer.step(
            X, y.astype(np.int32), np.arange(32), None, scale=1.0, learning_rate=0.01, epoch=0
        )
        return sent_by(communicator) - before

    sent = run_tcp_ranks(size, run)
    for rank in range(size):
        assert sum(found[1] for found in exchanges(NET, 32, rank, size)) == sent[rank]


def test_seconds():
    link = LINKS["10 GbE"]
    assert network_seconds([(3, 10**6, 2 * 10**6)], link) == 3 * link.alpha + 2e6 / link.beta
    assert step_seconds({2: 1.0, 4: 3.0}, 3) == 2.0
    assert step_seconds({2: 1.0, 4: 3.0}, 8) == 6.0
    assert on_line([1, 2, 3], [2.0, 4.0, 6.0], 10) == pytest.approx(20.0)
