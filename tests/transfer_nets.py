"""A net fitted on noise, from which others start."""

import numpy as np

from convnet import ConvNetClassifier
from convnet.layers import BatchNorm, Conv2D, Dense, MaxPool2D, ReLU

RNG = np.random.default_rng(0)
X = RNG.integers(0, 256, (90, 10, 10, 1), dtype=np.uint8)
Y = np.arange(90) % 3
BODY = [Conv2D(8, 3), BatchNorm(), ReLU(), MaxPool2D(2), Conv2D(6, 3), BatchNorm()]
NET = [*BODY, Dense(10, activation="relu")]


def net(layers=NET, **params):
    params = (
        dict(max_iter=2, batch_size=32, random_state=0, n_jobs=1, learning_rate="constant") | params
    )
    return ConvNetClassifier(layers, **params)
