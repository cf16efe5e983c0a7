"""How weights start: spread, orthogonality, the choice by the activation; l2 and max_norm on their parameters."""

import numpy as np
import pytest

from convnet.graph import Network, Plan, Trainer
from convnet.layers import Conv2D, Conv2DTranspose, Dense, DepthwiseConv2D, SeparableConv2D

FANS = {"conv1": (9 * 16, 9 * 64), "dense1": (128, 96), "depthwise1": (25, 25)}
VARIANCES = {"he": lambda fan_in, fan_out: 2 / fan_in, "glorot": lambda i, o: 2 / (i + o)}


def weights(kind, seed=0, activation=None):
    """The weights of one layer of each sort, by name."""
    options = dict(kernel_initializer=kind, activation=activation)
    nets = {
        "conv1": Network([Conv2D(64, 3, **options)], (8, 8, 16), seed=seed),
        "dense1": Network([Dense(96, **options)], (128,), seed=seed),
        "depthwise1": Network([DepthwiseConv2D(5, **options)], (8, 8, 2000), seed=seed),
    }
    return {name: net.get_weights()[f"{name}/weights"] for name, net in nets.items()}


@pytest.mark.parametrize("kind", ["he_normal", "he_uniform", "glorot_normal", "glorot_uniform"])
def test_spread(kind):
    """Variances of 9,000 values and more within 5 %; a uniform one has its bound, a normal one tails beyond."""
    rule, shape = kind.split("_")
    for name, array in weights(kind).items():
        deviation = np.sqrt(VARIANCES[rule](*FANS[name]))
        assert abs(array.mean()) < 0.05 * deviation
        assert array.std() == pytest.approx(deviation, rel=0.05)
        largest = np.abs(array).max() / deviation
        assert largest <= np.sqrt(3) * (1 + 1e-6) if shape == "uniform" else largest > 3


@pytest.mark.parametrize("seed", [0, 5])
def test_orthogonal(seed):
    for name, array in weights("orthogonal", seed).items():
        flat = array.reshape(-1, array.shape[-1]).astype(np.float64)
        product = flat.T @ flat if flat.shape[0] >= flat.shape[1] else flat @ flat.T
        np.testing.assert_allclose(product, np.eye(len(product)), atol=1e-5, err_msg=name)
    other = weights("orthogonal", seed + 1)
    assert (other["dense1"] != weights("orthogonal", seed)["dense1"]).mean() > 0.99


@pytest.mark.slow
def test_orthogonal_matrices_are_equally_likely():
    """The mean of the first value's sign and square over seeds: 0 and 1 / n. Unfixed signs of R would show here."""
    firsts = [
        Network([Dense(3, kernel_initializer="orthogonal")], (3,), seed=seed).get_weights()
        for seed in range(400)
    ]
    diagonal = np.array([w["dense1/weights"][[0, 1, 2], [0, 1, 2]] for w in firsts])
    assert np.abs(diagonal.mean(axis=0)).max() < 4 * np.sqrt(1 / 3 / 400)
    assert np.abs((diagonal**2).mean(axis=0) - 1 / 3).max() < 0.06


def test_chosen_by_the_activation():
    for activation, kind in [
        ("relu", "he_uniform"),
        ("silu", "he_uniform"),
        ("tanh", "glorot_uniform"),
    ]:
        chosen, named = weights(None, 3, activation), weights(kind, 3, activation)
        for name in FANS:
            np.testing.assert_array_equal(chosen[name], named[name])


def test_fields_reach_the_parameters():
    options = dict(l2=0.25, max_norm=2, kernel_initializer="orthogonal")
    layers = [Conv2D(2, 3, **options), SeparableConv2D(3, 2, **options), Dense(4, **options)]
    plan = Plan(layers, (9, 8, 2), 3)
    weighted = [p for p in plan.parameters if p.name.endswith("/weights")]
    assert [p.name for p in weighted] == [
        "conv1/weights", "separable1/depthwise/weights", "separable1/pointwise/weights",
        "dense1/weights", "output/weights",
    ]  # fmt: skip
    for p in plan.parameters:
        got = p.l2, p.max_norm, p.initializer
        own = p in weighted and not p.name.startswith("output")
        assert got == ((0.25, 2.0, "orthogonal") if own else (None, None, None)), p.name


def test_bounds_hold_after_training():
    rng = np.random.default_rng(0)
    X, y = (
        rng.normal(size=(64, 6, 5, 3)).astype(np.float32),
        rng.integers(0, 3, 64).astype(np.int32),
    )
    layers = [SeparableConv2D(8, 3, max_norm=0.3), Dense(16, activation="relu", max_norm=0.5)]
    net = Network(layers, (6, 5, 3), 3, seed=1)
    trainer = Trainer(net, loss="softmax", batch_size=64, solver="sgd")
    for _ in range(5):
        trainer.step(X, y, np.arange(64), None, scale=1.0, learning_rate=1.0, epoch=0)
    for name, bound in [
        ("separable1/depthwise", 0.3),
        ("separable1/pointwise", 0.3),
        ("dense1", 0.5),
    ]:
        array = net.get_weights()[f"{name}/weights"]
        norms = np.linalg.norm(array.reshape(-1, array.shape[-1]), axis=0)
        assert norms.max() == pytest.approx(bound, rel=1e-5), name


def test_units_of_a_transposed_convolution():
    """Its filters are the last axis but one: orthonormal, as wide as what an output sums up, and bounded one by one."""
    layer = Conv2DTranspose(7, 4, stride=2, kernel_initializer="orthogonal", max_norm=0.1)
    net = Network([layer], (5, 4, 3), 2)
    weights = net.get_weights()["convtranspose1/weights"]
    assert weights.shape == (4, 4, 7, 3)
    flat = np.moveaxis(weights, 2, -1).reshape(-1, 7).astype(np.float64)
    np.testing.assert_allclose(flat.T @ flat, np.eye(7), atol=1e-5)
    trainer = Trainer(net, loss="softmax", batch_size=2, solver="sgd")
    x, y = np.ones((2, 5, 4, 3), np.float32), np.array([0, 1], np.int32)
    trainer.step(x, y, np.arange(2), None, scale=1.0, learning_rate=1e-3, epoch=0)
    norms = np.sqrt((net.get_weights()["convtranspose1/weights"] ** 2).sum(axis=(0, 1, 3)))
    np.testing.assert_allclose(norms, np.full(7, 0.1), rtol=1e-5)
    (spread,) = (
        net.get_weights()["convtranspose1/weights"].std()
        for net in [
            Network([layer.replace(filters=64, kernel_initializer="he_normal")], (5, 4, 64))
        ]
    )
    assert spread == pytest.approx(np.sqrt(2 / (4 * 64)), rel=0.05)  # 4 of 16 taps reach an output
