"""Residual blocks in a net: names, features, memory, phases, errors. Their numbers: test_whole_nets.py."""

from unittest import mock

import numpy as np
import pytest
from netcheck import (
    assert_exact,
    assert_normwise,
    assert_within,
    build,
    normals,
    set_random_weights,
    train_once,
)
from reference import Reference, named

from convnet.engine import Program
from convnet.graph import Network, Plan, Trainer
from convnet.graph.compiler import training
from convnet.layers import BatchNorm, Conv2D, Dense, Dropout, MaxPool2D, ReLU, Residual

BLOCK = [Conv2D(8, 3, padding="same", stride=2, name="down"), BatchNorm(), ReLU()]
NET = [
    Conv2D(4, 3, padding="same", activation="relu"),
    Residual([*BLOCK, Residual([Conv2D(8, 3, padding="same")], activation="relu")]),
    Residual([Conv2D(8, 1), ReLU()], activation="relu", name="last"),
]
NAMES = [
    "conv1", "residual1", "residual1/down", "residual1/batchnorm1", "residual1/activation1",
    "residual1/residual1", "residual1/residual1/conv1", "residual1/shortcut",
    "last", "last/conv1", "last/activation1", "flatten", "output",
]  # fmt: skip


def test_names():
    plan = Plan(NET, (8, 6, 3), 3)
    assert [info.name for info in plan.layers] == [
        "conv1",
        "residual1",
        "last",
        "flatten",
        "output",
    ]
    assert list(plan.named) == NAMES
    assert plan.named["residual1/down"].layer is BLOCK[0]
    assert plan.named["residual1/shortcut"].layer == Conv2D(8, 1, stride=2)
    shapes = {p.name: p.shape for p in plan.parameters}
    assert shapes["residual1/down/weights"] == (3, 3, 4, 8)
    assert shapes["residual1/residual1/conv1/bias"] == (8,)
    assert shapes["residual1/shortcut/weights"] == (1, 1, 4, 8)
    assert "last/shortcut/weights" not in shapes


def test_figures():
    """Those of a block are the sums of its layers', which are counted once."""
    plan = Plan(NET, (8, 6, 3), 3)
    block = plan.named["residual1"]
    assert block.output_shape == (4, 3, 8) and block.algorithm == ""
    assert block.n_parameters == sum(info.n_parameters for info in block.layers)
    assert block.multiply_adds == 12 * (9 * 4 * 8 + 9 * 8 * 8 + 4 * 8)
    assert block.memory_bytes == 4 * 96 + sum(info.memory_bytes for info in block.layers)
    assert plan.n_parameters == sum(info.n_parameters for info in plan.layers)


def test_features_of_the_layers_inside():
    """As the reference computes them, layer after layer; a name that is not there says which are."""
    net = build(NET, (8, 6, 3))
    reference = Reference(NET, set_random_weights(net, np.random.default_rng(0)))
    x = normals(np.random.default_rng(1), (5, 8, 6, 3))
    outer = reference.layers
    reference.layers = outer[:1]
    start = reference.forward(x)
    inner = named(NET[1].layers, "residual1/")
    for stop, (_, _, name) in enumerate(inner, start=1):
        want = reference._chain(start, inner[:stop], False, {})
        assert_normwise(net.features(x, name, n_threads=2), want, 64, name)
    block = reference._chain(start, outer[1:2], False, {})
    assert_normwise(net.features(x, "residual1"), block, 64)
    shortcut = net.features(x, "residual1/shortcut").astype(float)
    assert_normwise((block - want).astype(np.float32), shortcut, 256, "shortcut")
    with pytest.raises(
        ValueError, match="no layer is called 'down'; the layers are conv1, residual1"
    ):
        net.features(x, "down")


@pytest.mark.parametrize("layers", [NET, NET[1:], [Residual([Dropout(0.0)]), *NET[2:]]])
def test_the_gradient_of_the_input_changes_no_other(layers):
    """Blocks that read the input: their gradients are as without the input's."""
    x = normals(np.random.default_rng(0), (19, 8, 6, 8))
    results = []
    for wanted in (False, True):
        net = Network(layers, (8, 6, 8), 3, seed=1, input_gradient=wanted)
        results.append(train_once(net, x, np.ones((19, 3), np.float32), 2))
    for name, gradient in results[0][2].items():
        assert_exact(gradient, results[1][2][name], name)
    assert results[0][1] is None and results[1][1] is not None


def test_dropout_inside():
    """Branches are dropped apart: the mask of a block's layer is its own."""
    layers = [Residual([Dropout(0.5)]), Residual([Dropout(0.5), Residual([Dropout(0.5)])])]
    net = build(layers, (9, 8, 3))
    x = np.ones((6, 9, 8, 3), np.float32)
    y, grad_x, _ = train_once(net, x, x, seed=3)
    # 1 + m of the first block; of the second 1 + m + m m' of that; masks are 0 or 2
    values, counts = np.unique(y, return_counts=True)
    assert values.tolist() == [1, 3, 7, 9, 21] and counts.min() > 40
    assert_exact(grad_x, y)
    assert_exact(net.forward(x), 6 * x)


