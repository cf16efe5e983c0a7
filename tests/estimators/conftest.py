"""Small data for the estimators."""

import numpy as np
import pytest
from sklearn.datasets import load_digits
from transfer_nets import X, Y, net


@pytest.fixture(scope="session")
def digits():
    """Return the first 600 digits: uint8 images of shape (600, 8, 8, 1) and labels."""
    data = load_digits()
    images = (data.images[:600] * (255 / 16)).astype(np.uint8)[..., None]
    images.flags.writeable = False
    return images, data.target[:600]


@pytest.fixture(scope="session")
def two(digits):
    """Return the digits 3 and 8, with strings as labels."""
    X, y = digits
    keep = np.isin(y, (3, 8))
    return X[keep], np.where(y[keep] == 3, "three", "eight")


@pytest.fixture(scope="session")
def base():
    """Return a fitted net from which others start."""
    return net().fit(X, Y)
