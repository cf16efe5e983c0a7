"""A net and its data."""

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
    params = (
        dict(
            max_iter=3,
            batch_size=32,
            random_state=0,
            n_jobs=1,
            learning_rate="constant",
            learning_rate_init=1e-3,
        )
        | params
    )
    return ConvNetClassifier(layers, **params)
