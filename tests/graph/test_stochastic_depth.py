"""Residual(drop_path=...): which samples skip the body, its gradients, and that predictions know nothing of it."""

import numpy as np
import pytest
from netcheck import (
    ISAS,
    assert_exact,
    assert_normwise,
    assert_within,
    build,
    normals,
    set_random_weights,
    train_once,
)
from reference import Reference

from convnet.graph import Network, Plan, Trainer
from convnet.layers import (
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    GlobalAvgPool2D,
    GroupNorm,
    MaxPool2D,
    Parallel,
    ReLU,
    Residual,
)

SHAPE = (8, 6, 4)
CONV = Conv2D(4, 3, padding="same")
UNBIASED = CONV.replace(use_bias=False)
BODIES = {
    "linear": ([CONV], {}),
    "batch norm": ([UNBIASED, BatchNorm(), ReLU(), UNBIASED, BatchNorm()], {}),
    "activation": ([CONV], {"activation": "relu"}),
    "gelu": ([CONV, ReLU()], {"activation": "gelu"}),
    "projection": ([Conv2D(6, 3, stride=2, padding="same"), GroupNorm(2)], {"activation": "relu"}),
    "shortcut": ([CONV], {"shortcut": [Conv2D(4, 1), ReLU()], "activation": "tanh"}),
    "fork": ([Residual([CONV], activation="elu")], {}),
    "channels": ([Parallel([[Conv2D(2, 1)], [Conv2D(2, 1), ReLU()]])], {"activation": "relu"}),
}


def kept_samples(isa, rate, n, **key):
    """The 0/1 mask of the first operation of a net that drops: a block whose body is the identity."""
    probe = build([Residual([Dropout(0.0)], drop_path=rate)], (1, 1, 1), isa)
    seen = probe.forward_training(np.ones((n, 1, 1, 1), np.float32), **key).ravel()
    return (seen > 1.01).astype(float)


@pytest.mark.parametrize("isa", ISAS)
def test_a_sample_is_kept_or_dropped_as_a_whole(isa):
    net = build([Residual([Dropout(0.0)], drop_path=0.25)], SHAPE, isa)
    x = normals(np.random.default_rng(0), (400, *SHAPE))
    y, grad_x, _ = train_once(net, x, np.ones_like(x), 3, seed=3)
    factor = np.float32(1 / 0.75)
    kept = grad_x[:, 0, 0, 0] != 1
    assert abs(kept.mean() - 0.75) < 5 * np.sqrt(0.25 * 0.75 / 400)
    want = np.where(kept, 1 + factor, np.float32(1))[:, None, None, None]
    assert_exact(grad_x, np.broadcast_to(want, x.shape).astype(np.float32))
    body = np.where(kept[:, None, None, None], x * factor, np.float32(0))
    assert_exact(y, x + body)
    assert_exact(net.forward(x), x + x)


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("key", BODIES)
def test_against_the_reference(isa, key):
    """Output and all gradients of a training step, with samples that are dropped and samples that are not."""
    body, options = BODIES[key]
    layers = [Conv2D(4, 1), Residual(body, drop_path=0.5, **options)]
    net = build(layers, SHAPE, isa)
    reference = Reference(layers, set_random_weights(net, np.random.default_rng(0)))
    rows = np.array([5, 2, 99, 7, 1000, 2**40, 3])
    place = next(i for i, op in enumerate(net.plan.graph.ops, start=1) if op.random)
    mask = mask_of(place, isa, rows)
    assert 0 < mask.sum() < 7
    x = normals(np.random.default_rng(1), (7, *SHAPE))
    want = reference.forward_training(x, {"residual1": mask})
    grad = normals(np.random.default_rng(2), want.shape)
    y, grad_x, gradients = train_once(net, x, grad, 3, seed=3, epoch=4, sample_ids=rows)
    assert_normwise(y, want)
    want_x, wants = reference.backward(grad)
    assert_normwise(grad_x, want_x)
    for name, w in wants.items():
        assert_normwise(gradients[name], w, 64, name)


def mask_of(place, isa, rows):
    """The mask of an operation at this place of a list: layers that change nothing shift a probe there."""
    probe = build(
        [*[ReLU()] * (place - 2), Residual([Dropout(0.0)], drop_path=0.5)], (1, 1, 1), isa
    )
    assert [op.random for op in probe.plan.graph.ops].index(True) == place - 1
    x = np.ones((len(rows), 1, 1, 1), np.float32)
    return (probe.forward_training(x, seed=3, epoch=4, sample_ids=rows).ravel() > 2).astype(float)


