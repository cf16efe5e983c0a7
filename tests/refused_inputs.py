"""Images of zeros, a small net, and a check of what `fit` refuses."""

import numpy as np
import pytest

from convnet import ConvNetClassifier
from convnet.layers import Conv2D

CONV = [Conv2D(4, 3, activation="relu")]


def zeros(*shape, dtype=np.float32):
    """Return zeros of this shape, and labels 0 and 1 in turn."""
    return np.zeros(shape, dtype), np.arange(shape[0]) % 2


def refused(clf, X, y, text, error=ValueError):
    """Check that `fit` raises an error with this text and leaves the estimator unchanged."""
    with pytest.raises(error) as caught:
        clf.fit(X, y)
    assert text in str(caught.value)
    assert vars(clf) == vars(ConvNetClassifier(clf.layers)) | clf.get_params(deep=False)
