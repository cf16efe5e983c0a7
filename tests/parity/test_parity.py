"""Training steps against PyTorch's, from its weights and optimizer state at each step, and by themselves."""

from dataclasses import replace

import numpy as np
import pytest
from cases import ALL, BATCH, CASES, STEPS

LIMIT = 1e-4
ROUNDING = 4 * float(np.finfo(np.float32).eps)  # of a weight that an update is taken off, and back


@pytest.fixture
def make_peer(torch):
    from peer import Peer

    def make(case, network, dtype=torch.float32):
        options = dict(loss=case.loss, solver=case.solver, schedule=case.torch_schedule)
        return Peer(case.layers, network, rate=case.rate, dtype=dtype, **options, **case.options)

    return make


def batches(case):
    """Rows of X, their targets and weights, step by step."""
    _, y, weight = case.data()
    for step in range(ALL):
        rows = np.arange(BATCH) + BATCH * (step % STEPS)
        yield rows, y[rows], None if weight is None else weight[rows]


def far(got, want, weights):
    """Say which array of `got` is further from `want` than 1e-4 of its 2-norm, but for the rounding of the weights."""
    for name, value in want.items():
        error = np.linalg.norm(got[name] - value)
        bound = LIMIT * np.linalg.norm(value) + ROUNDING * np.linalg.norm(weights[name])
        if not error <= bound:
            return f"{name}: {error:.3g}, allowed {bound:.3g}"
    return ""


def beside_a_kink(got, peer, batch, weights):
    """Whether `got` are PyTorch's gradients at weights that differ by a rounding error.

    Where an input of a ReLU is within rounding of 0, or two inputs of a max-pool are as near to each other, each
    library may take another side, and both are right.
    """
    rng = np.random.default_rng(0)
    for _ in range(32):
        moved = {k: v + v * rng.uniform(-1e-6, 1e-6, v.shape) for k, v in weights.items()}
        if not far(got, peer.gradients(*batch, at=moved)[1], weights):
            return True
    return False


def taken(before, after):
    return {name: before[name] - after[name] for name in before}


@pytest.mark.parametrize("key", CASES)
def test_each_step(key, make_peer):
    """Loss, gradients and update (running statistics too) of 50 steps, each from PyTorch's state."""
    case = CASES[key]
    net = case.network()
    peer, trainer = make_peer(case, net), case.trainer(net)
    plain = dict(solver="sgd", momentum=0.0, nesterov=False, alpha=0.0)
    probe_net = replace(
        case, max_norm={}
    ).network()  # with a rate of 1 it takes the gradient off the weights
    probe = case.trainer(probe_net, **plain)
    X, y, weight = case.data()
    kinks = 0
    for step, (rate, (rows, *batch)) in enumerate(zip(case.rates(), batches(case), strict=True)):
        before, where = peer.weights(), f"step {step}"
        for network in (net, probe_net):
            network.set_weights(before)
        trainer.set_state(peer.state())
        call = dict(scale=1.0, epoch=step // STEPS)
        probe.step(X, y, rows, weight, learning_rate=1.0, **call)
        loss = trainer.step(X, y, rows, weight, learning_rate=rate, **call)
        want_loss, gradients = peer.step(X[rows], *batch)
        assert loss == pytest.approx(want_loss, rel=LIMIT), where
        got = taken(before, probe_net.get_weights())
        error = far(got, gradients, before)
        if error and beside_a_kink(got, peer, (X[rows], *batch), before):
            kinks += 1  # the updates follow the gradients and differ as well
            continue
        assert not error, f"{where}, gradients of {error}"
        got, want = (taken(before, after) for after in (net.get_weights(), peer.weights()))
        error = far(got, want, before)
        assert not error, f"{where}, update of {error}"
    assert kinks <= 2


@pytest.mark.parametrize("key", CASES)
def test_running_free(key, torch, make_peer):
    """After 50 steps from the same start float32 is as near to PyTorch in float64 as PyTorch's, times 5."""
    case = CASES[key]
    net = case.network()
    peers = [make_peer(case, net, dtype) for dtype in (torch.float32, torch.float64)]
    trainer, (X, y, weight) = case.trainer(net), case.data()
    for step, (rate, (rows, *batch)) in enumerate(zip(case.rates(), batches(case), strict=True)):
        options = dict(scale=1.0, learning_rate=rate, epoch=step // STEPS)
        trainer.step(X, y, rows, weight, **options)
        for peer in peers:
            peer.step(X[rows], *batch)
    theirs, exact = (peer.weights() for peer in peers)
    ours = net.get_weights()
    distance = {
        who: np.sqrt(sum(((w[name] - exact[name]) ** 2).sum() for name in exact))
        for who, w in (("ours", ours), ("theirs", theirs))
    }
    assert distance["ours"] <= 5 * distance["theirs"]
