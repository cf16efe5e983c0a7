"""Predictions of one plain sample, which take a native way after the first: the same bits and the same errors."""

import pickle
import threading

import numpy as np
import pytest

from convnet import ConvNetClassifier, ConvNetRegressor, ConvNetTransformer
from convnet.layers import Conv1D, Conv2D, Dense, MaxPool2D

RNG = np.random.default_rng(0)
IMAGES = RNG.random((60, 9, 7, 1), dtype=np.float32)
Y = np.arange(60) % 3
CONV = [Conv2D(4, 3, activation="relu"), MaxPool2D(2)]


def fit(X=IMAGES, y=Y, layers=CONV, kind=ConvNetClassifier, **params):
    return kind(layers, max_iter=2, random_state=0, **params).fit(X, y)


def is_native(clf, X):
    """Return whether the last prediction prepared the native way, and X can take it."""
    single = clf._network_cache.single
    return single is not None and single.is_for(vars(clf)) and single.outputs(X) is not None


CASES = {
    "images": (IMAGES, CONV),
    "doubles": (IMAGES.astype(np.float64), CONV),
    "bytes": ((IMAGES * 255).astype(np.uint8), CONV),
    "colors": (RNG.random((60, 9, 7, 3)), CONV),
    "gray images without channels": (IMAGES[..., 0], CONV),
    "signals": (RNG.random((60, 20, 2), dtype=np.float32), [Conv1D(4, 3)]),
    "rows": (RNG.random((60, 8)), [Dense(5, activation="relu")]),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("n_classes", [2, 3])
def test_the_bits_of_a_batch(case, n_classes):
    X, layers = CASES[case]
    clf = fit(X, np.arange(60) % n_classes, layers)
    logits, p, classes = clf.decision_function(X), clf.predict_proba(X), clf.predict(X)
    for i in range(3):
        for _ in range(2):  # the general way, then the native one
            one = X[i : i + 1].copy()
            assert (clf.decision_function(one) == logits[i]).all()
            assert (clf.predict_proba(one) == p[i]).all()
            assert clf.predict(one) == classes[i]
            assert is_native(clf, one)


def test_regressors_and_transformers():
    reg = fit(y=IMAGES.mean(axis=(1, 2, 3)), kind=ConvNetRegressor)
    values, one = reg.predict(IMAGES), IMAGES[5:6].copy()
    assert reg.predict(one) == reg.predict(one) == values[5] and is_native(reg, one)
    transformer = ConvNetTransformer(ConvNetClassifier(CONV, max_iter=1, random_state=0))
    features = transformer.fit(IMAGES, Y).transform(IMAGES)
    assert (transformer.transform(one) == features[5]).all()


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(lambda X: X[:, ::-1], id="reversed"),
        pytest.param(lambda X: np.asfortranarray(X), id="Fortran order"),
        pytest.param(lambda X: X.astype(">f4"), id="other byte order"),
        pytest.param(lambda X: X.tolist(), id="list"),
        pytest.param(lambda X: X.astype(np.float64), id="other dtype"),
        pytest.param(lambda X: np.repeat(X, 2, axis=0), id="two samples"),
        pytest.param(lambda X: X.view(np.memmap), id="subclass"),
        pytest.param(lambda X: X[:0], id="no samples"),
    ],
)
def test_what_is_not_plain_takes_the_general_way(other):
    clf = fit()
    one = IMAGES[:1].copy()
    clf.predict_proba(one)
    X = other(one)
    assert clf._network_cache.single.outputs(X) is None
    if len(X):
        expected = fit().predict_proba(X)
        assert (clf.predict_proba(X) == expected).all()
    else:
        with pytest.raises(ValueError, match="0 sample"):
            clf.predict_proba(X)


@pytest.mark.parametrize(
    ("layers", "shape"), [(CONV[:1], (60, 3, 3, 3)), ([Conv1D(4, 3)], (60, 8, 8))]
)
def test_channels_first_takes_the_general_way(layers, shape):
    """The shape alone does not tell the order of axes."""
    X = RNG.random(shape, dtype=np.float32)
    clf = fit(X, layers=layers, data_format="channels_first")
    expected = clf.predict_proba(X)
    for _ in range(2):
        assert (clf.predict_proba(X[:1].copy()) == expected[0]).all()


def test_another_order_of_axes_is_refused_each_time():
    X = RNG.random((60, 3, 5, 5), dtype=np.float32)
    clf = fit(X, layers=CONV[:1], data_format="channels_first")
    clf.predict(X[:1].copy())
    with pytest.raises(ValueError, match="looks channels-last"):
        clf.predict(np.moveaxis(X[:1], 1, -1).copy())


