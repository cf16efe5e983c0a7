"""Metadata routing: weights and validation rows on their way through pipelines and searches."""

import numpy as np
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.exceptions import UnsetMetadataPassedError
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from convnet import ConvNetClassifier, ConvNetRegressor, ConvNetTransformer
from convnet.layers import Dense

WANTED = dict.fromkeys(("sample_weight", "X_val", "y_val", "sample_weight_val"), True)


@pytest.fixture(autouse=True)
def routing():
    with config_context(enable_metadata_routing=True):
        yield


@pytest.fixture
def rows(digits):
    """X, y, weights of 400 flat rows, and the same of 200 others."""
    X, y, weights = digits[0].reshape(-1, 64), digits[1], np.linspace(0.5, 2, 600)
    return (X[:400], y[:400], weights[:400]), (X[400:], y[400:], weights[400:])


def passed(rows):
    (_, _, weights), (X_val, y_val, weights_val) = rows
    return {
        "sample_weight": weights,
        "X_val": X_val,
        "y_val": y_val,
        "sample_weight_val": weights_val,
    }


@pytest.mark.parametrize("kind", [ConvNetClassifier, ConvNetRegressor])
def test_a_pipeline_transforms_the_validation_rows_too(kind, rows):
    (X, y, weights), (X_val, y_val, weights_val) = rows
    net = kind([Dense(8, activation="relu")], max_iter=3, random_state=0)
    scale = StandardScaler().set_fit_request(sample_weight=False)
    step = clone(net).set_fit_request(**WANTED)
    pipe = Pipeline([("scale", scale), ("net", step)], transform_input=["X_val"])
    pipe.fit(X, y, **passed(rows))
    scaler = StandardScaler().fit(X)
    net.fit(
        scaler.transform(X),
        y,
        weights,
        X_val=scaler.transform(X_val),
        y_val=y_val,
        sample_weight_val=weights_val,
    )
    assert pipe[-1].validation_scores_ == net.validation_scores_
    np.testing.assert_array_equal(pipe.predict(X_val), net.predict(scaler.transform(X_val)))


def test_what_is_not_requested_is_refused(rows):
    (X, y, _), _ = rows
    net = ConvNetClassifier([], max_iter=1)
    with pytest.raises(UnsetMetadataPassedError, match="X_val"):
        make_pipeline(net).fit(X, y, **passed(rows))


def test_a_transformer_passes_on_what_the_net_requests(rows):
    (X, y, weights), (X_val, y_val, weights_val) = rows
    net = ConvNetClassifier([Dense(8)], max_iter=3, random_state=0)
    pipe = make_pipeline(
        ConvNetTransformer(clone(net).set_fit_request(**WANTED)), KNeighborsClassifier()
    ).fit(X, y, **passed(rows))
    net.fit(X, y, weights, X_val=X_val, y_val=y_val, sample_weight_val=weights_val)
    fitted = pipe[0].estimator_
    assert fitted.validation_scores_ == net.validation_scores_
    np.testing.assert_array_equal(fitted.predict_proba(X), net.predict_proba(X))


class Spy(ConvNetClassifier):
    """Notes the rows that it is given."""

    seen = []

    def fit(self, X, y, sample_weight=None, *, X_val=None, y_val=None, sample_weight_val=None):
        self.seen.append((len(X), len(X_val)))
        return super().fit(X, y, sample_weight, X_val=X_val, y_val=y_val)


@pytest.mark.parametrize(
    ("n_val", "expected"), [(300, [(200, 300), (200, 300)]), (400, [(200, 200), (200, 200)])]
)
def test_a_search_slices_what_has_as_many_rows_as_X(rows, n_val, expected):
    """The trap that the user guide describes: validation rows as many as those of X are split with the folds."""
    (X, y, _), (X_val, y_val, _) = rows
    X_val, y_val = np.resize(X_val, (n_val, 64)), np.resize(y_val, n_val)
    net = Spy([], max_iter=1).set_fit_request(X_val=True, y_val=True)
    Spy.seen.clear()
    GridSearchCV(net, {"alpha": [0.1]}, cv=2, refit=False).fit(X, y, X_val=X_val, y_val=y_val)
    assert Spy.seen == expected


def test_scores_take_weights(rows):
    (X, y, weights), _ = rows
    net = ConvNetClassifier([], max_iter=1, random_state=0).set_score_request(sample_weight=True)
    search = GridSearchCV(net.set_fit_request(sample_weight=True), {"alpha": [0.1]}, cv=2)
    first = search.fit(X, y, sample_weight=weights).cv_results_["mean_test_score"]
    second = search.fit(X, y, sample_weight=weights[::-1]).cv_results_["mean_test_score"]
    assert first != second
