"""`set_weights`: arrays set by hand take the place of those of a fitted or initialized net, all at once."""

import pickle
import re
import threading
import warnings

import numpy as np
import pytest
from fits import assert_same_fit
from fitted_nets import assert_same, classifier, images, regressor
from sklearn.exceptions import NotFittedError

from convnet import ConvNetClassifier
from convnet.fitted.validate import validate_fitted
from convnet.layers import BatchNorm, Conv1D, Conv2D, Dense, MaxPool2D, Normalize

EDGE = np.array([[1, 0, -1]] * 3)
CONV = [Conv2D(1, 3)]
IMAGE = np.zeros((1, 6, 6))
IMAGE[:, :, :3] = 10


def hand_made(layers=CONV, X=(IMAGE[0], IMAGE[0].T), **params):
    return ConvNetClassifier(layers, random_state=0, **params).initialize(X, [0, 1])


def test_an_edge():
    net = hand_made([Conv2D(1, 3, activation="relu"), MaxPool2D(2)])
    assert net.set_weights({"conv1/weights": EDGE.reshape(3, 3, 1, 1)}) is net
    validate_fitted(net, trained=True, force=True)
    maps = net.feature_maps(IMAGE, "conv1")
    np.testing.assert_array_equal(maps[0, :, :, 0], [[0, 30, 30, 0]] * 4)
    np.testing.assert_array_equal(net.feature_maps(IMAGE, "pool1").ravel(), [30] * 4)
    assert not net.feature_maps(IMAGE[:, :, ::-1], "conv1").any()
    assert "30" in str(net.trace(IMAGE[0]))
    net.set_weights({"conv1/bias": [-10]})
    np.testing.assert_array_equal(
        net.feature_maps(IMAGE, "conv1")[0, :, :, 0], [[0, 20, 20, 0]] * 4
    )


@pytest.mark.parametrize("make", [classifier, regressor])
def test_all_weights_of_another_net(make, tmp_path):
    (net, X), (other, _) = make(), make(random_state=1) if make is classifier else make(alpha=1.0)
    if make is regressor:
        assert (net.y_mean_ == other.y_mean_).all()
    history = net.history_
    assert (net._outputs(X) != other._outputs(X)).any()
    net.set_weights(other.weights_)
    np.testing.assert_array_equal(net._outputs(X), other._outputs(X))
    assert net.history_ is history
    assert_same(pickle.loads(pickle.dumps(net)), net, X)
    net.save(tmp_path / "net.npz")


def test_arrays_are_copied_and_their_memory_order_does_not_count():
    net, array = hand_made([Dense(3)], images(2, (4, 5, 1))), np.asfortranarray(np.eye(20, 3))
    before, old = net.weights_, net.weights_["dense1/weights"].copy()
    net.set_weights({"dense1/weights": array})
    array[:] = np.nan
    np.testing.assert_array_equal(net.weights_["dense1/weights"], np.eye(20, 3))
    np.testing.assert_array_equal(before["dense1/weights"], old)
    assert array.flags.writeable and not net.weights_["dense1/weights"].flags.writeable
    validate_fitted(net, force=True)
    assert net.set_weights({}).weights_.keys() == before.keys()


def test_training_continues_from_the_new_weights():
    X, Y = images(), np.resize([0, 1, 2], 24)
    net, _ = classifier()
    net.partial_fit(X, Y).partial_fit(X, Y)
    new = {name: array * 0.5 for name, array in net.weights_.items()}
    net.set_weights(new)
    assert net._network_cache.optimization_state is None
    copy = pickle.loads(pickle.dumps(net))  # which has no moments either
    assert_same_fit(net.partial_fit(X, Y), copy.partial_fit(X, Y))
    assert net.n_iter_ == 5
    start = classifier()[0].set_params(warm_start=True, max_iter=1, learning_rate_init=1e-12)
    start.set_weights(new).fit(X, Y)
    np.testing.assert_allclose(
        start.weights_["output/weights"], new["output/weights"], atol=1e-6, rtol=0
    )


