"""Lessons of small nets, whose builders lie in docs/lessons_builder."""

from functools import cache

import digit_lesson
import edge_lesson
import numpy as np
import pets_lesson
from sklearn.datasets import load_digits

from convnet import ConvNetClassifier

NAMES = ("edge", "digit", "pets")


@cache
def digits():
    """Return the net of the digits, fitted on scikit-learn's digits as 28×28 pixels, with its images and labels."""
    data = load_digits()
    small = (data.images[:400] * 15).astype(np.uint8)
    X = np.pad(np.kron(small, np.ones((3, 3), np.uint8)), ((0, 0), (2, 2), (2, 2)))
    net = ConvNetClassifier("walkthrough", learning_rate_init=3e-3, max_iter=6, random_state=0)
    return net.fit(X, data.target[:400]), X, data.target[:400]


@cache
def pets():
    """Return the net of the photographs, fitted on noise in two colors, with its images and labels."""
    y = np.resize(["cat", "dog"], 40)
    X = np.random.default_rng(0).integers(0, 200, (40, 48, 48, 3), dtype=np.uint8)
    X[y == "dog", :, :, 2] //= 3
    net = ConvNetClassifier(
        "catdog", learning_rate_init=1e-2, max_iter=12, batch_size=10, random_state=0
    ).fit(X[:30], y[:30])
    y[-3:] = y[-4:-1].copy()  # mistakes
    return net, X, y


def build(name, path):
    """Write the page of a lesson."""
    if name == "edge":
        return edge_lesson.build(path)
    if name == "digit":
        return digit_lesson.build(*digits(), path)
    return pets_lesson.build(*pets(), path, [f"{i}.jpg" for i in range(40)])
