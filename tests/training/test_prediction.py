"""Rows per call of the engine: few enough that Ctrl-C is noticed, and without effect on the bits."""

import numpy as np
import pytest

from convnet.graph import Network, Plan
from convnet.layers import Conv2D, Dense, GlobalAvgPool2D, MaxPool2D
from convnet.training import prediction as module

PLANS = {
    "small": ([Dense(10)], (20,)),
    "pooling alone": ([MaxPool2D(4)], (224, 224, 3)),
    "convolutions": ([Conv2D(64, 3, activation="relu")] * 6 + [GlobalAvgPool2D()], (224, 224, 3)),
    "one costly row": ([Conv2D(512, 7), Conv2D(512, 7), GlobalAvgPool2D()], (224, 224, 64)),
}


@pytest.mark.parametrize("n_threads", [1, 3, 16])
@pytest.mark.parametrize("key", PLANS)
def test_rows_a_call(key, n_threads):
    plan = Plan(*PLANS[key], 3)
    work = sum(layer.multiply_adds for layer in plan.layers)
    rows = module.samples_per_call(plan, n_threads)
    assert rows % n_threads == 0 and rows >= n_threads
    per_thread = rows // n_threads
    least = 1 if work > 1e9 else 4
    assert per_thread <= least or rows * work <= 2e9
    if key == "small":
        assert rows > 10_000
    if key == "one costly row":
        assert per_thread == 1
    if key == "pooling alone":
        assert rows <= 4_000


def test_the_bits_do_not_depend_on_it(monkeypatch):
    net = Network([Conv2D(8, 3, activation="relu"), Dense(40)], (9, 9, 2), 3, seed=0)
    X = np.random.default_rng(0).random((70, 9, 9, 2), dtype=np.float32)
    found, calls = [], []
    forward = net.forward
    monkeypatch.setattr(net, "forward", lambda X, **kw: calls.append(len(X)) or forward(X, **kw))
    for step in (1, 3, 14, 70):
        monkeypatch.setattr(module, "samples_per_call", lambda plan, n_threads, step=step: step)
        found.append(module.predict_in_batches(net, X, scale=0.5, n_threads=2))
        assert max(calls) == step
    rows = np.arange(69, -1, -1)
    found.append(module.predict_in_batches(net, X, scale=0.5, n_threads=2, rows=rows)[::-1])
    for other in found[1:]:
        np.testing.assert_array_equal(other, found[0])
