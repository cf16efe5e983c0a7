"""ConvNetRegressor."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.exceptions import DataConversionWarning
from sklearn.metrics import r2_score
from sklearn.model_selection import cross_val_predict
from sklearn.multioutput import MultiOutputRegressor
from sklearn.preprocessing import StandardScaler

from convnet import ConvNetRegressor
from convnet.layers import Conv2D, Dense, MaxPool2D

NET = [Conv2D(8, 3, activation="relu"), MaxPool2D(2), Dense(32, activation="relu")]
LOSSES = {
    "squared_error": lambda r: r * r / 2,
    "absolute_error": np.abs,
    "huber": lambda r: np.where(np.abs(r) <= 1, r * r / 2, np.abs(r) - 0.5),
}


@pytest.fixture(scope="module")
def table(digits):
    """The images, and the mean of each one's upper and lower half, of mean 0 and deviation 1."""
    X = digits[0]
    halves = np.column_stack([X[:, :4].mean(axis=(1, 2, 3)), X[:, 4:].mean(axis=(1, 2, 3))])
    return X, StandardScaler().fit_transform(halves)


@pytest.fixture(scope="module")
def net():
    return ConvNetRegressor(
        NET, batch_size=32, learning_rate_init=3e-3, random_state=0, learning_rate="constant"
    )


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("columns", [slice(0, 1), slice(0, 2)])
def test_it_learns(net, table, loss, columns):
    X, y = table[0], np.squeeze(table[1][:, columns])
    fitted = clone(net).set_params(loss=loss).fit(X, y)
    values = fitted.predict(X)
    assert values.dtype == np.float64 and values.shape == y.shape
    assert fitted.score(X, y) == r2_score(y, values) > 0.9
    assert fitted.n_outputs_ == y.ndim and not hasattr(fitted, "classes_")


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("n_outputs", [1, 2])
def test_the_loss_is_the_formula(table, loss, n_outputs):
    """The first step's loss, against float64, in standardized units. Residuals lie on both sides of Huber's bound."""
    X, y = table[0], 7 + 2 * table[1][:, :n_outputs]
    y = y[:, 0] if n_outputs == 1 else y
    weights = np.linspace(0.5, 2, len(X))
    fitted = ConvNetRegressor(
        NET,
        loss=loss,
        batch_size=len(X),
        learning_rate_init=1e-30,
        alpha=0,
        max_iter=1,
        random_state=0,
        learning_rate="constant",
    ).fit(X, y, weights)
    residuals = (fitted.predict(X) - y).reshape(len(X), -1) / fitted.y_scale_
    losses = LOSSES[loss](residuals).mean(axis=1)
    assert fitted.loss_ == pytest.approx(np.average(losses, weights=weights), rel=1e-5)


@pytest.mark.parametrize("loss", LOSSES)
def test_the_constant_that_each_loss_ends_at(loss):
    """A net of a bias alone learns the mean, the median, or what lies between."""
    y = np.repeat([0.0, 0.5, 8.0], [3, 4, 2])
    X = np.zeros((len(y), 1))
    fitted = ConvNetRegressor(
        [], loss=loss, solver="sgd", momentum=0, learning_rate_init=0.05, max_iter=2000, tol=0,
        n_iter_no_change=np.inf, alpha=0, normalize_y=False, learning_rate="constant", batch_size=len(y),
    ).fit(X, y)  # fmt: skip
    # Huber: 3 b + 4 (b - 0.5) = 2 gives b = 4/7
    expected = {"squared_error": 2.0, "absolute_error": 0.5, "huber": 4 / 7}[loss]
    assert fitted.predict(X[:1])[0] == pytest.approx(expected, abs=0.02)


def test_many_outputs_agree_with_one_for_each(table):
    """Without hidden layers the outputs share nothing: the loss of two is the mean of theirs."""
    X, y = table
    net = ConvNetRegressor(
        [],
        solver="sgd",
        learning_rate_init=0.02,
        alpha=0,
        shuffle=False,
        max_iter=30,
        tol=0,
        random_state=0,
        learning_rate="constant",
    )
    each = MultiOutputRegressor(net).fit(X.reshape(len(X), 64), y)
    both = clone(net).set_params(learning_rate_init=0.04, max_iter=30).fit(X.reshape(len(X), 64), y)
    assert abs(both.score(X.reshape(len(X), 64), y) - each.score(X.reshape(len(X), 64), y)) < 0.02


