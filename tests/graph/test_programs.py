"""What is built once: the operations of a plan, the program of a prediction. What a program tells about its stages."""

from itertools import pairwise

import numpy as np
import pytest
from netcheck import assert_exact, assert_normwise, build, normals, set_random_weights

from convnet import ConvNetClassifier
from convnet.graph import Network, Plan, Trainer
from convnet.graph.compiler import can_divide, compile_training
from convnet.graph.plan import plan as plan_module
from convnet.graph.runtime import predictor
from convnet.layers import (
    BatchNorm,
    Conv2D,
    Conv2DTranspose,
    Dense,
    Dropout,
    GlobalAvgPool2D,
    MaxPool2D,
    ReLU,
    Residual,
)

LAYERS = [
    *(Conv2D(8, 3), BatchNorm(), MaxPool2D(2), Residual([Conv2D(8, 3, padding="same")])),
    Dense(9, activation="relu"),
]
SHAPE = (10, 10, 2)


@pytest.fixture
def compilations(monkeypatch):
    """The layers up to which a prediction is compiled from now on."""
    layers, compile_prediction = [], predictor.compile_prediction

    def counted(plan, isa, layer, **options):
        layers.append(layer)
        return compile_prediction(plan, isa, layer, **options)

    monkeypatch.setattr(predictor, "compile_prediction", counted)
    return layers


def test_a_fit_with_validation_compiles_its_prediction_once(compilations):
    rng = np.random.default_rng(0)
    X, y = normals(rng, (60, *SHAPE)), np.arange(60) % 3
    clf = ConvNetClassifier(LAYERS, max_iter=4, early_stopping=True, random_state=0)
    clf.fit(X, y)
    assert clf.n_iter_ == 4 and compilations == [None]


def test_weights_that_changed_are_packed_again(compilations):
    """The outputs are those of a new network, to the bit."""
    rng = np.random.default_rng(0)
    X, y = normals(rng, (8, *SHAPE)), np.arange(8, dtype=np.int32) % 3
    net = Network(LAYERS, SHAPE, 3)
    trainer = Trainer(net, loss="softmax", batch_size=8)
    last = None
    for epoch in range(3):
        trainer.step(X, y, np.arange(8), None, scale=1.0, learning_rate=0.1, epoch=epoch)
        outputs, features = net.forward(X), net.features(X, "conv1")
        assert compilations == [None, "conv1"]
        assert last is None or (outputs != last).any()
        new = Network.from_plan(net.plan, seed=1)
        new.set_weights(net.get_weights())
        assert_exact(outputs, new.forward(X))
        assert_exact(features, new.features(X, "conv1"))
        del compilations[2:]
        last = outputs


def test_layers_are_lowered_once(monkeypatch):
    lowered, lower = [], plan_module.GraphBuilder.lower

    def counted(self, name, layer):
        lowered.append(name)
        lower(self, name, layer)

    monkeypatch.setattr(plan_module.GraphBuilder, "lower", counted)
    plan = Plan(LAYERS, SHAPE, 3)
    once = list(lowered)
    net = Network.from_plan(plan)
    trainer = Trainer(net, loss="softmax", batch_size=4)
    X = np.ones((4, *SHAPE), np.float32)
    trainer.step(
        X, np.zeros(4, np.int32), np.arange(4), None, scale=1.0, learning_rate=0.1, epoch=0
    )
    trainer.resize(8)
    net.forward(X)
    net.gradient(X, np.ones((4, 3)), "conv1")
    assert plan.frozen_prefix([]) is None
    assert (
        lowered == once and len(once) == len(set(once)) + 1
    )  # conv1 is a name inside residual1 too


