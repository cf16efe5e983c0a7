"""The same bits at any number of threads, and predictions the same bits in batches of any size."""

import numpy as np
import pytest
from example_nets import NETS
from netcheck import ISAS, assert_exact, build, normals, train_once

from convnet.graph import Network, Plan, Trainer
from convnet.graph.compiler import compile_training
from convnet.layers import BatchNorm, Conv2D, Dense, Dropout, MaxPool2D, ReLU

pytestmark = pytest.mark.parametrize("isa", ISAS)

THREADS = (1, 2, 3, 7, 16, 64)
TRAINED = [
    Conv2D(8, 3, padding="same"), BatchNorm(), ReLU(), MaxPool2D(2), Dropout(0.3),
    Conv2D(33, 3, activation="gelu"), MaxPool2D(2), Dense(40, activation="relu"), Dropout(0.5),
]  # fmt: skip


def assert_same_arrays(arrays, others):
    assert arrays.keys() == others.keys()
    for name, array in arrays.items():
        assert_exact(others[name], array, name)


@pytest.mark.parametrize("key", NETS)
def test_predictions_in_batches(isa, key):
    """Rows 1, 7 and all at a time, at any number of threads, and in another order."""
    layers, shape = NETS[key]
    net = build(layers, shape, isa, seed=1)
    x = normals(np.random.default_rng(0), (101, *shape))
    want = net.forward(x)
    for size in (1, 7, 64):
        parts = [net.forward(x[start : start + size]) for start in range(0, len(x), size)]
        assert_exact(np.concatenate(parts), want, f"batches of {size}")
    for n_threads in THREADS[1:]:
        assert_exact(net.forward(x, n_threads=n_threads), want, f"{n_threads} threads")
    assert_exact(net.forward(x[::-1])[::-1], want, "reversed")


@pytest.mark.parametrize("key", NETS)
def test_gradients_over_threads(isa, key):
    layers, shape = NETS[key]
    rng = np.random.default_rng(0)
    x, results = normals(rng, (45, *shape)), []
    for n_threads in THREADS:
        net = build(layers, shape, isa, seed=1)
        grad = normals(np.random.default_rng(1), (45, *net.plan.output_shape))
        results.append((*train_once(net, x, grad, n_threads), net.get_weights()))
    for other in results[1:]:
        assert_exact(other[0], results[0][0], "forward")
        assert_exact(other[1], results[0][1], "data gradient")
        assert_same_arrays(results[0][2], other[2])
        assert_same_arrays(results[0][3], other[3])


def trained(isa, n_threads, x, solver, loss):
    """Losses and weights after two epochs; `n_threads` is a list that the steps take in turn."""
    net = Network(TRAINED, x.shape[1:], 5 if loss == "softmax" else 1, seed=2, isa=isa)
    trainer = Trainer(net, loss=loss, batch_size=32, solver=solver, alpha=0.1, seed=9)
    rng = np.random.default_rng(3)
    y = rng.integers(0, 5, size=len(x)).astype(np.int32)
    y = y if loss == "softmax" else (y > 2).astype(np.float32)
    weight, losses = rng.uniform(0.1, 2, size=len(x)).astype(np.float32), []
    for epoch in range(2):
        rows = rng.permutation(len(x))
        for start in range(0, len(x), 32):
            trainer.n_threads = n_threads[len(losses) % len(n_threads)]
            batch = rows[start : start + 32]
            losses.append(
                trainer.step(x, y, batch, weight, scale=1 / 255, learning_rate=0.01, epoch=epoch)
            )
    return losses, net.get_weights()


@pytest.mark.parametrize("loss", ["softmax", "sigmoid"])
@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_training_over_threads(isa, solver, loss):
    x = np.random.default_rng(0).integers(0, 256, size=(75, 13, 12, 3), dtype=np.uint8)
    losses, weights = trained(isa, [1], x, solver, loss)
    assert np.isfinite(losses).all()
    for n_threads in ([2], [3], [7], [16], [64], [2, 1, 7]):
        other = trained(isa, n_threads, x, solver, loss)
        assert other[0] == losses
        assert_same_arrays(weights, other[1])


