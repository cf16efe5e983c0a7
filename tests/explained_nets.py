"""Fitted nets of every kind to explain, and their outputs in float64."""

from functools import cache
from types import SimpleNamespace

import numpy as np
from reference import Reference

from convnet import ConvNetClassifier, ConvNetRegressor
from convnet.layers import (
    BatchNorm,
    Conv1D,
    Conv2D,
    Dense,
    Dropout,
    GlobalAvgPool2D,
    MaxPool1D,
    MaxPool2D,
    ReLU,
    Residual,
    SeparableConv2D,
)

SHAPE = (8, 7, 2)
PLAIN = [Conv2D(4, 3, activation="relu"), MaxPool2D(2), Dense(6, activation="tanh")]
THREE = np.arange(30) % 3
TWO = np.where(np.arange(30) % 2, "right", "left")

# kind: layers, shape of an image, y, estimator
KINDS = {
    "multiclass": (PLAIN, SHAPE, THREE),
    "binary": (PLAIN, SHAPE, TWO),
    "multilabel": (PLAIN, SHAPE, np.stack([THREE == 0, THREE == 1, TWO == "left"], 1).astype(int)),
    "regressor": (PLAIN, SHAPE, 5 + 3 * np.sin(np.arange(30.0))),
    "batch norm": (
        [Conv2D(4, 3), BatchNorm(), ReLU(), Dropout(0.5), Conv2D(3, 2), BatchNorm()], SHAPE, THREE,
    ),
    "residual": (
        [
            Residual([Conv2D(4, 3, stride=2, padding="same"), BatchNorm()], activation="relu"),
            Residual([Conv2D(4, 3, padding="same", activation="tanh")]),
            GlobalAvgPool2D(),
        ], SHAPE, THREE,
    ),
    "separable": ([SeparableConv2D(5, 3, padding="same", activation="silu"), MaxPool2D(2)], SHAPE, THREE),
    "signal": ([Conv1D(5, 3, activation="relu"), MaxPool1D(2), Conv1D(4, 2)], (15, 2), THREE),
    "flat": ([Dense(8, activation="relu"), BatchNorm()], (9,), TWO),
}  # fmt: skip


@cache
def explained(kind, n_jobs=None):
    """Return a fitted net with ``X``, ``shape``, ``size`` (of a map), ``f(X, target)`` in float64, and more."""
    layers, shape, y = KINDS[kind]
    rng = np.random.default_rng(0)
    X = rng.normal(size=(30, *shape)).astype(np.float32)
    X.flags.writeable = False
    estimator = ConvNetRegressor if kind == "regressor" else ConvNetClassifier
    net = estimator(
        layers,
        max_iter=4,
        learning_rate="constant",
        batch_size=30,
        learning_rate_init=0.01,
        random_state=0,
        n_jobs=n_jobs,
    )
    net.fit(X, y)
    reference = Reference([*layers, Dense(1, name="output")], net.weights_)
    names = [0] if kind == "regressor" else list(net.classes_)

    def f(X, targets):
        """Return the output that is explained for the target of each image."""
        outputs = reference.forward(X)
        if kind == "regressor":
            return outputs[:, 0] * net.y_scale_[0]  # in the units of y
        if kind == "binary" or kind == "flat":
            return np.where(np.asarray(targets) == names[1], 1, -1) * outputs[:, 0]
        return outputs[np.arange(len(X)), [names.index(t) for t in targets]]

    def predicted(X):
        """Return the targets that None stands for."""
        if kind == "multilabel":
            return reference.forward(X).argmax(1)
        return np.zeros(len(X), dtype=int) if kind == "regressor" else net.predict(X)

    size = shape[:-1] if len(shape) > 1 else shape
    return SimpleNamespace(
        net=net, X=X, shape=shape, size=size, f=f, predicted=predicted, names=names
    )