@pytest.mark.parametrize(
    "layer",
    [
        Conv2D(5, 3, use_bias=False),
        Conv2DTranspose(5, 3, stride=2),
        Conv2DTranspose(5, (2, 3), use_bias=False),
        Dense(5),
    ],
    ids=repr,
)
def test_batch_norm_is_folded_into_the_layer_before_it(layer):
    """The program of a prediction has no stage for it, and the outputs are those of a step with frozen statistics."""
    rng = np.random.default_rng(0)
    net = build([layer, BatchNorm(), ReLU()], SHAPE)
    set_random_weights(net, rng)
    x = normals(rng, (7, *SHAPE))
    names = [stage.name for stage in predictor.compile_prediction(net.plan, net.isa, None).stages]
    assert not any("batchnorm" in name for name in names)
    want = net.features(x, net.plan.layers[-3].name)  # of the layer with weights
    weights = net.get_weights()
    gamma, beta, mean, variance = (
        weights[f"batchnorm1/{role}"].astype(np.float64)
        for role in ("gamma", "beta", "moving_mean", "moving_variance")
    )
    want = gamma * (want - mean) / np.sqrt(variance + 1e-5) + beta
    assert_normwise(net.forward(x), np.maximum(want, 0))


def test_stages():
    """A stage a phase computes what the usual phases do."""
    net = Network(LAYERS, SHAPE, 3)
    usual = compile_training(net.plan, net.isa, 4)
    apart = compile_training(net.plan, net.isa, 4, separate_stages=True)
    assert [s.name for s in usual.stages] == [s.name for s in apart.stages]
    assert [s.phase for s in apart.stages] == list(range(apart.program.n_phases))
    assert usual.stages[-1].phase == usual.program.n_phases - 1
    kinds = {(s.layer, s.operation) for s in usual.stages}
    assert {("conv1", "Conv2DOp"), ("input", ""), ("output", ""), ("parameters", "")} <= kinds
    assert ("residual1/conv1", "Conv2DOp") in kinds
    assert apart.stages[apart.forward_phases - 1].name == "output"
    for phase in range(usual.program.n_phases):
        assert len({s.is_batch for s in usual.stages if s.phase == phase}) == 1


def test_the_layers_behind_another():
    """They compute the bits of the whole net, from maps and from flat features, also after a change of weights.

    A batch norm behind a convolution is an exception, because it is folded into the convolution only in the whole net.
    """
    X = normals(np.random.default_rng(0), (5, *SHAPE))
    net = Network(LAYERS, SHAPE, 3)
    layers = net.plan.layers
    behind = [
        info.name
        for info, following in pairwise(layers)
        if not isinstance(following.layer, BatchNorm)
    ]
    assert len(behind) >= 3
    for after in behind:
        features = net.features(X, after)
        assert_exact(net.forward(features, after=after, n_threads=2), net.forward(X))
    net.set_weights({name: 2 * values for name, values in net.get_weights().items()})
    assert_exact(net.forward(net.features(X, after), after=after), net.forward(X))
    for name in ("conv9", "residual1/conv1"):
        with pytest.raises(
            ValueError, match=f"after: no layer is called '{name}', or it is inside"
        ):
            net.forward(X, after=name)


@pytest.mark.parametrize(
    ("layers", "after", "divides"),
    [
        ([Conv2D(4, 3), BatchNorm(), Dense(5)], "conv1", False),
        ([Conv2D(4, 3), Dropout(0.3), BatchNorm(), Dense(5)], "conv1", False),
        ([Conv2D(4, 3), Dropout(0.3), BatchNorm(), Dense(5)], "dropout1", False),
        ([Conv2D(4, 3), BatchNorm(), Dense(5)], "batchnorm1", True),
        ([Conv2D(4, 3, activation="relu"), BatchNorm(), Dense(5)], "conv1", True),
        ([Conv2D(4, 3), GlobalAvgPool2D(), BatchNorm(), Dense(5)], "globalpool1", True),
        ([Residual([Conv2D(2, 3, padding="same")]), BatchNorm(), Dense(5)], "residual1", True),
    ],
)
def test_where_a_net_can_be_divided(layers, after, divides):
    net = Network(layers, SHAPE, 3)
    assert can_divide(net.plan, after) is divides
    rng = np.random.default_rng(0)
    weights = {k: np.abs(normals(rng, v.shape)) for k, v in net.get_weights().items()}
    net.set_weights(weights)
    X = normals(rng, (50, *SHAPE))
    same = (net.forward(net.features(X, after), after=after) == net.forward(X)).all()
    assert same == divides
