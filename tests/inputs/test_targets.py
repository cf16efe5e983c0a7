"""Values of y that are not labels."""

import numpy as np
import pytest
from refused_inputs import refused

from convnet import ConvNetClassifier, ConvNetRegressor


def pandas_column():
    """Return integers with pandas' own missing value."""
    return pytest.importorskip("pandas").Series([0, 1, None, 1], dtype="Int64")


def test_y_that_is_no_labels():
    X = np.zeros((4, 3))
    clf = ConvNetClassifier()
    refused(clf, X, None, "requires y to be passed, but the target y is None")
    refused(clf, X, [0.5, 1.5, 0.1, 2], "Unknown label type: continuous")
    refused(clf, X, [0, 1, np.nan, 1], "Input y contains NaN")
    refused(clf, X, [[0, 2]] * 4, "y of shape (4, 2) must be an indicator of 0 and 1, or of shape")
    refused(clf, X, [3, 3, 3, 3], "y has only one class")


@pytest.mark.parametrize(
    "y",
    [
        pytest.param([0, 1, None, 1], id="list"),
        pytest.param(np.array([0, 1, np.nan, 1]), id="array"),
        pytest.param(np.array(["a", "b", None, "b"], object), id="objects"),
        pytest.param(pandas_column, id="pandas"),
    ],
)
@pytest.mark.parametrize("estimator", [ConvNetClassifier, ConvNetRegressor])
def test_missing_targets_are_counted(y, estimator):
    y = y() if callable(y) else y
    with pytest.raises(ValueError, match=r"in 1 of 4 samples; the first has index 2. Remove these"):
        estimator().fit(np.zeros((4, 3)), y)


@pytest.mark.parametrize(
    "y, shown",
    [
        ("abc", "'abc'"),
        (3, "3"),
        (np.float64(1.5), "1.5"),
        (np.array(3), "array(3)"),
        (len, "<built-in"),
    ],
)
@pytest.mark.parametrize("estimator", [ConvNetClassifier, ConvNetRegressor])
def test_a_single_value_is_no_y(y, shown, estimator):
    with pytest.raises(
        TypeError, match="Pass an array or a list with a target for each sample"
    ) as caught:
        estimator().fit(np.zeros((4, 3)), y)
    assert shown in str(caught.value)


def test_numbers_for_a_classifier_name_the_regressor():
    X = np.zeros((4, 3))
    refused(ConvNetClassifier(), X, [0.5, 1.5, 0.1, 2], "such as 0.5. For classes, pass integers")
    refused(ConvNetClassifier(), X, [0, 1, 0, 0.25], "y has numbers such as 0.25")


def test_text_for_a_regressor_names_the_classifier():
    for y in (["cat", "dog"] * 2, [1, 2, 3, "cat"], [b"cat"] * 4):
        with pytest.raises(ValueError, match=r"y has text such as .* use ConvNetClassifier"):
            ConvNetRegressor().fit(np.zeros((4, 3)), y)


def test_numbers_as_text_in_an_object_column():
    """scikit-learn converts them."""
    y = np.array(["1.5", "2", "3", "4"], object)
    reg = ConvNetRegressor([], max_iter=1).fit(np.eye(4), y)
    assert reg.y_mean_ == 2.625


def test_three_axes():
    refused(ConvNetClassifier(), np.zeros((4, 3)), np.zeros((4, 2, 2), int), "got (4, 2, 2)")


def test_an_argument_passed_twice():
    X, y = np.zeros((4, 3)), [0, 1, 0, 1]
    message = r"ConvNetClassifier.fit\(\) got X twice: by position and by name"
    with pytest.raises(TypeError, match=message):
        ConvNetClassifier().fit(X, y, X=X)
    with pytest.raises(TypeError, match="ConvNetRegressor got layers twice"):
        ConvNetRegressor([], layers=[])
