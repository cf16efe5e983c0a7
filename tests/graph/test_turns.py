"""Long calls of the engine are taken in turns: signals are heard meanwhile, and the bits are the same."""

import signal

import numpy as np
import pytest
from netcheck import normals

from convnet.graph import Network
from convnet.graph.trainer import Trainer
from convnet.layers import BatchNorm, Conv2D, Dense, MaxPool2D

SHAPE, N = (24, 24, 8), 96
LAYERS = [
    *(Conv2D(32, 3, activation="relu"), BatchNorm(), Conv2D(64, 3), MaxPool2D(2)),
    *(
        Dense(1500, activation="relu"),
        Dense(1500, activation="relu"),
    ),  # in blocks of the whole batch
]
TURN = 1e-3

pytestmark = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timers of signals")


@pytest.fixture
def alarms():
    """Have a function called each millisecond, between two lines of Python or two turns."""
    before = signal.getsignal(signal.SIGALRM)

    def begin(function):
        signal.signal(signal.SIGALRM, lambda *_: function())
        signal.setitimer(signal.ITIMER_REAL, TURN, TURN)

    yield begin
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


def trainer(n_threads, turn):
    net = Network(LAYERS, SHAPE, 3, seed=1)
    made = Trainer(net, loss="softmax", batch_size=N, n_threads=n_threads)
    made._compiled.program.turn = turn
    return net, made


def step(made):
    X = normals(np.random.default_rng(0), (N, *SHAPE))
    y = np.arange(N, dtype=np.int32) % 3
    return made.step(X, y, np.arange(N), None, scale=1.0, learning_rate=1e-3, epoch=0)


class Stop(Exception):
    """Ctrl-C, but for pytest."""


def stop():
    signal.setitimer(signal.ITIMER_REAL, 0)  # the next one would come when nobody waits for it
    raise Stop


@pytest.mark.parametrize("n_threads", [1, 3])
def test_a_step_in_turns(alarms, n_threads):
    whole, made = trainer(n_threads, 1e9)
    want = step(made)
    net, made = trainer(n_threads, TURN)
    calls = []
    alarms(lambda: calls.append(1))
    assert step(made) == want
    signal.setitimer(signal.ITIMER_REAL, 0)
    assert len(calls) > 1
    np.testing.assert_array_equal(net.params, whole.params)


def test_a_step_that_ends_early(alarms):
    """Its update is not made."""
    net, made = trainer(2, TURN)
    before = net.params.copy()
    alarms(stop)
    with pytest.raises(Stop):
        step(made)
    np.testing.assert_array_equal(net.params, before)


@pytest.mark.parametrize("n, n_threads", [(N, 1), (N, 2), (2, 2)])
def test_a_prediction_in_turns(alarms, n, n_threads):
    """Of two rows each thread has one, which it leaves between two layers."""
    shape = (12, 12, 8) if n == N else (96, 96, 8)
    x = normals(np.random.default_rng(0), (n, *shape))
    net = Network(LAYERS[:3], shape, 3, seed=1)
    want = net.forward(x, n_threads=n_threads)
    net._predictor(None).compiled.program.turn = TURN
    np.testing.assert_array_equal(net.forward(x, n_threads=n_threads), want)
    alarms(stop)
    with pytest.raises(Stop):
        for _ in range(1000):
            net.forward(x, n_threads=n_threads)
    np.testing.assert_array_equal(net.forward(x, n_threads=n_threads), want)
