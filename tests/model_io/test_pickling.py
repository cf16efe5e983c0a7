"""Saved and copied estimators."""

import copy
import io
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import joblib
import numpy as np
import pytest

from convnet import ConvNetClassifier
from convnet.layers import BatchNorm, Conv2D, Dense, MaxPool2D

NET = [Conv2D(8, 3, name="stem"), BatchNorm(), MaxPool2D(2), Dense(32, activation="relu")]
LOADERS = {"pickle": "pickle.load(open({0!r}, 'rb'))", "joblib": "joblib.load({0!r})"}
LOADERS["cloudpickle"] = LOADERS["pickle"]
LOADERS["joblib mmap"] = "joblib.load({0!r}, mmap_mode='r')"


@pytest.fixture(scope="module")
def fitted(digits):
    return ConvNetClassifier(NET, max_iter=2, random_state=0).fit(*digits)


def dump(kind, clf, path):
    if kind.startswith("joblib"):
        joblib.dump(clf, path)
        return
    module = pytest.importorskip(kind)
    path.write_bytes(module.dumps(clf))


@pytest.mark.slow
@pytest.mark.parametrize("kind", LOADERS)
def test_round_trip_in_a_new_process(fitted, digits, tmp_path, kind):
    X, _ = digits
    path, data, out = (str(tmp_path / name) for name in ("model", "X.npy", "p.npy"))
    dump(kind, fitted, tmp_path / "model")
    np.save(data, X)
    code = f"""
import pickle, joblib, numpy as np
clf = {LOADERS[kind].format(path)}
np.save({out!r}, clf.predict_proba(np.load({data!r})))
assert not clf.weights_["stem/weights"].flags.writeable
clf.set_params(warm_start=True, max_iter=1).fit(np.load({data!r}), clf.predict(np.load({data!r})))
"""
    subprocess.run([sys.executable, "-c", code], check=True)
    np.testing.assert_array_equal(np.load(out), fitted.predict_proba(X))


def test_size(digits):
    X, y = digits[0][:100], digits[1][:100]
    for layers in (NET, [Dense(600), Dense(600)]):
        clf = ConvNetClassifier(layers, max_iter=2).fit(X, y)
        clf.predict(X)
        clf.partial_fit(X, y)
        weights = sum(w.nbytes for w in clf.weights_.values())
        file = io.BytesIO()
        joblib.dump(clf, file)
        for size in (len(pickle.dumps(clf)), len(file.getvalue())):
            assert size <= 1.1 * weights + 20_000


def test_predict_changes_no_attribute(fitted, digits):
    clf = pickle.loads(pickle.dumps(fitted))
    before = dict(vars(clf))
    clf.predict(digits[0])
    assert vars(clf).keys() == before.keys()
    assert all(vars(clf)[name] is value for name, value in before.items())


def test_copies_do_not_share_a_network(fitted, digits):
    X, y = digits
    expected = fitted.predict_proba(X)
    for other in (copy.copy(fitted), copy.deepcopy(fitted)):
        np.testing.assert_array_equal(other.predict_proba(X), expected)
        other.partial_fit(X, y)
    np.testing.assert_array_equal(fitted.predict_proba(X), expected)


def test_partial_fit_after_unpickling(fitted, digits):
    X, y = digits
    clf = pickle.loads(pickle.dumps(fitted)).partial_fit(X, y)
    assert clf.n_iter_ == 3 and clf.loss_ < fitted.loss_


def test_unfitted():
    clf = pickle.loads(pickle.dumps(ConvNetClassifier(NET)))
    assert clf.layers == NET and not hasattr(clf, "weights_")


def test_a_newer_format_is_refused(fitted):
    state = fitted.__getstate__()
    for found in (99, None):
        clf = ConvNetClassifier.__new__(ConvNetClassifier)
        with pytest.raises(
            ValueError,
            match=f"its state has format {found}, but this convnet reads format 1. Upgrade",
        ):
            clf.__setstate__(state | {"_state_format": found})


def test_weights_that_do_not_fit_the_net_are_refused(fitted, digits):
    clf = pickle.loads(pickle.dumps(fitted))
    arrays = dict(clf.weights_)
    for name, array in [
        ("stem/weights", arrays["stem/weights"][:2]),
        ("stem/bias", np.full(8, np.nan, np.float32)),
    ]:
        other = copy.copy(clf)
        other.weights_ = {**arrays, name: array}
        with pytest.raises(ValueError):
            other.predict(digits[0])


def test_threads_may_predict_on_one_estimator(fitted, digits):
    X, _ = digits
    expected = fitted.predict_proba(X)
    clf = pickle.loads(pickle.dumps(fitted))  # the network is built under way
    with ThreadPoolExecutor(8) as pool:
        for p in pool.map(clf.predict_proba, [X] * 32):
            np.testing.assert_array_equal(p, expected)
