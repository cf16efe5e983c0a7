"""Layers as parameters of scikit-learn estimators."""

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.model_selection import GridSearchCV

from convnet.layers import Conv2D, Dense, Dropout, MaxPool2D


class Constant(ClassifierMixin, BaseEstimator):
    """The least classifier that takes layers."""

    def __init__(self, layers=None, first=None):
        self.layers = layers
        self.first = first

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.full(len(X), self.classes_[0])


def test_clone_keeps_layers():
    layers = [Conv2D(8, 3), Dense(3)]
    copy = clone(Constant(layers, Dropout(0.5)))
    assert copy.layers == layers and copy.layers is not layers
    assert copy.first == Dropout(0.5)
    assert "Conv2D(8, 3)" in repr(copy)


def test_grid_search_over_architectures_and_layers():
    nets = [[Conv2D(8, 3), MaxPool2D()], [Conv2D(8, 3)], []]
    grid = {"layers": nets, "first": [Dropout(0.2), Dropout(0.4)]}
    X, y = np.zeros((12, 2)), np.repeat([0, 1], 6)
    search = GridSearchCV(Constant(), grid, cv=2).fit(X, y)
    assert sorted(map(repr, search.cv_results_["param_layers"])) == sorted(map(repr, nets * 2))
    assert list(search.cv_results_["param_first"][:2]) == [Dropout(0.2)] * 2
    assert search.best_params_["layers"] in nets
