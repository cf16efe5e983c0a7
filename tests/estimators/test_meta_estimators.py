"""ConvNetClassifier inside scikit-learn's tools."""

import numpy as np
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.inspection import permutation_importance
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV, cross_val_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from convnet import ConvNetClassifier
from convnet.layers import Conv2D, Dense, MaxPool2D

SMALL = [Conv2D(6, 3, activation="relu", name="stem"), MaxPool2D(2)]
LARGE = [*SMALL, Dense(16, activation="relu")]


@pytest.fixture
def clf():
    return ConvNetClassifier(
        SMALL, max_iter=8, batch_size=16, learning_rate_init=0.01, random_state=0
    )


@pytest.fixture
def flat(clf, digits):
    """The classifier for flat rows, and such rows."""
    X, y = digits
    return clf.set_params(input_shape=(8, 8)), X[:300].reshape(300, 64), y[:300]


def test_pipeline(flat):
    clf, X, y = flat
    pipe = make_pipeline(StandardScaler(), clf).fit(X, y)
    assert pipe.score(X, y) > 0.8
    pipe.set_params(convnetclassifier__layers__stem__filters=3)
    assert pipe[-1].layers[0].filters == 3


def test_grid_search_over_layer_parameters(clf, digits):
    X, y = digits[0][:200], digits[1][:200]
    grid = {
        "layers__stem__filters": [2, 6],
        "layers__0__kernel_size": [3, (1, 2)],
        "alpha": [1e-4, 1e-2],
    }
    search = GridSearchCV(clf.set_params(max_iter=2), grid, cv=2, n_jobs=2).fit(X, y)
    assert (
        len(search.cv_results_["params"]) == 8
        and np.isfinite(search.cv_results_["mean_test_score"]).all()
    )
    assert search.best_estimator_.layers[0].filters == search.best_params_["layers__stem__filters"]
    assert clf.layers == SMALL


def test_grid_search_over_architectures(clf, digits):
    X, y = digits[0][:200], digits[1][:200]
    grid = {"layers": [SMALL, LARGE, "auto"], "layers__0__filters": [4]}
    search = GridSearchCV(
        clf.set_params(max_iter=2), {"layers": grid["layers"]}, cv=2, n_jobs=2
    ).fit(X, y)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    both = GridSearchCV(clf, {"layers": [SMALL, LARGE], "layers__0__filters": [4]}, cv=2).fit(X, y)
    assert both.best_estimator_.layers[0].filters == 4 and SMALL[0].filters == 6


def test_halving_grid_search(clf, digits):
    X, y = digits[0][:200], digits[1][:200]
    search = HalvingGridSearchCV(
        clf,
        {"learning_rate_init": [1e-4, 1e-2]},
        resource="max_iter",
        min_resources=1,
        max_resources=4,
        factor=2,
        cv=2,
    ).fit(X, y)
    assert search.best_estimator_.max_iter == 2 == search.n_iterations_


def test_cross_val_score(clf, digits):
    assert cross_val_score(clf, *digits, cv=3).mean() > 0.8


def test_calibration(clf, digits):
    X, y = digits
    p = CalibratedClassifierCV(clf, cv=2).fit(X, y).predict_proba(X)
    np.testing.assert_allclose(p.sum(axis=1), 1)


def test_voting(flat):
    clf, X, y = flat
    other = KNeighborsClassifier()
    assert (
        VotingClassifier([("net", clf), ("neighbours", other)], voting="soft").fit(X, y).score(X, y)
        > 0.8
    )


def test_stacking(flat):
    clf, X, y = flat
    final = KNeighborsClassifier()
    assert (
        StackingClassifier([("net", clf)], final_estimator=final, cv=2).fit(X, y).score(X, y) > 0.8
    )


def test_bagging(flat):
    clf, X, y = flat
    assert BaggingClassifier(clf, n_estimators=3, random_state=0).fit(X, y).score(X, y) > 0.8


def test_boosting(flat):
    clf, X, y = flat
    assert AdaBoostClassifier(clf, n_estimators=3, random_state=0).fit(X, y).score(X, y) > 0.8


def test_one_versus_rest(clf, digits):
    X, y = digits[0][:300].reshape(300, 64), digits[1][:300]
    assert OneVsRestClassifier(clf.set_params(input_shape=(8, 8))).fit(X, y).score(X, y) > 0.8


def test_permutation_importance(flat):
    clf, X, y = flat
    result = permutation_importance(clf.fit(X, y), X, y, n_repeats=1, random_state=0)
    assert result.importances_mean.shape == (64,) and result.importances_mean.max() > 0
