"""What ConvNetClassifier learns and gives back."""

import numpy as np
import pytest
from sklearn.base import clone

from convnet import ConvNetClassifier
from convnet.layers import BatchNorm, Conv2D, Dense, Dropout, MaxPool2D, to_json

NET = [Conv2D(8, 3, activation="relu"), MaxPool2D(2), Dense(32, activation="relu")]


@pytest.fixture(scope="module")
def fitted(digits):
    return ConvNetClassifier(NET, batch_size=32, learning_rate_init=3e-3, random_state=0).fit(
        *digits
    )


def test_it_learns_digits(fitted, digits):
    X, y = digits
    assert fitted.score(X, y) > 0.95
    assert fitted.loss_curve_[-1] < fitted.loss_curve_[0]


def test_outputs_of_many_classes(fitted, digits):
    X = digits[0][:50]
    logits, p, log_p = (
        fitted.decision_function(X),
        fitted.predict_proba(X),
        fitted.predict_log_proba(X),
    )
    for array in (logits, p, log_p):
        assert array.dtype == np.float64 and array.shape == (50, 10)
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=0, atol=1e-15)
    np.testing.assert_allclose(np.exp(log_p), p, rtol=1e-12)
    np.testing.assert_array_equal(fitted.predict(X), fitted.classes_[logits.argmax(axis=1)])


def test_two_classes_are_one_logit(two):
    X, y = two
    clf = ConvNetClassifier(NET, batch_size=32, random_state=0).fit(X, y)
    logits = clf.decision_function(X)
    assert logits.shape == (len(X),) and logits.dtype == np.float64
    assert clf.classes_.tolist() == ["eight", "three"]
    np.testing.assert_allclose(clf.predict_proba(X)[:, 1], 1 / (1 + np.exp(-logits)), rtol=1e-12)
    np.testing.assert_array_equal(clf.predict(X), np.where(logits > 0, "three", "eight"))
    assert clf.score(X, y) > 0.95
    assert clf.layers_[-1].output_shape == (1,)


def test_log_probabilities_do_not_underflow(two):
    X, y = two
    clf = ConvNetClassifier([], rescale=None, learning_rate_init=0.1, random_state=0).fit(X, y)
    log_p = clf.predict_log_proba(X * np.uint8(1))
    assert np.isfinite(log_p).all() and log_p.min() < -50


def test_fitted_attributes(fitted):
    assert fitted.n_features_in_ == 64
    assert fitted.input_shape_ == (8, 8, 1)
    assert fitted.n_iter_ == fitted.best_iter_ == len(fitted.loss_curve_) == 30
    assert fitted.loss_ == fitted.loss_curve_[-1]
    assert [layer.name for layer in fitted.layers_] == [
        "conv1",
        "pool1",
        "flatten",
        "dense1",
        "output",
    ]
    assert (
        fitted.n_parameters_
        == sum(w.size for w in fitted.weights_.values())
        == 80 + 72 * 32 + 32 + 330
    )
    assert set(fitted.history_) == {"loss", "score", "learning_rate", "seconds"}
    for name in ("feature_names_in_", "validation_scores_", "validation_loss_curve_"):
        assert not hasattr(fitted, name)


def test_weights_are_read_only(fitted):
    weights = fitted.weights_["conv1/weights"]
    assert weights.shape == (3, 3, 1, 8) and weights.dtype == np.float32
    with pytest.raises(ValueError, match="read-only"):
        weights[0] = 0
    with pytest.raises(TypeError):
        fitted.weights_["conv1/weights"] = weights


@pytest.mark.parametrize(
    "labels",
    [
        np.array(["a", "b", "c"]),
        np.array([-5, 0, 7]),
        np.array([1.0, 2.0, 3.0]),
        np.array([2, 9, 4], "u1"),
    ],
)
def test_any_labels(digits, labels):
    X, y = digits[0][:60], labels[digits[1][:60] % 3]
    clf = ConvNetClassifier([Dense(8)], max_iter=1, random_state=0).fit(X, y)
    np.testing.assert_array_equal(clf.classes_, np.sort(labels))
    assert clf.predict(X).dtype == y.dtype


def test_images_and_flat_rows_give_the_same_bits(digits):
    X, y = digits
    clf = ConvNetClassifier(NET, max_iter=1, random_state=0)
    expected = clone(clf).fit(X, y).predict_proba(X)
    for other, options in [
        (X[..., 0], {}),
        (X.reshape(len(X), 64), {"input_shape": (8, 8)}),
        (np.asfortranarray(X.reshape(len(X), 64)), {"input_shape": (8, 8, 1)}),
        (np.moveaxis(X, -1, 1), {"data_format": "channels_first"}),
        (X.reshape(len(X), 64), {"data_format": "channels_first", "input_shape": [1, 8, 8]}),
    ]:
        fitted = clone(clf).set_params(**options).fit(other, y)
        assert fitted.input_shape_ == (8, 8, 1) and fitted.n_features_in_ == 64
        np.testing.assert_array_equal(fitted.predict_proba(other), expected)


