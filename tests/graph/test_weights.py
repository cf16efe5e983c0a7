"""get_weights and set_weights: names, shapes, copies, strictness; initial weights follow the seed."""

import tracemalloc

import numpy as np
import pytest

from convnet.graph import Network
from convnet.layers import BatchNorm, Conv2D, Dense, MaxPool2D

LAYERS = [
    Conv2D(6, (3, 2), groups=3),
    BatchNorm(),
    MaxPool2D(2),
    Conv2D(4, 1, name="stem", use_bias=False),
]
SHAPES = {
    "conv1/weights": (3, 2, 2, 6), "conv1/bias": (6,),
    "batchnorm1/gamma": (6,), "batchnorm1/beta": (6,),
    "batchnorm1/moving_mean": (6,), "batchnorm1/moving_variance": (6,),
    "stem/weights": (1, 1, 6, 4), "output/weights": (36, 3), "output/bias": (3,),
}  # fmt: skip


def make(seed=0, layers=LAYERS):
    return Network(layers, (9, 7, 6), 3, seed=seed)


def test_names_and_shapes():
    weights = make().get_weights()
    assert {name: array.shape for name, array in weights.items()} == SHAPES
    assert all(array.dtype == np.float32 for array in weights.values())
    assert list(weights) == list(SHAPES)


def test_initial_values():
    """Biases 0, batch norm the identity, weights of a spread that keeps the signal's size."""
    weights = Network(
        [Conv2D(64, 3, activation="relu"), BatchNorm()], (16, 16, 32), 10
    ).get_weights()
    assert not weights["conv1/bias"].any() and not weights["output/bias"].any()
    assert (weights["batchnorm1/gamma"] == 1).all() and not weights["batchnorm1/beta"].any()
    assert (weights["batchnorm1/moving_variance"] == 1).all()
    assert not weights["batchnorm1/moving_mean"].any()
    spread = weights["conv1/weights"].std() * np.sqrt(3 * 3 * 32)
    assert 0.5 < spread < 2
    assert abs(weights["conv1/weights"].mean()) < 0.01


def test_seed_decides_the_weights():
    first, same, other = (make(seed).get_weights() for seed in (1, 1, 2))
    for name, array in first.items():
        np.testing.assert_array_equal(array, same[name])
    assert (first["conv1/weights"] != other["conv1/weights"]).mean() > 0.99
    assert (first["output/weights"] != other["output/weights"]).mean() > 0.99


def test_round_trip():
    source, target = make(1), make(2)
    target.set_weights(source.get_weights())
    x = np.random.default_rng(0).normal(size=(3, 9, 7, 6)).astype(np.float32)
    np.testing.assert_array_equal(source.forward(x), target.forward(x))


def test_copies():
    """What get_weights returned is not the net's own memory, nor does set_weights keep the caller's."""
    net = make()
    weights = net.get_weights()
    for array in weights.values():
        array[...] = 7
    assert (net.get_weights()["conv1/weights"] != 7).all()
    net.set_weights(weights)
    weights["conv1/weights"][...] = 8
    assert (net.get_weights()["conv1/weights"] == 7).all()


def missing(weights):
    del weights["stem/weights"]


def unknown(weights):
    weights["stem/bias"] = np.zeros(4, np.float32)


def transposed(weights):
    weights["output/weights"] = weights["output/weights"].T


def infinite(weights):
    weights["conv1/bias"][2] = np.inf


def undefined(weights):
    weights["batchnorm1/gamma"][0] = np.nan


FAULTS = {
    missing: "stem/weights",
    unknown: "stem/bias",
    transposed: "output/weights",
    infinite: "conv1/bias",
    undefined: "batchnorm1/gamma",
}


@pytest.mark.parametrize("spoil", FAULTS)
def test_faulty_weights_are_refused_whole(spoil):
    """The error names the array, and no other array was changed by then."""
    net = make()
    before, weights = net.get_weights(), net.get_weights()
    for array in weights.values():
        array += 1
    spoil(weights)
    with pytest.raises(ValueError, match=FAULTS[spoil]):
        net.set_weights(weights)
    for name, array in net.get_weights().items():
        np.testing.assert_array_equal(array, before[name])


def test_other_float_dtypes_and_layouts_are_converted():
    net = make()
    weights = {k: np.asfortranarray(w.astype(np.float64)) for k, w in net.get_weights().items()}
    net.set_weights(weights)
    for name, array in net.get_weights().items():
        np.testing.assert_array_equal(array, weights[name])


def test_a_variance_is_not_below_0():
    net = make()
    before = net.get_weights()
    wrong = before | {"batchnorm1/moving_variance": np.float32([1, 1, -1e-6, 1, 1, 1])}
    with pytest.raises(ValueError, match="batchnorm1/moving_variance has values below 0"):
        net.set_weights(wrong | {"conv1/bias": np.ones(6)})
    assert not net.get_weights()["conv1/bias"].any()


def test_looking_at_many_layers_keeps_no_copies_for_each():
    """What predicts up to a layer has copies of all weights; those of the whole net and the last layer stay."""
    net = Network([Dense(200) for _ in range(10)], (200,), 3)
    X, size = np.ones((1, 200)), net.params.nbytes
    tracemalloc.start()
    for info in net.plan.layers:
        net.features(X, info.name)
    net.forward(X)
    kept = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert kept < 5 * size  # weights and their packed form, twice, and what was compiled
