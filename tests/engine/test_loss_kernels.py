"""Losses and their gradients, through one SGD step of a linear net over the identity matrix.

With X = I and biases 0 the weights are the logits, and a step of rate 1 takes the gradient off them.
"""

import numpy as np
import oracle_training as oracle
import pytest
from hypothesis import example, given, strategies as st
from netcheck import EPS, ISAS, assert_within, normals, seeds, threads

from convnet.engine import LOSSES
from convnet.graph import Network, Trainer

pytestmark = pytest.mark.parametrize("isa", ISAS)
WEIGHTS = "output/weights"


SMOOTHED = ["softmax", "sigmoid"]


def one_step(
    isa, loss, logits, y, sample_weight=None, rows=None, n_threads=1, batch_size=None, smoothing=0.0
):
    """The loss, and the gradient with respect to the logits of the batch, row by row."""
    n, k = logits.shape
    rows = np.arange(n, dtype=np.int64) if rows is None else rows
    net = Network([], (n,), k, isa=isa)
    net.set_weights({WEIGHTS: logits, "output/bias": np.zeros(k, np.float32)})
    trainer = Trainer(
        net, loss=loss, batch_size=batch_size or n, solver="sgd", momentum=0.0, nesterov=False,
        n_threads=n_threads, label_smoothing=smoothing,
    )  # fmt: skip
    x = np.eye(n, dtype=np.float32)
    y = np.asarray(y, dtype=np.int32 if loss == "softmax" else np.float32)
    value = trainer.step(x, y, rows, sample_weight, scale=1.0, learning_rate=1.0, epoch=0)
    return value, oracle.f64(logits) - net.get_weights()[WEIGHTS]


def draw_case(loss, n, k, seed, weighted, spread):
    rng = np.random.default_rng(seed)
    k = max(k, 2) if loss == "softmax" else k
    logits = normals(rng, (n, k), spread)
    if loss == "softmax":
        y = rng.integers(0, k, size=n)
    elif loss == "sigmoid":
        y = rng.integers(0, 2, size=(n, k)).astype(np.float32)
    else:
        y = normals(rng, (n, k), spread)
    weight = rng.uniform(0.05, 3, size=n).astype(np.float32) if weighted else None
    return logits, y, weight


@pytest.mark.parametrize("loss", LOSSES)
@given(
    n=st.integers(1, 70), k=st.one_of(st.sampled_from([1, 2, 10, 16, 17]), st.integers(1, 130)),
    seed=seeds, weighted=st.booleans(), spread=st.sampled_from([0.1, 1, 10]), n_threads=threads,
    smoothing=st.sampled_from([0.0, 0.1, 0.6]),
)  # fmt: skip
@example(n=1, k=2, seed=0, weighted=False, spread=1, n_threads=1, smoothing=0.0)
@example(n=9, k=1, seed=1, weighted=True, spread=1, n_threads=1, smoothing=0.0)
@example(n=9, k=3, seed=1, weighted=True, spread=1, n_threads=1, smoothing=0.5)
def test_loss_and_gradient(isa, loss, n, k, seed, weighted, spread, n_threads, smoothing):
    smoothing = smoothing if loss in SMOOTHED else 0.0
    logits, y, weight = draw_case(loss, n, k, seed, weighted, spread)
    value, gradient = one_step(
        isa, loss, logits, y, weight, n_threads=n_threads, smoothing=smoothing
    )
    want, want_gradient = oracle.LOSSES[loss](logits, y, weight, smoothing)
    assert value == pytest.approx(
        want, rel=32 * EPS, abs=16 * EPS * max(1.0, float(np.abs(logits).max()))
    )
    limit = EPS * (np.abs(logits) + 8) + 8 * EPS * np.abs(logits).max() * np.abs(want_gradient)
    assert_within(gradient.astype(np.float32), want_gradient, limit)


@pytest.mark.parametrize("loss", SMOOTHED)
def test_large_logits_do_not_overflow(isa, loss):
    big = np.array([[1e4], [-1e4], [1e4], [-1e4], [200.0], [0.0]], dtype=np.float32)
    logits = np.concatenate([np.zeros_like(big), big], axis=1) if loss == "softmax" else big
    y = [0, 0, 1, 1, 0, 1]
    value, gradient = one_step(isa, loss, logits, y)
    want, want_gradient = oracle.LOSSES[loss](logits, y)
    assert value == pytest.approx(want, rel=1e-6)
    np.testing.assert_allclose(gradient, want_gradient, atol=2e-3)  # half an ulp of 1e4


@pytest.mark.parametrize("loss", LOSSES)
def test_rows_choose_the_batch(isa, loss):
    """Only the rows named count, each with its own label and weight; a short batch is a batch."""
    logits, y, weight = draw_case(loss, 40, 5, 3, True, 1.0)
    rows = np.array([7, 31, 2, 39, 0], dtype=np.int64)
    value, gradient = one_step(isa, loss, logits, y, weight, rows, batch_size=16)
    want, want_gradient = oracle.LOSSES[loss](logits[rows], y[rows], weight[rows])
    assert value == pytest.approx(want, rel=1e-5)
    np.testing.assert_allclose(gradient[rows], want_gradient, atol=1e-6)
    assert (np.delete(gradient, rows, axis=0) == 0).all()