def test_lanes_of_several_samples(isa):
    """Lanes of four or five samples, and a last batch of three: fewer than there are lanes, or groups of samples."""
    layers = [
        Conv2D(16, 3, padding="same"), BatchNorm(), ReLU(),
        Conv2D(48, 3, padding="same"), BatchNorm(), ReLU(), MaxPool2D(2), Dropout(0.2),
        Conv2D(160, 3, padding="same"), BatchNorm(), ReLU(), Dense(9),
    ]  # fmt: skip
    rng = np.random.default_rng(0)
    x, y = normals(rng, (293, 8, 8, 3)), rng.integers(0, 5, 293).astype(np.int32)
    x *= np.float32(10) ** rng.uniform(-3, 1, (293, 1, 1, 1)).astype(np.float32)

    def trained(n_threads):
        net = Network(layers, x.shape[1:], 5, seed=2, isa=isa)
        trainer = Trainer(net, loss="softmax", batch_size=290, seed=9, n_threads=n_threads)
        for rows in (np.arange(290), np.arange(290, 293)):
            trainer.step(x, y, rows, None, scale=1.0, learning_rate=0.01, epoch=0)
        return net.get_weights()

    want = trained(1)
    for n_threads in THREADS[1:]:
        assert_same_arrays(want, trained(n_threads))


def test_training_twice(isa):
    x = np.random.default_rng(0).integers(0, 256, size=(75, 13, 12, 3), dtype=np.uint8)
    first, second = (trained(isa, [2], x, "adam", "softmax") for _ in range(2))
    assert first[0] == second[0]
    assert_same_arrays(first[1], second[1])


def test_input_layout_and_dtype_do_not_matter(isa):
    """The same numbers in another dtype or memory order train to the same bits."""
    x = np.random.default_rng(0).integers(0, 256, size=(75, 13, 12, 3), dtype=np.uint8)
    want = trained(isa, [2], x, "adam", "softmax")
    channels_first = np.ascontiguousarray(x.transpose(0, 3, 1, 2)).transpose(0, 2, 3, 1)
    for other in (channels_first, x.astype(np.int64), x.astype(np.float64), np.asfortranarray(x)):
        got = trained(isa, [2], other, "adam", "softmax")
        assert got[0] == want[0]
        assert_same_arrays(got[1], want[1])


def test_trainer_equals_forward_training(isa):
    """The loss of a step is that of forward_training with the same key, dropout and batch norm included."""
    from oracle_training import softmax_loss

    rng = np.random.default_rng(0)
    x, y = normals(rng, (40, 13, 12, 3)), rng.integers(0, 5, size=40).astype(np.int32)
    net = Network(TRAINED, x.shape[1:], 5, seed=2, isa=isa)
    rows = rng.permutation(40)[:16]
    logits = net.forward_training(x[rows], seed=9, epoch=6, sample_ids=rows)
    net = Network(TRAINED, x.shape[1:], 5, seed=2, isa=isa)
    trainer = Trainer(net, loss="softmax", batch_size=16, seed=9)
    loss = trainer.step(x, y, rows, None, scale=1.0, learning_rate=0.01, epoch=6)
    assert loss == pytest.approx(softmax_loss(logits, y[rows])[0], rel=1e-6)


def test_a_stage_waits_for_what_it_reads(isa):
    """Dense layers without activations in between: each reads the gradient that the one behind it writes."""
    plan = Plan([Dense(400), Dense(400), Dense(400)], (300,), 3)
    compiled = compile_training(plan, isa, 32, loss="softmax", solver="sgd")
    for wide in ("dense_wide_fwd", "dense_wide_grad"):
        phases = [stage.phase for stage in compiled.stages if stage.name == wide]
        assert len(phases) > 1 and len(set(phases)) == len(phases), wide
