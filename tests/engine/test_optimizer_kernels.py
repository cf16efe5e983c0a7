"""Optimizer steps against the oracle, over several batches of a small net: every solver, decay, clipping, bounds."""

from dataclasses import replace

import numpy as np
import oracle_training
import pytest
from netcheck import ISAS, normals, set_random_weights
from reference import Reference

from convnet.graph import Network, Trainer
from convnet.layers import BatchNorm, Conv2D, Dense, MaxPool2D

pytestmark = pytest.mark.parametrize("isa", ISAS)

LAYERS = [
    Conv2D(6, 3, padding="same", activation="tanh"), MaxPool2D(2), Conv2D(9, 2), BatchNorm(),
    Dense(17, activation="silu"),
]  # fmt: skip
SHAPE = (7, 6, 2)
N, BATCH, STEPS = 40, 16, 6

SOLVERS = {
    "sgd": dict(solver="sgd", momentum=0.0, nesterov=False),
    "momentum": dict(solver="sgd", momentum=0.9, nesterov=False),
    "nesterov": dict(solver="sgd", momentum=0.8, nesterov=True),
    "adam": dict(solver="adam"),
    "adam others": dict(solver="adam", beta_1=0.5, beta_2=0.9, epsilon=1e-3),
    "adamw": dict(solver="adamw"),
    "rmsprop": dict(solver="rmsprop", epsilon=1e-3),
    "rmsprop others": dict(solver="rmsprop", beta_1=0.5, epsilon=1e-2),
}
OWN = {
    "none": dict(),
    "clip": dict(clip_norm=0.05),
    "no clip": dict(clip_norm=1e9),
    "smoothing": dict(smoothing=0.2),
    "l2": dict(l2={"conv1/weights": 2.0, "output/weights": 0.0}),
    "max_norm": dict(max_norm={"conv1/weights": 0.7, "dense1/weights": 0.9}),
    "all": dict(
        clip_norm=0.3, smoothing=0.1, l2={"dense1/weights": 0.7}, max_norm={"conv2/weights": 1.0}
    ),
}


def peer(options):
    options = dict(options)
    return oracle_training.SOLVERS[options.pop("solver")](**options)


def give(net, **own):
    """Give parameters constants of their own: l2 and max_norm, by parameter name."""
    listed = net.plan.parameters
    for field, values in own.items():
        for i, parameter in enumerate(listed):
            listed[i] = replace(parameter, **{field: values.get(parameter.name)})


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("alpha", [0.0, 0.5])
@pytest.mark.parametrize("key", SOLVERS)
def test_steps(isa, key, alpha, weighted):
    run_steps(isa, key, alpha, weighted)


@pytest.mark.parametrize("own", list(OWN)[1:])
@pytest.mark.parametrize("key", ["nesterov", "adam", "adamw", "rmsprop"])
def test_steps_with_options(isa, key, own):
    run_steps(isa, key, 0.5, True, **OWN[own])