@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_steps_lower_the_loss(solver):
    """The loss of a net with every kind of join falls from step to step."""
    rng = np.random.default_rng(0)
    x, y = normals(rng, (40, 8, 6, 3)), rng.integers(0, 3, 40).astype(np.int32)
    net = Network(NET, (8, 6, 3), 3, seed=2)
    trainer = Trainer(
        net, loss="softmax", batch_size=40, solver=solver, momentum=0.0, nesterov=False
    )
    losses = [
        trainer.step(x, y, np.arange(40), None, scale=1.0, learning_rate=1e-3, epoch=0)
        for _ in range(5)
    ]
    assert (np.diff(losses) < 0).all()


def compiled_phases(layers, shape):
    """The phases of a training step: (samples at a time, stages)."""
    with mock.patch.object(training, "Program", wraps=Program) as maker:
        training.compile_training(
            Plan(layers, shape, 3), "scalar", 32, loss="softmax", solver="sgd"
        )
    return [
        (shard, [stage for _, stage in stages]) for shard, *_, stages in maker.call_args.args[2]
    ]


def test_no_barrier_is_added():
    """A step of a net with blocks has the phases of the same layers in a row: sums and forks lie inside them."""
    for norm in ([], [BatchNorm()]):
        body = [Conv2D(8, 3, padding="same"), *norm]
        plain = compiled_phases([*body, ReLU(), *body, MaxPool2D(2)], (8, 6, 8))
        blocks = compiled_phases(
            [Residual(body, activation="relu"), Residual(body), MaxPool2D(2)], (8, 6, 8)
        )
        assert len(blocks) == len(plain)
        assert any("add_fwd" in stages for _, stages in blocks)
        assert [bool(shard) for shard, _ in blocks] == [bool(shard) for shard, _ in plain]


def test_a_linear_sum_costs_no_pass_backward():
    """Behind a linear convolution its gradients are the sum's, in one memory; a rectified one is masked in place."""
    stages = [s for _, run in compiled_phases([Residual([Conv2D(8, 1)])], (4, 4, 8)) for s in run]
    assert (
        "add_bwd" not in stages and "fork_bwd" not in stages
    )  # the input's gradient is not wanted
    net = [Conv2D(8, 1), Residual([Conv2D(8, 1)], activation="relu")]
    stages = [s for _, run in compiled_phases(net, (4, 4, 8)) for s in run]
    assert stages.count("add_bwd") == stages.count("fork_bwd") == 1


@pytest.mark.parametrize(
    ("layers", "text"),
    [
        (
            [ReLU(), Residual([Conv2D(4, 3), MaxPool2D(2), Conv2D(4, 9)])],
            "layers[1] 'residual1' › layers[2] 'conv2': kernel 9×9 does not fit its 3×3 input. "
            'Shapes: 8→8→6→3. Set padding="same" in convolutions, or remove a pooling layer.',
        ),
        (
            [Residual([Residual([MaxPool2D(9, name="big")])])],
            "layers[0] 'residual1' › layers[0] 'residual1' › layers[0] 'big': window 9×9 does not fit",
        ),
        (
            [Conv2D(2, 3), Residual([Conv2D(2, 3)])],
            "layers[1] 'residual1': its layers change its input from 6×6 to 4×4",
        ),
        (
            [Residual([Dense(2**14), Dense(2**15)])],
            "layer 'residual1/dense2': its weights would have",
        ),
    ],
)
def test_errors_name_the_layer_inside(layers, text):
    shape = (8,) if "dense2" in text else (8, 8, 3)
    with pytest.raises(ValueError) as caught:
        Plan(layers, shape, 3)
    assert text in str(caught.value)


def test_sums_of_integers_are_exact():
    """x + x through a 1×1 identity, forward and backward, beside a halo that a reader wants."""
    net = build([Residual([Conv2D(2, 1, use_bias=False)]), Conv2D(2, 3, padding="same")], (5, 4, 2))
    weights = net.get_weights()
    weights["residual1/conv1/weights"][...] = np.eye(2)
    weights["conv1/weights"][...] = 0
    weights["conv1/weights"][1, 1] = np.eye(2)
    weights["conv1/bias"][...] = 0
    net.set_weights(weights)
    x = np.arange(3 * 40, dtype=np.float32).reshape(3, 5, 4, 2)
    y, grad_x, gradients = train_once(net, x, x)
    assert_exact(y, 2 * x)
    assert_exact(grad_x, 2 * x)
    assert_exact(net.forward(x), 2 * x)
    want = np.einsum("nhwc,nhwd->cd", x.astype(float), x.astype(float))[None, None]
    assert_within(gradients["residual1/conv1/weights"], want, 1e-6 * want.max())
