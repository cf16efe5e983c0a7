"""Optimizer steps against the oracle, over several batches of a small net: SGD, Nesterov, Adam, L2."""

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
}


def peer(options):
    options = dict(options)
    kind = oracle_training.Adam if options.pop("solver") == "adam" else oracle_training.SGD
    return kind(**options)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("alpha", [0.0, 0.5])
@pytest.mark.parametrize("key", SOLVERS)
def test_steps(isa, key, alpha, weighted):
    """Losses and every parameter after six batches, the short last one of an epoch among them."""
    rng = np.random.default_rng(1)
    net = Network(LAYERS, SHAPE, 3, isa=isa)
    reference = Reference(
        [*LAYERS, Dense(3, name="output")], set_random_weights(net, rng, scale=0.3)
    )
    x, y = normals(rng, (N, *SHAPE)), rng.integers(0, 3, size=N).astype(np.int32)
    weight = rng.uniform(0.2, 2, size=N).astype(np.float32) if weighted else None
    rate = 0.01
    trainer = Trainer(
        net, loss="softmax", batch_size=BATCH, alpha=alpha, n_threads=2, **SOLVERS[key]
    )
    optimizer = peer(SOLVERS[key])
    for step in range(STEPS):
        start = step % 3 * BATCH
        rows = np.arange(start, min(N, start + BATCH), dtype=np.int64)[::-1].copy()
        batch_weight = None if weight is None else weight[rows]
        got = trainer.step(x, y, rows, weight, scale=1.0, learning_rate=rate, epoch=step // 3)
        want = oracle_training.l2_training_step(
            reference, optimizer, "softmax", x[rows], y[rows], batch_weight, rate, alpha
        )
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