def test_flat_channels_first_rows(digits):
    y = digits[1][:40]
    X = np.random.default_rng(0).random((40, 3, 5, 4), dtype=np.float32)
    clf = ConvNetClassifier(
        [Conv2D(4, 3)], data_format="channels_first", max_iter=1, random_state=0
    )
    expected = clone(clf).fit(X, y).predict_proba(X)
    flat = X.reshape(40, -1)
    fitted = clone(clf).set_params(input_shape=(3, 5, 4)).fit(flat, y)
    assert fitted.input_shape_ == (5, 4, 3)
    np.testing.assert_array_equal(fitted.predict_proba(flat), expected)
    np.testing.assert_array_equal(fitted.predict_proba(X), expected)


@pytest.mark.parametrize(
    "dtype", ["bool", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", ">f4"]
)
def test_every_dtype(digits, dtype):
    X, y = digits[0][:50] > 128, digits[1][:50]
    clf = ConvNetClassifier(NET, rescale=None, max_iter=1, random_state=0)
    expected = clone(clf).fit(X, y).predict_proba(X)
    X = X.astype(dtype)
    np.testing.assert_array_equal(clf.fit(X, y).predict_proba(X), expected)


def test_spec_as_data(digits, tmp_path):
    X, y = digits[0][:80], digits[1][:80]
    path = tmp_path / "spec.json"
    path.write_text(to_json(NET))
    specs = [NET, tuple(NET), [layer.to_dict() for layer in NET], to_json(NET), path, str(path)]
    fits = [
        ConvNetClassifier(spec, max_iter=1, random_state=0).fit(X, y).predict_proba(X)
        for spec in specs
    ]
    for p in fits[1:]:
        np.testing.assert_array_equal(p, fits[0])


def test_auto_layers(digits):
    X, y = digits[0][:80], digits[1][:80]
    images = ConvNetClassifier(max_iter=1).fit(X, y)
    flat = ConvNetClassifier(max_iter=1).fit(X.reshape(80, 64), y)
    assert {"Conv2D", "BatchNorm"} <= {layer.type for layer in images.layers_}
    assert [layer.type for layer in flat.layers_] == [
        *("Normalize", "Dense", "Dropout", "Dense", "Dropout", "Dense")
    ]


def test_batches_of_any_size_predict_the_same_bits(digits):
    X, y = digits
    net = [
        Conv2D(8, 3, activation="relu"),
        BatchNorm(),
        MaxPool2D(2),
        Dropout(0.3),
        Dense(40, activation="relu"),
    ]
    clf = ConvNetClassifier(net, max_iter=2, random_state=0).fit(X, y)
    many = np.concatenate([X, X])[:1000]
    expected = clf.predict_proba(many)
    for size in (1, 7):
        parts = [clf.predict_proba(many[i : i + size]) for i in range(0, 1000, size)]
        np.testing.assert_array_equal(np.concatenate(parts), expected)


@pytest.mark.parametrize("solver", ["adam", "adamw", "rmsprop", "sgd"])
def test_solver_parameters_count(digits, solver):
    X, y = digits[0][:128], digits[1][:128]
    base = ConvNetClassifier([Dense(16)], solver=solver, max_iter=4, batch_size=32, random_state=0)
    expected = clone(base).fit(X, y).predict_proba(X)
    own = {
        "adam": {"beta_1": 0.5, "beta_2": 0.9, "epsilon": 0.1},
        "sgd": {"momentum": 0.1, "nesterovs_momentum": False},
        "rmsprop": {"beta_1": 0.5, "epsilon": 0.1},
    }
    own["adamw"] = own["adam"]
    shared = {
        "alpha": 10.0,
        "clip_norm": 1e-3,
        "label_smoothing": 0.2,
        "batch_size": 16,
        "shuffle": False,
        "learning_rate_init": 0.1,
        "rescale": 0.1,
    }
    for name, value in (own[solver] | shared).items():
        p = clone(base).set_params(**{name: value}).fit(X, y).predict_proba(X)
        assert not np.array_equal(p, expected), name


def test_verbose_prints_a_line_an_epoch(digits, capsys):
    X, y = digits[0][:80], digits[1][:80]
    ConvNetClassifier([], max_iter=3, verbose=True).fit(X, y)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3 and lines[2].startswith("epoch 3/3  loss ")
    ConvNetClassifier([], max_iter=3).fit(X, y)
    assert capsys.readouterr().out == ""
