"""Pages of small nets, and what stands in them."""

import json
import re
from functools import cache
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

from convnet import ConvNetClassifier, ConvNetRegressor
from convnet.inspection.explorer import document as limits
from convnet.layers import (
    BatchNorm,
    Conv1D,
    Conv2D,
    Dense,
    GlobalAvgPool2D,
    MaxPool2D,
    Residual,
)

HOSTILE = "</script><script>document.title = 'run'</script><!-- <b>&amp;"


def document_of(path):
    """Return the document of a page."""
    html = Path(path).read_text(encoding="utf-8")
    return json.loads(
        re.search(r'<script type="application/json" id="document">(.*?)</script>', html, re.S)[1]
    )


def limit_weights(monkeypatch, net, X, path, n_kept, y=None):
    """Limit the size of pages so that the first n parameters fit on that of one image."""
    monkeypatch.setattr(limits, "MAX_IMAGE_BYTES", 1)
    low, high = 0, limits.MAX_BYTES
    while low < high:  # bisection
        middle = (low + high) // 2
        monkeypatch.setattr(limits, "MAX_BYTES", middle)
        try:
            page = net.explore(X, y, path)
            n = len(net.weights_) - len(page.left_out["parameters"])
            assert Path(path).stat().st_size <= middle
        except ValueError:  # the image alone is too large
            n = -1
        low, high = (middle + 1, high) if n < n_kept else (low, middle)
    monkeypatch.setattr(limits, "MAX_BYTES", low)


def colors(n=24, shape=(12, 10, 3), seed=0):
    """Return random uint8 images and three classes with names."""
    X = np.random.default_rng(seed).integers(0, 256, (n, *shape), dtype=np.uint8)
    return X, np.resize(np.array(["cat", "dog", "owl"]), n)


@cache
def digits():
    """Return a net fitted on uint8 digits, with their images and labels."""
    data = load_digits()
    X = (data.images * 15).astype(np.uint8)
    layers = [Conv2D(8, 3, padding="same", activation="relu"), MaxPool2D(2), BatchNorm(), Dense(16)]
    net = ConvNetClassifier(layers, max_iter=3, random_state=0).fit(X[:600], data.target[:600])
    return net, X, data.target


@cache
def residual(shape=(12, 10, 3), classes=("cat", "dog", "owl")):
    """Return a net with a residual block, its images and labels."""
    X, y = colors(shape=shape)
    y = np.resize(np.array(classes), len(y))
    layers = [
        Conv2D(4, 3, padding="same"),
        Residual([Conv2D(6, 3, stride=2, padding="same"), BatchNorm()], activation="relu"),
        Residual([Conv2D(6, 3, padding="same")]),
        GlobalAvgPool2D(),
    ]
    return ConvNetClassifier(layers, max_iter=1, random_state=0).fit(X, y), X, y


@cache
def other(kind):
    """Return a net of another kind, with its X and y."""
    rng = np.random.default_rng(0)
    three = np.arange(30) % 3
    if kind == "binary":
        X, y = rng.normal(size=(30, 6, 5, 2)).astype(np.float32), np.resize([False, True], 30)
    elif kind == "multilabel":
        X, y = rng.random((30, 6, 5, 1)).astype(np.float32), rng.integers(0, 2, (30, 4))
    elif kind == "regressor":
        X, y = rng.random((30, 6, 5, 1)).astype(np.float32), 5 + 3 * np.sin(np.arange(30.0))
    elif kind == "regressor of two":
        X, y = rng.random((30, 6, 5, 1)).astype(np.float32), rng.normal(size=(30, 2))
    elif kind == "signal":
        X, y = rng.normal(size=(30, 15, 2)).astype(np.float32), three
    elif kind == "table":
        X, y = rng.normal(size=(30, 9)).astype(np.float32), three
    elif kind == "one pixel":
        X, y = rng.integers(0, 256, (30, 1, 1, 1), dtype=np.uint8), three
    elif kind == "one pixel in color":
        X, y = rng.integers(0, 256, (30, 1, 1, 3), dtype=np.uint8), three
    elif kind == "four channels":
        X, y = rng.integers(0, 256, (30, 7, 8, 4), dtype=np.uint8), three
    elif kind == "tall":
        X, y = rng.integers(0, 256, (30, 300, 20, 1), dtype=np.uint8), three
    layers = {
        "signal": [Conv1D(5, 3, activation="relu")],
        "table": [Dense(8, activation="relu")],
        "one pixel": [Dense(4, activation="tanh")],
        "one pixel in color": [Conv2D(4, 1, activation="tanh")],
    }.get(kind, [Conv2D(3, 3, activation="relu"), MaxPool2D(2)])
    estimator = ConvNetRegressor if kind.startswith("regressor") else ConvNetClassifier
    return estimator(layers, max_iter=1, random_state=0).fit(X, y), X, y


KINDS = (
    "binary", "multilabel", "regressor", "regressor of two", "signal", "table", "one pixel", "four channels", "tall",
)  # fmt: skip
