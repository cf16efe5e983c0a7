"""Nothing of a wrong size, range or type reaches a kernel."""

import numpy as np
import pytest

from convnet.graph import Network, Trainer
from convnet.layers import Conv2D, MaxPool2D

LAYERS = [Conv2D(4, 3), MaxPool2D(2)]
SHAPE = (8, 7, 2)


@pytest.fixture
def net():
    return Network(LAYERS, SHAPE, 3)


WRONG_X = {
    "a smaller map": np.zeros((5, 8, 6, 2), np.float32),
    "another channel": np.zeros((5, 8, 7, 3), np.float32),
    "one image": np.zeros((8, 7, 2), np.float32),
    "flat": np.zeros((5, 112), np.float32),
    "five axes": np.zeros((5, 8, 7, 2, 1), np.float32),
}


@pytest.mark.parametrize("key", WRONG_X)
def test_input_shape(net, key):
    for call in (net.forward, net.forward_training, lambda x: net.features(x, "pool1")):
        with pytest.raises(ValueError):
            call(WRONG_X[key])


@pytest.mark.parametrize("dtype", ["complex64", "U3", "object", "datetime64[s]"])
def test_input_dtype(net, dtype):
    with pytest.raises((TypeError, ValueError)):
        net.forward(np.zeros((5, *SHAPE)).astype(dtype))


def test_unknown_feature(net):
    with pytest.raises((ValueError, KeyError), match="pool9"):
        net.features(np.zeros((5, *SHAPE), np.float32), "pool9")


@pytest.mark.parametrize(("n", "n_rows"), [(5, 4), (1, 5), (5, 0)])
def test_rows_of_dropout(net, n, n_rows):
    with pytest.raises(ValueError):
        net.forward_training(np.zeros((n, *SHAPE), np.float32), sample_ids=np.arange(n_rows))


@pytest.mark.parametrize("shape", [(5, 4), (4, 3), (5,), (6, 3)])
def test_gradient_shape(net, shape):
    net.forward_training(np.zeros((5, *SHAPE), np.float32))
    with pytest.raises(ValueError):
        net.backward(np.zeros(shape, np.float32))


def test_backward_needs_forward_training(net):
    with pytest.raises((RuntimeError, ValueError)):
        net.backward(np.zeros((5, 3), np.float32))


WRONG_STEPS = {
    "a row beyond the last": dict(rows=np.array([0, 12])),
    "a negative row": dict(rows=np.array([0, -1])),
    "more rows than the batch size": dict(rows=np.arange(9)),
    "no rows": dict(rows=np.arange(0)),
    "rows of two axes": dict(rows=np.zeros((2, 2), np.int64)),
    "a class beyond the last": dict(y=np.full(12, 3, np.int32)),
    "a negative class": dict(y=np.full(12, -1, np.int32)),
    "too few labels": dict(y=np.zeros(11, np.int32)),
    "too few weights": dict(sample_weight=np.ones(11, np.float32)),
    "another input shape": dict(X=np.zeros((12, 8, 7, 3), np.float32)),
}


@pytest.mark.parametrize("key", WRONG_STEPS)
def test_trainer_step(net, key):
    """A refused step leaves the weights as they were."""
    before = net.get_weights()
    trainer = Trainer(net, loss="softmax", batch_size=8)
    call = dict(
        X=np.ones((12, *SHAPE), np.float32), y=np.zeros(12, np.int32),
        rows=np.arange(4), sample_weight=None,
    ) | WRONG_STEPS[key]  # fmt: skip
    with pytest.raises((ValueError, IndexError)):
        trainer.step(**call, scale=1.0, learning_rate=0.1, epoch=0)
    for name, array in net.get_weights().items():
        np.testing.assert_array_equal(array, before[name])


WRONG_TARGETS = {
    "too few rows": np.zeros((11, 3), np.float32),
    "flat": np.zeros(12, np.float32),
    "another width": np.zeros((12, 2), np.float32),
    "float64": np.zeros((12, 3)),
    "transposed": np.zeros((3, 12), np.float32).T,
}


@pytest.mark.parametrize("key", WRONG_TARGETS)
def test_targets(net, key):
    trainer = Trainer(net, loss="squared_error", batch_size=8)
    call = dict(rows=np.arange(4), sample_weight=None, scale=1.0, learning_rate=0.1, epoch=0)
    X, before = np.ones((12, *SHAPE), np.float32), net.get_weights()
    with pytest.raises(ValueError):
        trainer.step(X, WRONG_TARGETS[key], **call)
    for name, array in net.get_weights().items():
        np.testing.assert_array_equal(array, before[name])


def test_unknown_instruction_set():
    with pytest.raises(ValueError, match="sse9"):
        Network(LAYERS, SHAPE, 3, isa="sse9").forward(np.zeros((1, *SHAPE), np.float32))
