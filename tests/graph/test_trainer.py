"""A trainer's memory, which grows while the moments go on; its state; what it refuses."""

import numpy as np
import pytest
from netcheck import assert_exact

from convnet.engine import SOLVERS
from convnet.graph import Network, Trainer
from convnet.graph.runtime import trainer as module
from convnet.layers import Conv2D, Dense, Dropout

LAYERS = [Conv2D(4, 3, activation="relu"), Dropout(0.2), Dense(9)]


def start(batch_size, solver, **options):
    net = Network(LAYERS, (6, 5, 2), 3, seed=1)
    options = dict(loss="softmax", batch_size=batch_size, solver=solver, alpha=0.1) | options
    return net, Trainer(net, **options)


@pytest.mark.parametrize("options", [{}, dict(clip_norm=0.1, label_smoothing=0.1)])
@pytest.mark.parametrize("solver", SOLVERS)
def test_resize(solver, options):
    rng = np.random.default_rng(0)
    X, y = rng.random((40, 6, 5, 2), dtype=np.float32), np.arange(40, dtype=np.int32) % 3
    results = []
    for first in (2, 40):
        net, trainer = start(first, solver, **options)
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

    def fails(*args):
        raise MemoryError

    nets = []
    for broken in (False, True):
        net, trainer = start(4, "adam")
        if broken:
            with monkeypatch.context() as patch:
                patch.setattr(module, "TrainingMemory", fails)
                with pytest.raises(MemoryError):
                    trainer.resize(400)
        assert trainer.batch_size == 4
        trainer.step(X, y, np.arange(4), None, scale=1.0, learning_rate=0.01, epoch=0)
        nets.append(net.get_weights())
    for name, weights in nets[0].items():
        assert_exact(nets[1][name], weights, name)


def steps(trainer, numbers):
    rng = np.random.default_rng(0)
    X, y = rng.random((40, 6, 5, 2), dtype=np.float32), np.arange(40, dtype=np.int32) % 3
    return [
        trainer.step(
            X, y, np.arange(i, i + 8), None, scale=1.0, learning_rate=0.01 * (i + 1), epoch=i
        )
        for i in numbers
    ]


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_restored_state_goes_on_to_the_bit(solver):
    net, trainer = start(8, solver)
    steps(trainer, range(4))
    weights, state = net.get_weights(), trainer.state()
    saved = {name: np.array(value) for name, value in state.items()}  # as a file gives them back
    losses = steps(trainer, range(4, 8))
    other, restored = start(8, solver)
    steps(restored, range(2))
    other.set_weights(weights)
    restored.set_state(saved)
    assert steps(restored, range(4, 8)) == losses
    for name, array in net.get_weights().items():
        assert_exact(other.get_weights()[name], array, name)
    assert all(np.array_equal(state[name], saved[name]) for name in state)  # a copy


@pytest.mark.parametrize(
    "change, message",
    [
        (dict(moment_1=np.zeros(5, np.float32)), r"moment_1 has shape \(5,\)"),
        (dict(moment_2=np.float32(np.nan)), "moment_2 has values that are not finite"),
        (dict(steps=-1), "steps must be 0 or more"),
        (dict(steps=1.5), "steps must be 0 or more, an integer"),
        (dict(steps=2**63), "steps must be 0 or more"),
        (dict(velocity=3), "must have"),
    ],
)
def test_a_state_that_does_not_fit_changes_nothing(change, message):
    _, trainer = start(8, "adam")
    steps(trainer, range(2))
    before = trainer.state()
    wrong = trainer.state()
    for name, value in change.items():
        wrong[name] = value
        if name == "moment_2":
            wrong[name] = np.full_like(before[name], value)
    with pytest.raises(ValueError, match=message):
        trainer.set_state(wrong)
    for name, value in trainer.state().items():
        np.testing.assert_array_equal(value, before[name])


@pytest.mark.parametrize(
    "options, message",
    [
        (dict(solver="lion"), "solver must be one of"),
        (dict(loss="hinge"), "loss must be one of"),
        (dict(batch_size=0), "batch_size must be at least 1"),
        (dict(clip_norm=0.0), "clip_norm must be None or a number above 0"),
        (dict(clip_norm=np.inf), "clip_norm must be"),
        (dict(label_smoothing=1.0), "label_smoothing must be from 0 to below 1"),
        (dict(label_smoothing=-0.1), "label_smoothing must be"),
        (dict(loss="huber", label_smoothing=0.1), "label_smoothing is for"),
    ],
)
def test_refusals(options, message):
    with pytest.raises(ValueError, match=message):
        start(**dict(batch_size=4, solver="adam") | options)


def test_one_output_has_no_softmax():
    with pytest.raises(ValueError, match="does not fit outputs of shape"):
        Trainer(Network([], (3,), 1), loss="softmax", batch_size=2)


@pytest.mark.parametrize("n_threads", [1, 16])
def test_a_step_task_by_task(n_threads):
    """`Program.time_tasks` runs the tasks that a step has on several threads, with the same bits."""
    X, y = np.ones((40, 6, 5, 2), np.float32), np.arange(40, dtype=np.int32) % 3
    X *= np.linspace(-1, 1, 40, dtype=np.float32)[:, None, None, None]
    nets = []
    for by_task in (False, True):
        net, trainer = start(40, "sgd", momentum=0.0, nesterov=False)
        call = dict(scale=1.0, learning_rate=0.01, epoch=0)
        trainer.step(X, y, np.arange(40), None, **call)
        if by_task:
            program, memory = trainer._compiled.program, trainer._memory
            scratch = memory.scratch_for(program, 1)
            phases = program.time_tasks(trainer._context, memory.arena, scratch, n_threads)
            assert len(phases) == program.n_phases
            assert {len(seconds) for _, seconds in phases} >= {20 if n_threads > 1 else 10}
            assert all((seconds >= 0.0).all() for _, seconds in phases)
            assert not any(parallel for parallel, _ in phases)  # too little work
        else:
            trainer.step(X, y, np.arange(40), None, **call)
        nets.append(net.get_weights())
    for name, weights in nets[0].items():
        assert_exact(nets[1][name], weights, name)
