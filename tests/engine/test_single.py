"""SinglePrediction on networks without an estimator."""

import numpy as np
import pytest

from convnet.engine import SINGLE_DTYPES, SinglePrediction
from convnet.graph import Network
from convnet.layers import BatchNorm, Conv1D, Conv2D, Dense, Flatten, MaxPool2D

RNG = np.random.default_rng(0)
NETS = {
    "gray images": ([Conv2D(4, 3), BatchNorm(), MaxPool2D(2), Flatten(), Dense(3)], (9, 7, 1)),
    "colors": ([Conv2D(4, 3), Flatten(), Dense(3)], (6, 5, 3)),
    "signals": ([Conv1D(4, 3), Flatten(), Dense(2)], (20, 2)),
    "rows": ([Dense(5), Dense(1)], (37,)),
}
NAMES = ("a", "b", "missing")


def single_of(net, dtype, scale=0.5, attributes=None):
    return net.single_prediction(np.dtype(dtype), scale, attributes or {}, NAMES)


def sample(shape, dtype):
    values = RNG.random((1, *shape)) * (255 if dtype == "u1" else 1)
    return np.ascontiguousarray(values.astype(dtype))


@pytest.mark.parametrize("case", NETS)
@pytest.mark.parametrize("dtype", SINGLE_DTYPES)
def test_the_bits_of_a_batch(case, dtype):
    layers, shape = NETS[case]
    net = Network(layers, shape, seed=1)
    single = single_of(net, dtype)
    for _ in range(3):
        X = sample(shape, dtype)
        out = single.outputs(X)
        batch = net.forward(
            np.concatenate([X, X]).reshape(2, *(1,) * (3 - len(shape)), *shape), scale=0.5
        )
        assert out.dtype == np.float32 and out.shape == (1, *batch.shape[1:])
        assert (out[0] == batch[0]).all()


def test_shapes():
    layers, shape = NETS["gray images"]
    single = single_of(Network(layers, shape), "f4")
    for fits in ((1, 9, 7, 1), (1, 9, 7)):
        assert single.outputs(np.zeros(fits, np.float32)) is not None
    for other in (
        (9, 7, 1),
        (1, 7, 9, 1),
        (1, 63),
        (2, 9, 7, 1),
        (0, 9, 7, 1),
        (1, 9, 7, 1, 1),
        (),
    ):
        assert single.outputs(np.zeros(other, np.float32)) is None
    colors = single_of(Network(*NETS["colors"]), "f4")
    assert colors.outputs(np.zeros((1, 6, 5), np.float32)) is None


def test_other_objects():
    layers, shape = NETS["gray images"]
    net = Network(layers, shape)
    single, X = single_of(net, "f4"), sample(shape, "f4")
    assert isinstance(single, SinglePrediction) and single.outputs(X) is not None
    for other in (
        *(X.tolist(), X.view(np.memmap), X[:, ::-1], np.asfortranarray(X), None, b"abc"),
        *(
            X.astype(">f4"),
            X.astype("f8"),
            X.astype("f2"),
            X.astype("u1"),
            X.astype(bool),
            X.astype(object),
        ),
    ):
        assert single.outputs(other) is None
    for dtype in ("u2", "i1", ">f4", "f2", "b1"):
        assert single_of(net, dtype) is None


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_values_out_of_range(dtype):
    layers, shape = NETS["colors"]
    single, X = single_of(Network(layers, shape), dtype), sample(shape, dtype)
    largest = np.finfo(np.float32).max
    values = [np.nan, -np.nan, np.inf, -np.inf]
    values += [] if dtype == "f4" else [np.nextafter(float(largest), np.inf), -1e300]
    for where in (0, 31, -1):
        for value in values:
            bad = X.copy()
            bad.reshape(-1)[where] = value
            assert single.outputs(bad) is None
        for value in (5e-324, -0.0, 1e-45):
            good = X.copy()
            good.reshape(-1)[where] = value
            assert single.outputs(good) is not None


def test_outputs_that_overflow():
    net = Network([Dense(1)], (2,))
    net.set_weights({"dense1/weights": [[2.0], [2.0]], "dense1/bias": [0.0]})
    single = single_of(net, "f4", scale=1.0)
    assert single.outputs(np.array([[1.0, 2.0]], np.float32)) == 6
    assert single.outputs(np.full((1, 2), 3e38, np.float32)) is None


def test_attributes_that_changed():
    net = Network([Dense(1)], (2,))
    attributes = {"a": net, "b": 1}
    single = single_of(net, "f4", attributes=attributes)
    assert single.is_for(attributes) and single.is_for({**attributes, "other": 2})
    for changed in ({"a": net}, {**attributes, "missing": 3}, {**attributes, "a": object()}, {}):
        assert not single.is_for(changed)