SIGNALS = np.zeros((2, 9, 2))
WRONG = {
    "a name": (
        {"conv1/weight": EDGE.reshape(3, 3, 1, 1)},
        "the net has no weights named 'conv1/weight'. It has conv1/weights, conv1/bias, output/weights, output/bias. "
        "Did you mean 'conv1/weights'?",
    ),
    "a layer": ({"conv1": EDGE}, "no weights named 'conv1'"),
    "axes of length 1": (
        {"conv1/weights": EDGE},
        "conv1/weights must have shape (3, 3, 1, 1); got (3, 3). Write array.reshape(3, 3, 1, 1).",
    ),
    "a shape": (
        {"conv1/weights": np.ones((5, 5, 1, 1))},
        "conv1/weights must have shape (3, 3, 1, 1); got (5, 5, 1, 1).",
    ),
    "a scalar": ({"conv1/weights": 1.0}, "must have shape (3, 3, 1, 1); got ()."),
    "NaN": ({"conv1/bias": [np.nan]}, "conv1/bias has values that are not finite."),
    "an overflow": ({"conv1/bias": [1e300]}, "conv1/bias has values that are not finite."),
    "a list": ([EDGE], 'weights must be a dict such as {"conv1/weights": array}; got [array('),
    "a number as name": ({1: EDGE}, 'names such as "conv1/weights" as keys; got 1.'),
    "text": ({"conv1/bias": ["a"]}, "['conv1/bias'] must be an array of real numbers."),
    "complex": ({"conv1/bias": [1j]}, "['conv1/bias'] must be an array of real numbers."),
    "None": ({"conv1/bias": None}, "['conv1/bias'] must be an array of real numbers."),
    "rows of several lengths": ({"conv1/weights": [[1], [1, 2]]}, "must be an array of real"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_weights_change_nothing(case):
    wrong, text = WRONG[case]
    net = hand_made()
    before = vars(net)
    good = {"conv1/bias": [3.0]} if isinstance(wrong, dict) and "conv1/bias" not in wrong else {}
    with (
        warnings.catch_warnings(action="error"),
        pytest.raises((TypeError, ValueError), match=re.escape(text)) as caught,
    ):
        net.set_weights(good | wrong if isinstance(wrong, dict) else wrong)
    assert vars(net) is before
    assert str(caught.value).startswith("ConvNetClassifier.set_weights")


@pytest.mark.parametrize(
    ("layers", "X", "wrong", "remedy"),
    [
        ([Conv2D(4, 3)], np.zeros((2, 6, 6, 2)), (4, 2, 3, 3), "transpose(2, 3, 1, 0)"),
        ([Conv1D(4, 3)], SIGNALS, (4, 2, 3), "transpose(2, 1, 0)"),
        ([Dense(4)], np.zeros((2, 3)), (4, 3), "transpose(1, 0)"),
    ],
)
def test_the_axes_of_pytorch(layers, X, wrong, remedy):
    net = hand_made(layers, X)
    name = next(iter(net.weights_))
    with pytest.raises(ValueError, match=re.escape(f"order of PyTorch, write array.{remedy}.")):
        net.set_weights({name: np.zeros(wrong)})
    net.set_weights({name: eval(f"np.zeros(wrong).{remedy}")})


def test_statistics():
    net = hand_made([Normalize(), Conv2D(1, 3), BatchNorm()])
    net.set_weights({"normalize1/mean": [5], "normalize1/deviation": [2]})
    np.testing.assert_array_equal(
        net.feature_maps(IMAGE, "normalize1")[0, 0, :, 0], [2.5] * 3 + [-2.5] * 3
    )
    with pytest.raises(ValueError, match="batchnorm1/moving_variance has values below 0"):
        net.set_weights({"batchnorm1/moving_variance": [-1]})


def test_before_a_fit():
    with pytest.raises(NotFittedError, match=r"initialize\(X, y\) or fit\(X, y\) first"):
        ConvNetClassifier().set_weights({})


def test_an_assignment_names_the_method():
    net = hand_made()
    with pytest.raises(TypeError, match=r"Write net.set_weights\({'conv1/bias': array}\)"):
        net.weights_["conv1/bias"] = [1]
    net.weights_ = dict(net.weights_)
    with pytest.raises(ValueError, match="Use set_weights"):
        net.set_weights({})


@pytest.mark.slow
def test_other_threads_see_one_set_of_weights():
    net = hand_made([Dense(1, activation="relu")], np.zeros((2, 1)))
    zero = {name: np.zeros_like(array) for name, array in net.weights_.items()}
    states = [
        zero | {"dense1/weights": [[w]], "output/weights": [[1 / w]]} for w in (2.0**10, 2.0**-10)
    ]
    net.set_weights(states[0])
    wrong, stop = [], threading.Event()

    def read():
        while not stop.is_set():
            if net.decision_function([[1.0]])[0] != 1:
                wrong.append(1)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for i in range(300):
        net.set_weights(states[i % 2])
    stop.set()
    for reader in readers:
        reader.join()
    assert not wrong