def run_steps(isa, key, alpha, weighted, smoothing=0.0, clip_norm=None, l2=None, max_norm=None):
    """Losses and every parameter after six batches, the short last one of an epoch among them."""
    rng = np.random.default_rng(1)
    net = Network(LAYERS, SHAPE, 3, isa=isa)
    give(net, l2=l2 or {}, max_norm=max_norm or {})
    reference = Reference(
        [*LAYERS, Dense(3, name="output")], set_random_weights(net, rng, scale=0.3)
    )
    x, y = normals(rng, (N, *SHAPE)), rng.integers(0, 3, size=N).astype(np.int32)
    weight = rng.uniform(0.2, 2, size=N).astype(np.float32) if weighted else None
    rate = 0.01
    trainer = Trainer(
        net, loss="softmax", batch_size=BATCH, alpha=alpha, n_threads=2, clip_norm=clip_norm,
        label_smoothing=smoothing, **SOLVERS[key],
    )  # fmt: skip
    optimizer = peer(SOLVERS[key])
    for step in range(STEPS):
        start = step % 3 * BATCH
        rows = np.arange(start, min(N, start + BATCH), dtype=np.int64)[::-1].copy()
        batch_weight = None if weight is None else weight[rows]
        got = trainer.step(x, y, rows, weight, scale=1.0, learning_rate=rate, epoch=step // 3)
        want = oracle_training.training_step(
            reference, optimizer, "softmax", x[rows], y[rows], batch_weight, rate, alpha,
            smoothing=smoothing, clip_norm=clip_norm, l2=l2, max_norm=max_norm,
        )  # fmt: skip
        assert got == pytest.approx(want, rel=3e-5)
    for name, got in net.get_weights().items():
        # Before batch norm a bias has no gradient but rounding noise; Adam divides that by its own size, so
        # that it moves by up to a whole rate, and the running mean with it.
        blind = name in ("conv2/bias", "batchnorm1/moving_mean")
        limit = 2 * STEPS * rate if blind else 2e-4
        np.testing.assert_allclose(got, reference.parameters[name], atol=limit, err_msg=name)


def test_alpha_spares_bias_gamma_and_beta(isa):
    """With no gradient from the loss (equal logits, weights 0 above) only decay moves a parameter."""
    net = Network([BatchNorm(), Dense(4, activation="relu")], (3,), 2, isa=isa)
    before = net.get_weights()
    before["output/weights"][:] = 0
    before["dense1/bias"][:] = 1
    net.set_weights(before)
    options = dict(solver="sgd", momentum=0.0, nesterov=False)
    trainer = Trainer(net, loss="softmax", batch_size=2, alpha=0.5, **options)
    x = np.array([[1, 2, 3], [3, 1, 2]], dtype=np.float32)
    y, rows = np.array([0, 1], dtype=np.int32), np.arange(2, dtype=np.int64)
    trainer.step(x, y, rows, None, scale=1.0, learning_rate=0.1, epoch=0)
    after = net.get_weights()
    decay = 1 - 0.1 * 0.5 / 2
    np.testing.assert_allclose(after["dense1/weights"], before["dense1/weights"] * decay, rtol=1e-6)
    for name in ("dense1/bias", "batchnorm1/gamma", "batchnorm1/beta"):
        np.testing.assert_array_equal(after[name], before[name])


def test_reset_moments_starts_afresh(isa):
    """After a reset the next step is the first of a new trainer."""
    rng = np.random.default_rng(0)
    net = Network([], (5,), 3, isa=isa)
    x, y = normals(rng, (8, 5)), rng.integers(0, 3, size=8).astype(np.int32)
    rows = np.arange(8, dtype=np.int64)

    def step(trainer):
        return trainer.step(x, y, rows, None, scale=1.0, learning_rate=0.1, epoch=0)

    used = Trainer(net, loss="softmax", batch_size=8)
    for _ in range(3):
        step(used)
    saved = net.get_weights()
    net.set_weights(saved)
    step(Trainer(net, loss="softmax", batch_size=8))
    want = net.get_weights()
    net.set_weights(saved)
    used.reset_moments()
    step(used)
    for name, array in net.get_weights().items():
        np.testing.assert_array_equal(array, want[name])


WIDE = [
    Conv2D(32, 3, padding="same", activation="relu"), Conv2D(32, 3, padding="same"),
    Conv2D(240, 3, padding="same", activation="relu"), MaxPool2D(2), Dense(70),
]  # fmt: skip


def wide_step(isa, n_threads=1, max_norm=None, **options):
    """A step of rate 1 of a net whose gradients lie in lanes, in groups of samples and in one part.

    Returns the weights before and what the step took off them.
    """
    rng = np.random.default_rng(2)
    net = Network(WIDE, (8, 8, 16), 3, isa=isa, seed=3)
    give(net, max_norm=max_norm or {})
    assert [layer.algorithm for layer in net.plan.layers[:3]] == ["winograd"] * 3
    before = net.get_weights()
    x, y = normals(rng, (12, 8, 8, 16)), rng.integers(0, 3, size=12).astype(np.int32)
    options = dict(solver="sgd", momentum=0.0, nesterov=False) | options
    trainer = Trainer(net, loss="softmax", batch_size=12, n_threads=n_threads, **options)
    for _ in range(2):  # the lanes are zero again after a step
        net.set_weights(before)
        trainer.step(x, y, np.arange(12), None, scale=1.0, learning_rate=1.0, epoch=0)
    return before, {k: before[k] - after for k, after in net.get_weights().items()}


def norm(gradients):
    return np.sqrt(sum((oracle_training.f64(g) ** 2).sum() for g in gradients.values()))


def test_clipping_counts_every_parameter(isa):
    """The step keeps its direction, and all blocks of all parameters together have the norm asked for."""
    _, free = wide_step(isa)
    _, clipped = wide_step(isa, clip_norm=norm(free) / 4)
    assert norm(clipped) == pytest.approx(norm(free) / 4, rel=1e-5)
    for name, gradient in free.items():
        np.testing.assert_allclose(clipped[name], gradient / 4, atol=1e-6, err_msg=name)
    _, same = wide_step(isa, clip_norm=norm(free) * 1.001)
    for name, gradient in free.items():
        np.testing.assert_array_equal(same[name], gradient, err_msg=name)


def test_max_norm_bounds_each_unit(isa):
    """Columns beyond the bound are scaled down to it, the others are left alone, to the bit."""
    before, free = wide_step(isa)
    updated = {name: before[name] - free[name] for name in ("dense1/weights", "conv2/weights")}
    norms = {
        name: np.sqrt((oracle_training.f64(w) ** 2).sum(axis=tuple(range(w.ndim - 1))))
        for name, w in updated.items()
    }
    bounds = {name: float(np.median(n)) for name, n in norms.items()}
    _, taken = wide_step(isa, max_norm=bounds)
    for name, most in bounds.items():
        over = norms[name] > most
        got = before[name] - taken[name]
        np.testing.assert_allclose(
            got[..., over], (updated[name] * (most / norms[name]))[..., over], atol=2e-6
        )
        np.testing.assert_array_equal(taken[name][..., ~over], free[name][..., ~over])


def test_options_do_not_depend_on_threads(isa):
    options = dict(clip_norm=0.1, alpha=0.1, max_norm={"dense1/weights": 0.9}, solver="adamw")
    results = [wide_step(isa, n_threads=n, **options)[1] for n in (1, 3)]
    for name, one in results[0].items():
        np.testing.assert_array_equal(one, results[1][name], err_msg=name)


@pytest.mark.parametrize("clip_norm", [0.5, None])
@pytest.mark.parametrize("solver", ["sgd", "adam", "adamw", "rmsprop"])
def test_a_nan_stays(isa, solver, clip_norm):
    """Neither clipping nor a bound of the weights hides a gradient that is not finite."""
    net = Network([], (3,), 2, isa=isa)
    give(net, max_norm={"output/weights": 1.0})
    trainer = Trainer(net, loss="softmax", batch_size=2, solver=solver, clip_norm=clip_norm)
    x = np.array([[1, 2, np.inf], [1, 1, 1]], dtype=np.float32)
    y, rows = np.array([0, 1], dtype=np.int32), np.arange(2)
    trainer.step(x, y, rows, None, scale=1.0, learning_rate=0.1, epoch=0)
    assert np.isnan(net.get_weights()["output/weights"]).any()
