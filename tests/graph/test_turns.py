"""Long calls of the engine are taken in turns: signals are heard meanwhile, and the bits are the same."""

import signal
from contextlib import contextmanager

import numpy as np
import pytest
from netcheck import normals

from convnet.engine import openmp_version
from convnet.graph import Network, Trainer
from convnet.layers import BatchNorm, Conv2D, Dense, MaxPool2D

SHAPE, N = (24, 24, 8), 96
LAYERS = [
    *(Conv2D(32, 3, activation="relu"), BatchNorm(), Conv2D(64, 3), MaxPool2D(2)),
    *(
        Dense(1500, activation="relu"),
        Dense(1500, activation="relu"),
    ),  # in blocks of the whole batch
]
DEEP = [Conv2D(64, 3, activation="relu") for _ in range(6)]
TURN, NO_TURNS = 1e-3, 1e9

pytestmark = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timers of signals")
two_threads = pytest.mark.skipif(not openmp_version(), reason="built without OpenMP")


class Stop(Exception):
    """Ctrl-C, but for pytest."""


class Watched:
    """A program that counts the alarms heard in its last call."""

    def __init__(self, compiled, turn):
        self.program, self.running, self.heard = compiled.program, False, 0
        self.several = self.n_phases + 1  # more than are heard where each phase ends
        self.program.turn = turn
        compiled.program = self

    def __getattr__(self, name):
        return getattr(self.program, name)

    def run(self, *arguments):
        self._watch(self.program.run, arguments)

    def predict(self, *arguments):
        self._watch(self.program.predict, arguments)

    def _watch(self, function, arguments):
        self.running, self.heard = True, 0
        try:
            function(*arguments)
        finally:
            self.running = False


@contextmanager
def alarms(program, end=False):
    """Ring a millisecond after the last alarm was heard; `end`: the last of several in a call raises Stop."""
    on = True

    def hear(*_):
        if program.running:
            program.heard += 1
            if end and program.heard == program.several:
                raise Stop
        if on:
            signal.setitimer(signal.ITIMER_REAL, TURN)

    before = signal.signal(signal.SIGALRM, hear)
    signal.setitimer(signal.ITIMER_REAL, TURN)
    try:
        yield
    finally:
        on = False
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def training(n_threads, turn):
    """Return a net, its watched program and a function that takes a step."""
    net = Network(LAYERS, SHAPE, 3, seed=1)
    made = Trainer(net, loss="softmax", batch_size=N, n_threads=n_threads)
    X = normals(np.random.default_rng(0), (N, *SHAPE))
    y, rows = np.arange(N, dtype=np.int32) % 3, np.arange(N)

    def step():
        return made.step(X, y, rows, None, scale=1.0, learning_rate=1e-3, epoch=0)

    return net, Watched(made._compiled, turn), step


@pytest.mark.parametrize("n_threads", [1, 3])
def test_a_step_in_turns(n_threads):
    whole, program, step = training(n_threads, NO_TURNS)
    with alarms(program):
        want = step()
    assert program.heard <= 1
    net, program, step = training(n_threads, TURN)
    with alarms(program):
        assert step() == want
    assert program.heard >= program.several
    np.testing.assert_array_equal(net.params, whole.params)


@pytest.mark.parametrize("n_threads", [1, 2])
def test_a_step_that_ends_early(n_threads):
    """It comes to no update; only batch norm's running statistics, of the pass forward, may have moved."""
    net, program, step = training(n_threads, TURN)
    before = net.get_weights()
    with pytest.raises(Stop), alarms(program, end=True):
        step()
    assert program.heard == program.several
    after = net.get_weights()
    for name in (p.name for p in net.plan.parameters if p.trainable):
        np.testing.assert_array_equal(after[name], before[name], err_msg=name)


@pytest.mark.parametrize(
    "n, n_threads", [(N, 1), (N, 2), (1, 1), pytest.param(2, 2, marks=two_threads)]
)
def test_a_prediction_in_turns(n, n_threads):
    """Where each thread has one row it leaves it between two layers."""
    shape = SHAPE if n == N else (64, 64, 8)
    X = normals(np.random.default_rng(0), (n, *shape))
    net = Network(DEEP, shape, 3, seed=1)
    program = Watched(net._predictor(None).compiled, NO_TURNS)
    with alarms(program):
        want = net.forward(X, n_threads=n_threads)
    assert program.heard <= 1
    program.program.turn = TURN
    with alarms(program):
        np.testing.assert_array_equal(net.forward(X, n_threads=n_threads), want)
    assert program.heard >= program.several
    with pytest.raises(Stop), alarms(program, end=True):
        net.forward(X, n_threads=n_threads)
    assert program.heard == program.several
    np.testing.assert_array_equal(net.forward(X, n_threads=n_threads), want)
