"""Small fitted nets of every kind, with images and targets, whose states and files the tests alter."""

import numpy as np

from convnet import ConvNetClassifier, ConvNetRegressor, ConvNetTransformer
from convnet.layers import (
    BatchNorm,
    Conv1D,
    Conv2D,
    Dense,
    DepthwiseConv2D,
    Dropout,
    GlobalAvgPool2D,
    MaxPool2D,
    Rescale,
    Residual,
    SeparableConv2D,
)

ROWS = 12
LAYERS = {
    "conv": [Conv2D(3, 3, activation="relu", name="stem"), BatchNorm(), MaxPool2D(2), Dense(4)],
    "residual": [
        Conv2D(4, 3, padding="same"),
        Residual([Conv2D(4, 3, padding="same"), BatchNorm()], activation="relu"),
        GlobalAvgPool2D(),
    ],
    "separable": [Rescale(0.5), SeparableConv2D(4, 3), DepthwiseConv2D(3), Dropout(0.2)],
    "multilabel": [Conv2D(16, 3, padding="same", stride=2), Dense(5, activation="tanh")],
    "regressor": [Dense(6, activation="relu")],
    "signal": [Conv1D(4, 3, activation="gelu"), Dense(3)],
}


def images(shape=(8, 6, 2)):
    """Return random uint8 images, or signals."""
    return np.random.default_rng(0).integers(0, 256, (ROWS, *shape), dtype=np.uint8)


def fitted(name):
    """Return a fitted net, X and y: one of `LAYERS`, or "transformer"."""
    rng, params = np.random.default_rng(1), {"max_iter": 2, "random_state": 0}
    y = np.resize(["a", "b", "c"], ROWS)
    if name == "transformer":
        X = images()
        return ConvNetTransformer(ConvNetClassifier([Dense(3)], **params)).fit(X, y), X, y
    layers = LAYERS[name]
    if name == "conv":
        X = images()
        net = ConvNetClassifier(layers, **params).fit(X, y, X_val=X, y_val=y)
        return net.partial_fit(X, y), X, y
    if name == "residual":
        X, y = images(), y == "a"
        return ConvNetClassifier(layers, early_stopping=True, **params).fit(X, y), X, y
    if name == "regressor":
        X, y = images((6,)).astype(np.float64), rng.normal(size=(ROWS, 2))
        return ConvNetRegressor(layers, **params).fit(X, y), X, y
    if name == "multilabel":
        X, y = images(), rng.integers(0, 2, (ROWS, 3))
        return ConvNetClassifier(layers, **params).fit(X, y), X, y
    X = images((16, 2) if name == "signal" else (8, 6, 2))
    return ConvNetClassifier(layers, **params).fit(X, y), X, y