def test_a_column_is_one_output_with_a_warning(net, table):
    X, y = table[0], table[1][:, :1]
    net = clone(net).set_params(max_iter=2)
    expected = clone(net).fit(X, y[:, 0]).predict(X)
    with pytest.warns(DataConversionWarning, match="column-vector y"):
        values = net.fit(X, y).predict(X)
    np.testing.assert_array_equal(values, expected)


@pytest.mark.parametrize("dtype", ["i1", "u2", "i8", "f2", "f4", "f8", ">f8", bool, object])
def test_every_dtype_of_y(table, dtype):
    X, y = table[0], (table[1] > 0).astype(dtype)
    net = ConvNetRegressor([Dense(4)], max_iter=1, random_state=0, learning_rate="constant")
    expected = clone(net).fit(X, y.astype(float)).predict(X)
    np.testing.assert_array_equal(net.fit(X, y).predict(X), expected)
    np.testing.assert_array_equal(net.fit(X, y.tolist()).predict(X), expected)


@pytest.mark.parametrize("columns", [slice(0, 1), slice(0, 2)])
def test_early_stopping_by_r2(net, table, columns):
    X, y = table[0], np.squeeze(table[1][:, columns])
    early = clone(net).set_params(early_stopping=True, max_iter=5, loss="huber").fit(X, y)
    _, held = early._task(y).split(y, 0.1, early._validation_split)
    best = early.best_iter_ - 1
    assert early.validation_scores_[best] == pytest.approx(early.score(X[held], y[held]), abs=1e-6)
    losses = LOSSES["huber"]((early.predict(X[held]) - y[held]) / early.y_scale_)
    assert early.validation_loss_curve_[best] == pytest.approx(losses.mean(), rel=1e-5)
    assert len(held) == 60 and max(early.validation_scores_) == early.validation_scores_[best]


def test_validation_on_rows_that_are_passed(net, table):
    X, y = table
    net = clone(net).set_params(max_iter=3, scoring="neg_mean_absolute_error")
    weights = np.linspace(1, 3, 200)
    net.fit(X[:400], y[:400], X_val=X[400:], y_val=y[400:], sample_weight_val=weights)
    errors = np.abs(net.predict(X[400:]) - y[400:]).mean(axis=1)
    assert max(net.validation_scores_) == pytest.approx(-np.average(errors, weights=weights))
    with pytest.raises(ValueError, match="y_val: y has 1 columns; the net has 2 outputs"):
        net.fit(X[:400], y[:400], X_val=X[400:], y_val=y[400:, 0])
    with pytest.raises(ValueError, match="scoring='accuracy' cannot score this target"):
        net.set_params(scoring="accuracy").fit(X[:400], y[:400], X_val=X[400:], y_val=y[400:])


def test_sample_weights(table):
    """A weight of 2 is a row twice, ones are none, and 0 leaves a row out."""
    X, y = table[0][:100], table[1][:100]
    net = ConvNetRegressor(
        NET, batch_size=200, max_iter=5, random_state=0, learning_rate="constant"
    )
    counts = np.random.default_rng(0).integers(0, 3, len(X))
    weighted = clone(net).fit(X, y, counts).predict(X)
    repeated = clone(net).fit(np.repeat(X, counts, axis=0), np.repeat(y, counts, axis=0)).predict(X)
    np.testing.assert_allclose(weighted, repeated, rtol=1e-4, atol=1e-4)
    plain = clone(net).fit(X, y).predict(X)
    np.testing.assert_array_equal(clone(net).fit(X, y, np.ones(len(X))).predict(X), plain)
    assert not np.allclose(weighted, plain, atol=1e-3)


def test_score_takes_weights(net, table):
    X, y = table
    fitted, weights = clone(net).set_params(max_iter=1).fit(X, y), np.arange(len(X))
    assert fitted.score(X, y, weights) == r2_score(y, fitted.predict(X), sample_weight=weights)