@pytest.mark.parametrize("loss", LOSSES)
def test_weights_of_one_are_no_weights(isa, loss):
    logits, y, _ = draw_case(loss, 33, 10, 4, False, 2.0)
    plain = one_step(isa, loss, logits, y)
    ones = one_step(isa, loss, logits, y, np.ones(33, dtype=np.float32))
    assert plain[0] == ones[0]
    np.testing.assert_array_equal(plain[1], ones[1])


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("smoothing", [0.0, 0.3])
def test_the_data_loss_and_the_score(isa, loss, smoothing):
    """Without smoothing and penalty, from the outputs before the update."""
    n, k = 37, 5
    logits, y, weight = draw_case(loss, n, k, 8, True, 2.0)
    smoothing = smoothing if loss in SMOOTHED else 0.0
    net = Network([], (n,), k, isa=isa)
    net.set_weights({WEIGHTS: logits, "output/bias": np.zeros(k, np.float32)})
    trainer = Trainer(
        net, loss=loss, batch_size=n, solver="sgd", label_smoothing=smoothing, alpha=0.1
    )
    v = np.linspace(0.5, 2, k)
    trainer.set_score_weights(v)
    y = np.asarray(y, dtype=np.int32 if loss == "softmax" else np.float32)
    rows = np.arange(3, n, dtype=np.int64)
    x = np.eye(n, dtype=np.float32)
    trainer.step(x, y, rows, weight, scale=1.0, learning_rate=1.0, epoch=0)
    z, y, w = oracle.f64(logits)[rows], y[rows], oracle.f64(weight)[rows]
    expected, _ = oracle.LOSSES[loss](z, y, w)
    assert trainer.data_loss == pytest.approx(expected * w.sum(), rel=1e-6)
    if loss == "softmax":
        scores = z.argmax(axis=1) == y
    elif loss == "sigmoid":
        scores = ((z > 0) == (y == 1)).all(axis=1)
    else:
        scores = (v * (z - y) ** 2).sum(axis=1)
    assert trainer.score == pytest.approx((w * scores).sum(), rel=1e-6)


def test_equal_logits_count_for_the_first_class(isa):
    """As argmax does. Otherwise a dead net would seem to be always right."""
    n, k = 12, 4
    net = Network([], (n,), k, isa=isa)
    net.set_weights({WEIGHTS: np.zeros((n, k), np.float32), "output/bias": np.zeros(k, np.float32)})
    trainer = Trainer(net, loss="softmax", batch_size=n, solver="sgd")
    y, rows = np.arange(n, dtype=np.int32) % k, np.arange(n, dtype=np.int64)
    trainer.step(np.eye(n, dtype=np.float32), y, rows, None, scale=1.0, learning_rate=1.0, epoch=0)
    assert trainer.score == n / k


@pytest.mark.parametrize("loss", ["absolute_error", "huber"])
def test_slopes_at_corners(isa, loss):
    """No residual has no slope; Huber's loss is square up to a residual of 1 and a line from there."""
    residuals = np.array([0.0, 1.0, -1.0, 0.5, 1.25, -1.25, 64.0, -64.0], dtype=np.float32)[:, None]
    value, gradient = one_step(isa, loss, residuals, np.zeros((8, 1)))
    slopes = {
        "absolute_error": [0, 1, -1, 1, 1, -1, 1, -1],
        "huber": [0, 1, -1, 0.5, 1, -1, 1, -1],
    }[loss]
    values = {"absolute_error": 133.0, "huber": 0.5 + 0.5 + 0.125 + 2 * 0.75 + 2 * 63.5}[loss]
    assert value == pytest.approx(values / 8, rel=1e-15)
    np.testing.assert_allclose(gradient[:, 0] * 8, slopes, atol=3e-5)


def test_targets_may_be_flat_where_there_is_one_output(isa):
    logits, y, weight = draw_case("huber", 12, 1, 6, True, 2.0)
    column, flat = (one_step(isa, "huber", logits, t, weight) for t in (y, y[:, 0]))
    assert column[0] == flat[0]
    np.testing.assert_array_equal(column[1], flat[1])


def test_targets_of_another_width_are_refused(isa):
    with pytest.raises(ValueError, match="targets have 2 columns, the outputs 3"):
        one_step(isa, "squared_error", np.zeros((4, 3), np.float32), np.zeros((4, 2)))


@pytest.mark.parametrize("loss", LOSSES)
def test_a_non_finite_loss_is_returned(isa, loss):
    logits, y, _ = draw_case(loss, 5, 3, 5, False, 1.0)
    net = Network([], (5,), logits.shape[1], isa=isa)
    trainer = Trainer(net, loss=loss, batch_size=5, solver="sgd")
    x = np.full((5, 5), np.nan, np.float32)
    y = y.astype(np.int32 if loss == "softmax" else np.float32)
    rows = np.arange(5, dtype=np.int64)
    assert np.isnan(trainer.step(x, y, rows, None, scale=1.0, learning_rate=0.1, epoch=0))
