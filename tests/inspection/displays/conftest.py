"""Nets to draw; figures are closed after each test."""

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest

from convnet import ConvNetClassifier
from convnet.layers import BatchNorm, Conv2D, Dense, MaxPool2D, Residual

LAYERS = [
    Conv2D(6, 3, activation="relu"),
    Residual([Conv2D(6, 3, padding="same"), BatchNorm()], activation="relu"),
    MaxPool2D(2),
    Dense(5, activation="tanh"),
]


@pytest.fixture(autouse=True)
def no_figure_left():
    with matplotlib.rc_context():
        yield
    plt.close("all")


@pytest.fixture(scope="session")
def photographs():
    """Return random uint8 images of shape (60, 10, 9, 3), and labels."""
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (60, 10, 9, 3), dtype=np.uint8), np.resize(
        ["cat", "dog", "hen"], 60
    )


@pytest.fixture(scope="session")
def clf(photographs):
    """Return a net with a residual block, fitted with a validation set."""
    net = ConvNetClassifier(LAYERS, max_iter=5, early_stopping=True, random_state=0)
    return net.fit(*photographs)


@pytest.fixture(params=["new figure", "given axes"])
def ax(request):
    """Return None, or axes next to other axes."""
    return None if request.param == "new figure" else plt.subplots(1, 2, figsize=(12, 5))[1][0]
