"""Long calls of the engine are taken in turns: signals are handled between them, and the bits are the same."""

import signal
import traceback

import numpy as np
import pytest
from netcheck import normals

from convnet.engine import _program, openmp_version
from convnet.graph import Network, Trainer
from convnet.layers import BatchNorm, Conv2D, Dense, MaxPool2D

SHAPE, N = (24, 24, 8), 32
LAYERS = [
    *(Conv2D(32, 3, activation="relu"), BatchNorm(), Conv2D(64, 3), MaxPool2D(2)),
    *(
        Dense(1500, activation="relu"),
        Dense(1500, activation="relu"),
    ),  # in blocks of the whole batch
]
DEEP = [Conv2D(64, 3, activation="relu") for _ in range(6)]
SHORTEST_TURN, NO_TURNS = 0.0, 1e9  # seconds: each thread's first step ends a turn, or nothing does

two_threads = pytest.mark.skipif(not openmp_version(), reason="built without OpenMP")


class Stop(Exception):
    """What the handler of a signal raises."""


class SignalChecks:
    """Counts the engine's checks for signals in place of Python; check number `stop` raises Stop."""

    def __init__(self):
        self.count, self.stop = 0, None

    def __call__(self):
        self.count += 1
        if self.count == self.stop:
            raise Stop

    def start(self, stop=None):
        self.count, self.stop = 0, stop


@pytest.fixture
def checks(monkeypatch):
    counter = SignalChecks()
    monkeypatch.setattr(_program, "run_signal_handlers", counter)
    return counter


def training(n_threads, turn):
    """Return a net, the program of its training step and a function that takes a step."""
    net = Network(LAYERS, SHAPE, 3, seed=1)
    made = Trainer(net, loss="softmax", batch_size=N, n_threads=n_threads)
    program = made._compiled.program
    program.turn = turn
    X = normals(np.random.default_rng(0), (N, *SHAPE))
    y, rows = np.arange(N, dtype=np.int32) % 3, np.arange(N)

    def step():
        return made.step(X, y, rows, None, scale=1.0, learning_rate=1e-3, epoch=0)

    return net, program, step


@pytest.mark.parametrize("n_threads", [1, 3])
def test_a_step_in_turns(n_threads, checks):
    whole, _, step = training(n_threads, NO_TURNS)
    want = step()
    assert checks.count == 0
    net, program, step = training(n_threads, SHORTEST_TURN)
    assert step() == want
    assert checks.count > program.n_phases  # also within phases, not only between them
    np.testing.assert_array_equal(net.params, whole.params)


@pytest.mark.parametrize("n_threads", [1, 2])
def test_a_step_that_ends_early(n_threads, checks):
    """It comes to no update; only batch norm's running statistics, of the pass forward, may have moved."""
    net, program, step = training(n_threads, SHORTEST_TURN)
    before = net.get_weights()
    checks.start(stop=program.n_phases + 1)
    with pytest.raises(Stop):
        step()
    assert checks.count == checks.stop
    after = net.get_weights()
    for name in (p.name for p in net.plan.parameters if p.trainable):
        np.testing.assert_array_equal(after[name], before[name], err_msg=name)


@pytest.mark.parametrize(
    "n, n_threads", [(N, 1), (N, 2), (1, 1), pytest.param(2, 2, marks=two_threads)]
)
def test_a_prediction_in_turns(n, n_threads, checks):
    """Where each thread has one row it leaves it between two layers."""
    shape = SHAPE if n == N else (64, 64, 8)
    X = normals(np.random.default_rng(0), (n, *shape))
    net = Network(DEEP, shape, 3, seed=1)
    program = net._predictor((None, None))[0].compiled.program
    program.turn = NO_TURNS
    want = net.forward(X, n_threads=n_threads)
    assert checks.count == 0
    program.turn = SHORTEST_TURN
    np.testing.assert_array_equal(net.forward(X, n_threads=n_threads), want)
    assert checks.count > program.n_phases
    checks.start(stop=program.n_phases + 1)
    with pytest.raises(Stop):
        net.forward(X, n_threads=n_threads)
    assert checks.count == checks.stop
    np.testing.assert_array_equal(net.forward(X, n_threads=n_threads), want)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timers of signals")
def test_a_signal_ends_a_call():
    """The handler runs inside the engine. An alarm may come before or after that, so it is tried until it does not."""
    X = normals(np.random.default_rng(0), (2, 64, 64, 8))
    net = Network(DEEP, X.shape[1:], 3, seed=1)
    net._predictor((None, None))[0].compiled.program.turn = SHORTEST_TURN
    net.forward(X, n_threads=1)

    def handler(*_):
        raise Stop

    def ended_in_the_engine(delay):
        try:
            signal.setitimer(signal.ITIMER_REAL, delay)
            net.forward(X, n_threads=1)
            while True:  # a loop, in which Python runs the handler
                pass
        except Stop as error:
            frames = traceback.extract_tb(error.__traceback__)
            return any("_program.pyx" in frame.filename for frame in frames)

    before = signal.signal(signal.SIGALRM, handler)
    try:
        assert any(ended_in_the_engine(delay) for delay in np.tile(np.geomspace(1e-5, 1, 60), 20))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