def test_the_key():
    """Rows, epochs, seeds and blocks have masks of their own; the batch and the threads do not matter."""
    x, rows = np.ones((60, 1, 1, 1), np.float32), np.arange(60) * 2**33 + 5
    net = build([Residual([Dropout(0.0)], drop_path=0.5)] * 2, (1, 1, 1))
    base = net.forward_training(x, seed=1, epoch=2, sample_ids=rows)
    again = net.forward_training(x[::-1], seed=1, epoch=2, sample_ids=rows[::-1], n_threads=4)[::-1]
    assert_exact(again, base)
    assert set(np.unique(base)) == {1, 3, 9}
    for other in (dict(seed=2, epoch=2), dict(seed=1, epoch=3)):
        assert (net.forward_training(x, **other, sample_ids=rows) != base).mean() > 0.2


@pytest.mark.parametrize("rate", [0.1, 0.9])
def test_the_mean_is_that_of_the_body(rate):
    kept = kept_samples(None, rate, 20000)
    assert abs(kept.mean() - (1 - rate)) < 5 * np.sqrt(rate * (1 - rate) / 20000)


@pytest.mark.parametrize("key", BODIES)
def test_predictions_and_explanations_drop_nothing(key):
    """To the bit those of the same net without it: outputs, features, gradients of the input, packed programs."""
    body, options = BODIES[key]
    nets = [
        build(
            [Conv2D(4, 1), Residual(body, drop_path=p, **options), GlobalAvgPool2D(), Dense(3)],
            SHAPE,
        )
        for p in (0.0, 0.5)
    ]
    nets[1].set_weights(set_random_weights(nets[0], np.random.default_rng(0)))
    x = normals(np.random.default_rng(1), (5, *SHAPE))
    assert_exact(nets[1].forward(x), nets[0].forward(x))
    for name in nets[0].plan.named:
        assert_exact(nets[1].features(x, name), nets[0].features(x, name), name)
    assert [p.name for p in nets[1].plan.parameters] == [p.name for p in nets[0].plan.parameters]
    assert list(nets[1].plan.named) == list(nets[0].plan.named)
    infos = [net.plan.named["residual1"] for net in nets]
    for figure in ("n_parameters", "multiply_adds", "memory_bytes"):
        assert getattr(infos[1], figure) == getattr(infos[0], figure)


@pytest.mark.parametrize("n_threads", [2, 3, 7])
def test_training_gives_the_same_bits_at_any_number_of_threads(n_threads):
    rng = np.random.default_rng(0)
    X, y = normals(rng, (37, *SHAPE)), rng.integers(0, 3, 37).astype(np.int32)
    body, options = BODIES["batch norm"]
    layers = [Residual(body, drop_path=0.3, **options), MaxPool2D(2), Residual(body, drop_path=0.6)]
    results = []
    for threads in (1, n_threads):
        net = Network(layers, SHAPE, 3, seed=1)
        trainer = Trainer(net, loss="softmax", batch_size=37, seed=5, n_threads=threads)
        losses = [
            trainer.step(X, y, np.arange(37), None, scale=1.0, learning_rate=0.01, epoch=epoch)
            for epoch in range(3)
        ]
        results.append((losses, net.get_weights()))
    assert results[0][0] == results[1][0]
    for name, values in results[0][1].items():
        assert_exact(values, results[1][1][name], name)


def test_a_block_that_drops_ends_the_frozen_prefix():
    for rate, last in ((0.0, "flatten"), (0.2, "conv1")):
        plan = Plan([Conv2D(4, 1), Residual([CONV], drop_path=rate), Dense(3)], SHAPE, 3)
        frozen = {p.name for p in plan.parameters if p.name.startswith(("conv1", "residual1"))}
        assert plan.frozen_prefix(frozen) == last


def test_a_rate_close_to_one_trains():
    rng = np.random.default_rng(0)
    X, y = normals(rng, (16, *SHAPE)), rng.integers(0, 3, 16).astype(np.int32)
    net = Network([Residual([CONV], drop_path=0.999)], SHAPE, 3, seed=1)
    trainer = Trainer(net, loss="softmax", batch_size=16, seed=5)
    losses = [
        trainer.step(X, y, np.arange(16), None, scale=1.0, learning_rate=0.01, epoch=epoch)
        for epoch in range(5)
    ]
    assert np.isfinite(losses).all() and losses[-1] < losses[0]
    assert_within(np.array(losses[:1], np.float32), [np.log(3)], 1.5)