def test_a_network_that_was_dropped_meanwhile_prepares_nothing():
    """As after a partial_fit that failed in another thread: its weights are not those of the estimator."""
    clf = fit()
    cache, network = clf._network_cache, clf._network()
    cache.reset()
    cache.prepare_single(network, np.dtype(np.float32), 1.0, vars(clf), ("weights_",))
    assert cache.single is None
    network = clf._network()
    cache.training_pid = 1
    cache.prepare_single(network, np.dtype(np.float32), 1.0, vars(clf), ("weights_",))
    assert cache.single is None


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("where", [0, -1])
def test_values_that_are_not_finite(dtype, value, where):
    X = IMAGES.astype(dtype)
    clf = fit(X)
    one = X[:1].copy()
    clf.predict(one)
    assert is_native(clf, one)
    one.reshape(-1)[where] = value
    with pytest.raises(ValueError, match="NaN" if np.isnan(value) else "infinity"):
        clf.predict(one)


def test_doubles_beyond_float32():
    X = IMAGES.astype(np.float64)
    clf = fit(X)
    one = X[:1].copy()
    clf.predict(one)
    largest = float(np.finfo(np.float32).max)
    one[0, 0, 0, 0] = -np.nextafter(largest, np.inf)
    assert clf._network_cache.single.outputs(one) is None
    with pytest.raises(ValueError, match="too large for dtype"):
        clf.predict(one)


def test_outputs_that_overflow():
    clf = fit(rescale=None)
    one = IMAGES[:1].copy()
    clf.predict(one)
    one[...] = 3e38
    with pytest.raises(ValueError, match="outputs of the net"):
        clf.predict(one)


def test_units_of_another_dtype_are_checked_each_time():
    """A net fitted on bytes takes floats from 0 to 1 only."""
    clf = fit((IMAGES * 255).astype(np.uint8))
    one = IMAGES[:1].astype(np.float64)
    clf.predict(one)
    clf.predict(one)
    with pytest.raises(ValueError, match="Fitted on uint8 images"):
        clf.predict(one * 200)


def test_feature_names_are_checked_each_time():
    pd = pytest.importorskip("pandas")
    table = pd.DataFrame(RNG.random((60, 4)), columns=list("abcd"))
    clf = fit(table, layers=[Dense(3)])
    one = table.to_numpy()[:1].copy()
    for _ in range(2):
        with pytest.warns(UserWarning, match="does not have valid feature names"):
            clf.predict(one)


def test_a_wrong_n_jobs_is_refused_as_before():
    clf = fit()
    one = IMAGES[:1].copy()
    clf.predict(one)
    with pytest.raises(ValueError, match="n_jobs"):
        clf.set_params(n_jobs=0).predict(one)


def test_new_weights_are_used():
    clf = fit()
    one = IMAGES[:1].copy()
    before = clf.predict_proba(one)
    assert is_native(clf, one)
    clf.partial_fit(IMAGES, Y)
    after = clf.predict_proba(IMAGES)[0]
    assert (clf.predict_proba(one) == after).all() and (before != after).any()
    weights = {name: array * 0.5 for name, array in clf.weights_.items()}
    clf.set_weights(weights)
    assert (clf.predict_proba(one) == clf.predict_proba(IMAGES)[0]).all()
    clf.weights_ = fit().weights_  # by hand
    clf.predict_proba(one)
    assert (clf.predict_proba(one) == before).all()
    clf.fit(IMAGES, (Y + 1) % 3)
    assert (clf.predict_proba(one) == clf.predict_proba(IMAGES)[0]).all()


def test_a_failed_partial_fit_leaves_the_weights():
    clf = fit()
    clf.partial_fit(IMAGES, Y)
    one = IMAGES[:1].copy()
    before = clf.predict_proba(one)
    with pytest.raises(ValueError):
        clf.set_params(learning_rate_init=1e30).partial_fit(IMAGES, Y)
    for _ in range(2):
        assert (clf.predict_proba(one) == before).all()


def test_fitted_attributes_that_were_altered_are_found():
    clf = fit()
    one = IMAGES[:1].copy()
    clf.predict(one)
    clf.classes_ = np.array([1, 0, 2])
    with pytest.raises(ValueError, match="Inconsistent fitted attribute 'classes_'"):
        clf.predict(one)
    del clf.weights_
    with pytest.raises(Exception, match="not fitted"):
        clf.predict(one)


def test_pickles_prepare_again():
    clf = fit()
    one = IMAGES[:1].copy()
    p = clf.predict_proba(one)
    copy = pickle.loads(pickle.dumps(clf))
    assert copy._network_cache.single is None
    assert (copy.predict_proba(one) == p).all() and (copy.predict_proba(one) == p).all()


def test_several_threads_at_once():
    clf = fit()
    expected = clf.predict_proba(IMAGES)
    clf.predict_proba(IMAGES[:1].copy())
    wrong = []

    def work(start):
        for i in range(start, start + 200):
            if not (clf.predict_proba(IMAGES[i % 60][None].copy()) == expected[i % 60]).all():
                wrong.append(i)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
