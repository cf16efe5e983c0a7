"""Frozen layers in a training step: what stays, what is computed, and that the rest learns as it would."""

from unittest import mock

import numpy as np
import pytest
from netcheck import ISAS, normals, set_random_weights

from convnet.engine import Program
from convnet.graph import Network, Plan, Trainer
from convnet.graph.compiler import training
from convnet.layers import (
    Activation,
    BatchNorm,
    Conv2D,
    Dense,
    DepthwiseConv2D,
    Dropout,
    Flatten,
    GlobalAvgPool2D,
    MaxPool2D,
    ReLU,
    Residual,
)

# Winograd's, few channels, depthwise, direct with a fused pool, wide dense.
NET = [
    Conv2D(16, 3, padding="same", name="a"),
    ReLU(),
    Conv2D(16, 3, padding="same", activation="relu", name="b"),
    DepthwiseConv2D(3, name="c"),
    Conv2D(5, 3, name="d"),
    MaxPool2D(2),
    Conv2D(8, 3, padding="same", activation="tanh", name="e"),
    Residual([Conv2D(8, 3, padding="same", name="inner")], activation="relu", name="f"),
    Flatten(),
    Dense(700, activation="relu", name="g"),
    Dense(6, activation="gelu", name="h"),
]
SHAPE = (16, 16, 3)
N = 20


def parameters(plan, names):
    return frozenset(plan.parameters_of(plan.find_layers(names, "freeze")))


def step(layers, frozen=(), isa=None, weights=None, **options):
    """Weights before and after a step of plain gradient descent."""
    net, rng = Network(layers, SHAPE, 3, isa=isa), np.random.default_rng(7)
    set_random_weights(net, np.random.default_rng(8), scale=0.3)
    if weights:
        net.set_weights(net.get_weights() | weights)
    before = net.get_weights()
    options = dict(batch_size=N, solver="sgd", momentum=0.0, nesterov=False, alpha=0.1) | options
    trainer = Trainer(
        net, loss="softmax", frozen=parameters(net.plan, frozen), n_threads=2, **options
    )
    x, y = normals(rng, (N, *SHAPE)), rng.integers(0, 3, N).astype(np.int32)
    trainer.step(x, y, np.arange(N), None, scale=1.0, learning_rate=0.01, epoch=0)
    return before, net.get_weights()


def assert_trained_alike(got, want, before, trained):
    for name in trained:
        change, expected = got[name] - before[name], want[name] - before[name]
        assert np.abs(expected).max() > 0
        bound = 2e-4 * np.abs(expected).max()
        np.testing.assert_allclose(change, expected, rtol=2e-3, atol=bound, err_msg=name)


FREEZE = [
    ["a"],
    ["b"],
    ["c"],
    ["d"],
    ["e"],
    ["f"],
    ["g"],
    ["h"],
    ["output"],
    ["until:c"],
    ["until:g"],
]


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("frozen", FREEZE, ids=str)
def test_the_frozen_stay_and_the_others_learn_as_they_would(isa, frozen):
    before, want = step(NET, isa=isa)
    _, got = step(NET, frozen, isa=isa)
    kept = parameters(Plan(NET, SHAPE, 3), frozen)
    assert kept
    for name in kept:
        np.testing.assert_array_equal(got[name], before[name], err_msg=name)
    assert_trained_alike(got, want, before, before.keys() - kept)


@pytest.mark.parametrize("activation", ["linear", "relu", "tanh"])
@pytest.mark.parametrize("where", ["inverted", "alone"])
@pytest.mark.parametrize("pool", [[], [MaxPool2D(2)]])
def test_frozen_batch_norm_is_a_factor_and_a_summand(activation, where, pool):
    """It trains the others as a frozen depthwise convolution of one tap does, and keeps its statistics."""
    channels = 16 if where == "inverted" else 4
    first = [Conv2D(channels, 3, padding="same", name="first")]
    first += [] if where == "inverted" else [MaxPool2D(3, stride=1)]
    last = [Conv2D(8, 3, activation=activation, name="behind"), GlobalAvgPool2D()]

    def net(layer):
        return [*first, layer, Activation(activation), *pool, *last]

    normed = net(BatchNorm(name="scaled", epsilon=1e-3))
    before, got = step(normed, ["scaled"])
    gamma, beta, mean, variance = (
        before[f"scaled/{part}"].astype(float)
        for part in ("gamma", "beta", "moving_mean", "moving_variance")
    )
    factor = gamma / np.sqrt(variance + 1e-3)
    weights = {k: v for k, v in before.items() if not k.startswith("scaled/")}
    weights["scaled/weights"] = factor.reshape(1, 1, channels, 1)
    weights["scaled/bias"] = beta - factor * mean
    plain = net(DepthwiseConv2D(1, name="scaled"))
    shapes = Network(plain, SHAPE, 3).get_weights()
    weights = {k: v.reshape(shapes[k].shape) for k, v in weights.items()}
    _, want = step(plain, ["scaled"], weights=weights)
    for name in ("gamma", "beta", "moving_mean", "moving_variance"):
        np.testing.assert_array_equal(got[f"scaled/{name}"], before[f"scaled/{name}"])
    trained = [k for k in before if not k.startswith("scaled/")]
    assert_trained_alike(got, want, before, trained)


