"""Values and types of X: what is refused, and what is copied."""

import tracemalloc

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from refused_inputs import CONV, refused, zeros

from convnet import ConvNetClassifier
from convnet.layers import MaxPool2D


@pytest.mark.parametrize(
    "value, word",
    [(np.nan, "NaN"), (np.inf, "infinity"), (-np.inf, "infinity"), (1e300, "infinity")],
)
def test_values_that_are_not_finite(value, word):
    X, y = zeros(200, 12, 12, 1, dtype=np.float64)
    clf = ConvNetClassifier(CONV, max_iter=1).fit(X, y)
    X[150, 3, 4] = value
    with pytest.raises(ValueError, match=f"Input X contains {word}"):
        clf.predict(X)
    with pytest.raises(ValueError, match=f"Input X contains {word}"):
        ConvNetClassifier(CONV).fit(X, y)


def test_numbers_beyond_doubles():
    X, y = [[0.0], [10**400], [1.0]], [0, 1, 1]
    refused(ConvNetClassifier(), X, y, "X", (TypeError, ValueError))
    refused(ConvNetClassifier(), np.array(X), y, "X contains infinity or a value too large")
    wide = np.array([[0.0], [1.0], [2.0]], np.longdouble) * np.longdouble("1e4000")
    if np.isfinite(wide).all():
        refused(ConvNetClassifier(), wide, y, "Input X contains infinity")
    refused(ConvNetClassifier(), np.eye(3), [0.0, 1.0, 1e300], "Unknown label type: continuous")


def test_x_that_is_no_array_of_numbers():
    y = [0, 1]
    clf = ConvNetClassifier()
    refused(clf, sp.csr_matrix(np.eye(2)), y, "Sparse data was passed", TypeError)
    refused(clf, [["a"], ["b"]], y, "", ValueError)
    refused(clf, np.array([[1j], [2]]), y, "Complex data not supported")
    refused(clf, np.zeros(2), y, "Expected 2D array, got 1D array instead")
    refused(
        clf,
        np.zeros((2, 2, 2, 2, 2)),
        y,
        "X has shape (n, 2, 2, 2, 2); expected (n, height, width, channels).",
    )
    refused(
        clf,
        np.zeros((2, 0, 4, 1)),
        y,
        "Found array with 0 feature(s) (shape=(2, 0, 4, 1)) while a minimum of 1",
    )
    refused(clf, np.zeros((2, 2), "M8[s]"), y, "X has dtype datetime64[s]", TypeError)
    refused(clf, np.zeros((2, 3)), [0, 1, 1], "X has 2 samples, but y has 3")


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.int64])
def test_no_second_copy_of_x_in_memory(dtype):
    X = np.ones((4000, 32, 32, 1), dtype)
    y = np.arange(4000) % 2
    net = [MaxPool2D(8)]
    tracemalloc.start()
    clf = ConvNetClassifier(net, max_iter=1).fit(X, y)
    clf.predict(X)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < X.nbytes / 2


def test_data_frames():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.random((40, 3)), columns=list("abc"))
    y = (X["a"] > 0.5).to_numpy()
    clf = ConvNetClassifier(max_iter=1).fit(X, y)
    assert clf.feature_names_in_.tolist() == ["a", "b", "c"]
    with pytest.raises(ValueError, match="The feature names should match"):
        clf.predict(X.rename(columns={"a": "z"}))
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        clf.predict(X.to_numpy())
    assert not hasattr(clf.fit(X.to_numpy(), y), "feature_names_in_")