def test_partial_fit_is_unshuffled_epochs(net, table):
    X, y = table
    whole = clone(net).set_params(shuffle=False, max_iter=2).fit(X, y)
    parts = clone(net).set_params(shuffle=False)
    parts.partial_fit(X, y).partial_fit(X, y)
    np.testing.assert_array_equal(parts.predict(X), whole.predict(X))
    assert parts.n_iter_ == 2


def test_partial_fit_heeds_a_change_of_the_loss(net, table):
    X, y = table[0], 5 * table[1]
    net = clone(net).set_params(normalize_y=False)
    nets = [clone(net).partial_fit(X, y) for _ in range(2)]
    nets[0].set_params(loss="absolute_error").partial_fit(X, y)
    nets[1].partial_fit(X, y)
    assert not np.array_equal(nets[0].predict(X), nets[1].predict(X))
    assert nets[0].history_["loss"][1] < nets[1].history_["loss"][1] / 2


def test_warm_start(net, table):
    X, y = table
    warm = clone(net).set_params(warm_start=True, max_iter=3).fit(X, y).fit(X, y)
    assert warm.n_iter_ == 6
    with pytest.raises(ValueError, match="y has 1 columns; the net has 2 outputs"):
        warm.fit(X, y[:, 0])


def test_threads_do_not_change_bits(net, table):
    X, y = table
    values = [clone(net).set_params(n_jobs=n, max_iter=2).fit(X, y).predict(X) for n in (1, 3)]
    np.testing.assert_array_equal(*values)


def test_pickle_and_summary(net, table):
    X, y = table
    fitted = clone(net).set_params(max_iter=1).fit(X, y)
    copy = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(copy.predict(X), fitted.predict(X))
    assert clone(net).summary(X, y).layers[-1].output_shape == (2,)
    assert clone(net).summary(X, y[:, 0]).layers[-1].output_shape == (1,)


@pytest.mark.parametrize("loss", LOSSES)
def test_constant_targets(net, table, loss):
    X, y = table[0], np.full(len(table[0]), 3.0)
    fitted = clone(net).set_params(loss=loss, max_iter=40).fit(X, y)
    np.testing.assert_allclose(fitted.predict(X), y, atol=0.5)
    early = clone(net).set_params(loss=loss, early_stopping=True, max_iter=3).fit(X, y)
    assert np.isfinite(early.validation_scores_).all()


def test_targets_are_standardized_as_by_transformed_target_regressor(net, table):
    X, y = table[0], 2e5 + 7e4 * table[1]
    plain = clone(net).set_params(normalize_y=False)
    expected = TransformedTargetRegressor(plain, transformer=StandardScaler()).fit(X, y)
    fitted = clone(net).fit(X, y)
    np.testing.assert_allclose(fitted.predict(X), expected.predict(X), rtol=1e-4)
    assert fitted.score(X, y) > 0.9
    np.testing.assert_allclose(fitted.y_mean_, y.mean(axis=0))
    np.testing.assert_allclose(fitted.y_scale_, y.std(axis=0))


@pytest.mark.parametrize("scale", [1e-140, 1e-30, 1.0, 1e30, 1e140])
def test_the_unit_of_the_targets_does_not_matter(net, table, scale):
    X, y = table
    net = clone(net).set_params(max_iter=3)
    expected = clone(net).fit(X, y).predict(X)
    np.testing.assert_allclose(net.fit(X, scale * y).predict(X) / scale, expected, atol=1e-3)


def test_only_the_training_set_determines_the_scaling(net, table):
    """Not the validation set, whether it is split off or passed, nor samples without weight."""
    X, y = table[0], table[1][:, 0]
    net = clone(net).set_params(max_iter=1)
    early = clone(net).set_params(early_stopping=True).fit(X, y)
    train, _ = early._task(y).split(y, 0.1, early._validation_split)
    assert early.y_mean_ == pytest.approx(y[train].mean(), rel=1e-12)
    assert early.y_scale_ == pytest.approx(y[train].std(), rel=1e-12)
    passed = clone(net).fit(X[:300], y[:300], X_val=X[300:], y_val=y[300:] + 100)
    assert passed.y_mean_ == pytest.approx(y[:300].mean(), rel=1e-12)
    weights = np.arange(len(y)) % 3
    weighted = clone(net).fit(X, np.where(weights, y, 1e140), weights)
    assert weighted.y_mean_ == pytest.approx(np.average(y, weights=weights), rel=1e-12)