def stages(frozen, layers=NET, **options):
    plan = Plan(layers, SHAPE, 3)
    with mock.patch.object(training, "Program", wraps=Program) as maker:
        training.compile_training(
            plan,
            "scalar",
            8,
            loss="softmax",
            solver="sgd",
            frozen=parameters(plan, frozen),
            **options,
        )
    return [stage for *_, entries in maker.call_args.args[2] for _, stage in entries]


def test_no_gradient_is_computed_for_a_frozen_front():
    body = [Conv2D(16, 3, padding="same", name="a"), BatchNorm(name="b"), ReLU(), MaxPool2D(2)]
    net = [*body, Conv2D(32, 3, name="c"), Flatten(), Dense(500, name="d")]
    assert sum(s.endswith("bwd") for s in stages(["c"], net)) == 3
    marks = ("_bwd", "_grad", "_weights", "_mask", "_sums", "_grad_finish")
    backward = [s for s in stages(["until:d"], net) if s.endswith(marks)]
    assert backward == ["dense_weights"]
    assert stages(["until:d"], net).count("update_sgd") == 2
    assert "batchnorm_stats" not in stages(["b"], net)


def test_the_front_can_be_left_out():
    """Steps from its outputs give the bits of steps that go through it, where nothing is folded."""
    net = [
        Conv2D(16, 3, activation="relu", name="a"),
        MaxPool2D(2),
        Dropout(0.5),
        Dense(9, name="g"),
    ]
    rng = np.random.default_rng(1)
    x, y = normals(rng, (N, *SHAPE)), rng.integers(0, 3, N).astype(np.int32)
    ended = []
    for start in (None, "pool1"):
        network = Network(net, SHAPE, 3, seed=5)
        frozen = parameters(network.plan, ["a"])
        trainer = Trainer(
            network, loss="softmax", batch_size=8, frozen=frozen, frozen_prefix=start, seed=3
        )
        given = network.features(x, start) if start else x
        for epoch in range(3):
            for i in range(0, N, 8):
                rows = np.arange(i, min(N, i + 8))
                trainer.step(given, y, rows, None, scale=1.0, learning_rate=0.01, epoch=epoch)
        ended.append(network.get_weights())
    for name, array in ended[0].items():
        np.testing.assert_array_equal(ended[1][name], array, err_msg=name)


def test_what_a_front_is():
    def last(layers, names, n_outputs=3):
        plan = Plan(layers, SHAPE, n_outputs)
        return plan.frozen_prefix(parameters(plan, names))

    net = [
        Conv2D(4, 3, name="a"),
        BatchNorm(name="b"),
        MaxPool2D(2),
        Dropout(0.5),
        Dense(5, name="d"),
    ]
    assert last(net, ["a"]) == "a"
    assert last(net, ["a", "b"]) == "pool1"
    assert last(net, ["until:d"]) == "pool1"
    assert last(net, ["b"]) is None
    assert last([*net[:3], *net[4:]], ["until:d"]) == "d"
    block = Residual([Conv2D(4, 3, padding="same", name="x"), Dropout(0.1)], name="r")
    assert last([net[0], block], ["until:r"]) == "a"
    assert last([net[0], block], ["r/x"]) is None


@pytest.mark.parametrize("solver", ["sgd", "adam", "adamw", "rmsprop"])
def test_rates_are_factors(solver):
    """At a factor f a layer takes the step that it would take at f times the learning rate."""
    options = dict(solver=solver, momentum=0.9)
    before, whole = step(NET, **options)
    plan = Plan(NET, SHAPE, 3)
    names = plan.parameters_of(["c", "g"])
    _, got = step(NET, rates=dict.fromkeys(names, 0.25), **options)
    for name in before:
        factor = 0.25 if name in names else 1.0
        bound = 2 * np.spacing(np.abs(before[name]).max())
        want = factor * (whole[name].astype(float) - before[name])
        np.testing.assert_allclose(
            got[name] - before[name].astype(float), want, atol=bound, rtol=1e-5
        )


def test_what_is_no_layer_is_named():
    plan = Plan(NET, SHAPE, 3)
    with pytest.raises(
        ValueError, match=r"freeze: 'conv9' is not a layer. There are: a, activation1, b"
    ):
        plan.find_layers(["a", "conv9"], "freeze")
    with pytest.raises(ValueError, match="'until:f/inner' is not a layer"):
        plan.find_layers(["until:f/inner"], "freeze")
    assert plan.find_layers(["f"], "freeze") == ["f", "f/inner"]
    assert plan.find_layers(["?"], "freeze")[:2] == ["a", "b"]
    assert plan.find_layers(["until:b"], "freeze") == ["a", "activation1", "b"]
