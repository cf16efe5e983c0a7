"""A net, its data, and a check that two fits are equal."""

import numpy as np

from convnet import ConvNetClassifier
from convnet.layers import BatchNorm, Conv2D, Dense, Dropout, MaxPool2D

RNG = np.random.default_rng(0)
X = RNG.integers(0, 256, (130, 10, 8, 3), dtype=np.uint8)
Y = np.arange(130) % 3
W = np.where(np.arange(130) % 7 == 0, 0.0, np.linspace(0.5, 2, 130))
X_VAL = RNG.integers(0, 256, (40, 10, 8, 3), dtype=np.uint8)
NET = [Conv2D(6, 3, activation="relu"), BatchNorm(), Dropout(0.3), MaxPool2D(2), Dense(5)]


def net(layers=NET, **params):
    params = dict(max_iter=3, batch_size=32, random_state=0, n_jobs=1) | params
    return ConvNetClassifier(layers, **params)


def same(one, other):
    assert one.weights_.keys() == other.weights_.keys()
    for name, array in one.weights_.items():
        np.testing.assert_array_equal(other.weights_[name], array, err_msg=name)
    figures = [key for key in one.history_ if key != "seconds"]
    assert {k: one.history_[k] for k in figures} == {k: other.history_[k] for k in figures}
