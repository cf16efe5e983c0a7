"""Nets that take raw images, and the statistics that Normalize learns in them."""

import numpy as np

from convnet import ConvNetClassifier
from convnet.layers import Conv2D, MaxPool2D, Normalize, Rescale, Resize

SHAPE = (14, 11, 3)
BODY = [Conv2D(4, 3, activation="relu"), MaxPool2D(2)]
RAW = [Resize(8), Rescale(), Normalize(), *BODY]
FIELDS = ("normalize1/mean", "normalize1/deviation")


def images(n=40, shape=SHAPE, seed=0):
    """Return images whose channels have different means and standard deviations."""
    rng = np.random.default_rng(seed)
    X = rng.normal([60, 120, 180], [10, 20, 40], (n, *shape)).clip(0, 255).astype(np.uint8)
    y = np.arange(n) % 2
    X[y == 1, :5] //= 2
    return X, y


def net(layers=RAW, **params):
    return ConvNetClassifier(
        layers, **{"max_iter": 2, "random_state": 0, "learning_rate": "constant"} | params
    )


def learnt(clf):
    return [clf.weights_[name].astype(np.float64) for name in FIELDS]


def assert_statistics(clf, values, tolerance=1e-6):
    """Return the mean and standard deviation of `values`, float64 (n, h, w, c), as the first Normalize learns them."""
    values = values.reshape(-1, values.shape[-1]).astype(np.float64)
    mean, deviation = learnt(clf)
    np.testing.assert_allclose(mean, values.mean(0), rtol=tolerance)
    np.testing.assert_allclose(deviation, values.std(0), rtol=tolerance)
