"""Values of y that are not labels."""

import numpy as np
from refused_inputs import refused

from convnet import ConvNetClassifier


def test_y_that_is_no_labels():
    X = np.zeros((4, 3))
    clf = ConvNetClassifier()
    refused(clf, X, None, "requires y to be passed, but the target y is None")
    refused(clf, X, [0.5, 1.5, 0.1, 2], "Unknown label type: continuous")
    refused(clf, X, [0, 1, np.nan, 1], "Input y contains NaN")
    refused(clf, X, [[0, 2]] * 4, "y of shape (4, 2) must be an indicator of 0 and 1, or of shape")
    refused(clf, X, [3, 3, 3, 3], "y has only one class")