def test_the_scaling_is_kept(net, table):
    """By later calls of partial_fit and by warm starts, and a fit computes it again."""
    X, y = table
    parts = clone(net).partial_fit(X, y)
    mean, scale = parts.y_mean_, parts.y_scale_
    parts.partial_fit(X, 9 * y - 3)
    assert (parts.y_mean_ == mean).all() and (parts.y_scale_ == scale).all()
    warm = clone(net).set_params(warm_start=True, max_iter=1).fit(X, y).fit(X, 9 * y - 3)
    assert (warm.y_mean_ == mean).all() and (warm.y_scale_ == scale).all()
    np.testing.assert_allclose(parts.fit(X, 9 * y - 3).y_scale_, 9 * scale)
    with pytest.warns(UserWarning, match="y is constant in the first call"):
        one = clone(net).partial_fit(X[:1], y[:1])
    assert (one.y_mean_ == y[0]).all() and (one.y_scale_ == 1).all()


def test_without_normalize_y(net, table):
    X, y = table
    plain = clone(net).set_params(normalize_y=False, max_iter=1).fit(X, y)
    assert (plain.y_mean_ == 0).all() and (plain.y_scale_ == 1).all()
    with pytest.raises(ValueError, match=r"y has values up to .*e\+30, .*Set normalize_y=True"):
        clone(plain).fit(X, 1e30 * y)
    with pytest.raises(ValueError, match=r"y_val has values up to .*e\+30"):
        clone(plain).fit(X, y, X_val=X, y_val=1e30 * y)
    absolute = clone(plain).set_params(loss="absolute_error")
    assert np.isfinite(absolute.fit(X, 1e30 * y).predict(X)).all()
    with pytest.raises(ValueError, match=r"too large for the loss in float32"):
        absolute.fit(X, 1e39 * y)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (np.nan, "Input y contains NaN"),
        (np.inf, "Input y contains infinity"),
        (1e151, r"y has values up to 1e\+151. Squares of values above 1e\+150 are too large"),
    ],
)
def test_targets_that_are_not_finite(net, table, value, message):
    X, y = table[0], table[1].copy()
    y[3, 1] = value
    with pytest.raises(ValueError, match=message):
        clone(net).fit(X, y)
    fitted = clone(net).set_params(max_iter=1).fit(*table)
    with pytest.raises(ValueError, match=message):
        fitted.score(X, y)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (
            ["a", "b", "c"],
            "y has text such as 'a'. A regressor needs numbers. For classes, use ConvNetClassifier",
        ),
        ([0, 1.5, None], "y contains NaN or None in 1 of 3 samples; the first has index 2"),
        ([np.nan, 1, np.nan], "y contains NaN or None in 2 of 3 samples; the first has index 0"),
        ([1j, 2, 3], "Complex data not supported"),
        (np.zeros((3, 2, 2)), r"must have shape \(n,\) or \(n, n_outputs\)"),
        (np.zeros((3, 0)), "0 feature"),
        (np.zeros(4), "X has 3 samples, but y has 4"),
        (np.array(["2020-01-01"] * 3, "M8[D]"), "dtype"),
        (None, "requires y to be passed"),
    ],
)
def test_targets_that_cannot_be_learnt(digits, y, message):
    with pytest.raises(ValueError, match=message):
        ConvNetRegressor([Dense(2)], learning_rate="constant").fit(digits[0][:3], y)


def test_sparse_targets_are_refused(digits):
    from scipy.sparse import csr_matrix

    with pytest.raises(TypeError, match="dense data is required"):
        ConvNetRegressor([Dense(2)], learning_rate="constant").fit(
            digits[0][:3], csr_matrix(np.eye(3))
        )


def test_early_stopping_needs_two_rows_held_out(digits):
    X, y = digits[0][:8], np.arange(8.0)
    with pytest.raises(
        ValueError, match=r"validation score needs 2 samples or more; the validation set has 1"
    ):
        ConvNetRegressor([], early_stopping=True, learning_rate="constant").fit(X, y)


def test_cross_validation(net, table):
    X, y = table
    values = cross_val_predict(net, X, y, cv=3)
    assert values.shape == y.shape and r2_score(y, values) > 0.8
