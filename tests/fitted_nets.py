"""Fitted estimators of every kind, and a check that two of them are equal."""

import numpy as np

from convnet import ConvNetClassifier, ConvNetRegressor, ConvNetTransformer

FITTED = [
    *(
        "classes_",
        "n_outputs_",
        "y_mean_",
        "y_scale_",
        "n_features_in_",
        "feature_names_in_",
        "image_form_",
    ),
    *(
        "input_shape_",
        "layers_",
        "n_parameters_",
        "n_iter_",
        "best_iter_",
        "loss_",
        "loss_curve_",
        "validation_loss_curve_",
    ),
    *("loss_curve_", "validation_loss_curve_", "validation_scores_", "history_"),
    *("_input_format", "_validation_split", "_schedule_start"),
    *("_indicator_dtype", "init_report_"),
]


def images(n=24, shape=(8, 6, 2), seed=0):
    """Return n random uint8 images."""
    return np.random.default_rng(seed).integers(0, 256, (n, *shape), dtype=np.uint8)


def classifier(labels=(0, 1, 2), layers="auto", X=None, **params):
    """Return a classifier fitted on random images, and the images."""
    X = images() if X is None else X
    y = np.resize(np.asarray(labels), len(X))
    params = {"max_iter": 2, "random_state": 0} | params
    return ConvNetClassifier(layers, **params).fit(X, y), X


def multilabel(**params):
    """Return a classifier of three labels per image, and the images."""
    X = images()
    y = np.random.default_rng(1).integers(0, 2, (len(X), 3))
    return ConvNetClassifier(max_iter=2, random_state=0, **params).fit(X, y), X


def regressor(n_outputs=1, **params):
    """Return a regressor, and the images."""
    X = images()
    y = np.random.default_rng(1).normal(size=(len(X), n_outputs)).squeeze()
    return ConvNetRegressor(max_iter=2, random_state=0, **params).fit(X, y), X


def transformer():
    """Return a transformer that fitted its net, and the images."""
    X = images()
    net = ConvNetClassifier(max_iter=2, random_state=0)
    return ConvNetTransformer(net, -2).fit(X, np.resize([0, 1, 2], len(X))), X


def assert_same(found, expected, X):
    """Assert that two fitted nets have equal attributes and parameters, and the same bits as outputs."""
    assert type(found) is type(expected)
    for name in FITTED:
        assert hasattr(found, name) == hasattr(expected, name), name
        if hasattr(expected, name):
            own, other = getattr(found, name), getattr(expected, name)
            assert type(own) is type(other), name
            if isinstance(other, np.ndarray):
                assert own.dtype == other.dtype
            np.testing.assert_equal(own, other)
    assert list(found.weights_) == list(expected.weights_)
    for name, array in expected.weights_.items():
        assert found.weights_[name].dtype == np.float32
        assert not found.weights_[name].flags.writeable
        np.testing.assert_array_equal(found.weights_[name], array)
    np.testing.assert_array_equal(found._outputs(X), expected._outputs(X))
    np.testing.assert_array_equal(found.predict(X), expected.predict(X))
    assert found.predict(X).dtype == expected.predict(X).dtype
